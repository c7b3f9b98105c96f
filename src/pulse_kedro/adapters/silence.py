"""A tracking server that does not answer: the run goes on without it, instead of waiting minutes and failing."""

import logging
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext

from pulse_kedro.adapters.configuration import tracking_uri
from pulse_kedro.domain.recovery.redaction import redact

logger = logging.getLogger(__name__)

SECONDS = 5.0
"""How long a server may take to say that it is there (operations.md 3.2); MLflow itself asks seven times, 244 s."""
PLUGIN = "kedro_mlflow"


def why_silent(uri: str, *, seconds: float = SECONDS) -> str | None:
    """Why nothing can be told to a tracking server now; `None` when it answers, or is no server.

    Args:
        uri: The tracking URI. Whatever is not HTTP is taken to be there.
        seconds: How long to wait.
    """
    if not uri.startswith(("http://", "https://")):
        return None
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=seconds):  # noqa: S310  # HTTP, see above
            return None
    except HTTPError as error:
        broken = error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code == HTTPStatus.TOO_MANY_REQUESTS
        return f"status {error.code}" if broken else None  # it answers, though it knows no such page
    except (URLError, OSError) as error:
        return redact(str(getattr(error, "reason", error)))


def leave_out(context: KedroContext) -> bool:
    """Take the plugin that tracks runs out of a session whose server does not answer.

    Args:
        context: Of the session, while its plugins hear of it; ours hear first.

    Returns:
        Whether it was taken out; a warning says so.
    """
    try:
        uri = tracking_uri(context.config_loader)
    except MissingConfigException:  # without `mlflow.yml` the plugin goes by its own defaults
        return False
    why = why_silent(uri)
    if why is None:
        return False
    words = (
        "MLflow at %s does not answer (%s): this run is not tracked, and its results are the same. The next run or "
        "`kedro pulse doctor --repair` points the alias at what serves."
    )
    logger.warning(words, redact(uri), why, extra={"markup": False})
    _silence(context)
    return True


def _silence(context: KedroContext) -> None:
    """Unregister the plugin; the call that is under way has it in its list already, so its part there does nothing."""
    plugins = context._hook_manager  # noqa: SLF001  # Kedro hands it to nobody else
    for call in plugins.hook.after_context_created.get_hookimpls():
        if _tracks(call.plugin):
            object.__setattr__(call, "function", _nothing)  # pluggy means it to stay; Kedro calls no hook earlier
    for plugin in filter(_tracks, plugins.get_plugins()):
        plugins.unregister(plugin)


def _tracks(plugin: object) -> bool:
    return type(plugin).__module__.partition(".")[0] == PLUGIN


def _nothing(*_: object) -> None:
    return None
