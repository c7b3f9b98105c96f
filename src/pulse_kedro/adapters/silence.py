"""A tracking server that does not answer: how to ask it once, and how long MLflow may wait for it."""

import os
from collections.abc import Iterator
from http import HTTPStatus
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from pulse_kedro.domain.recovery.redaction import redact

SECONDS = 5.0
"""How long a server may take to say that it is there (operations.md 3.2); MLflow itself asks seven times, 244 s."""
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
"""How often a run asks again, and how many seconds it waits for each answer (operations.md 3.2)."""


def why_silent(uri: str, *, seconds: float = SECONDS) -> str | None:
    """Why nothing can be told to a tracking server now; `None` when it answers, or is no server.

    Args:
        uri: The tracking URI. Whatever is not HTTP is taken to be there.
        seconds: How long to wait.
    """
    if not is_server(uri):
        return None
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=seconds):  # noqa: S310  # HTTP, see above
            return None
    except HTTPError as error:
        broken = error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code == HTTPStatus.TOO_MANY_REQUESTS
        return f"status {error.code}" if broken else None  # it answers, though it knows no such page
    except (URLError, OSError) as error:
        return redact(str(getattr(error, "reason", error)))


def is_server(uri: str) -> bool:
    """Whether a tracking URI names a server, which may go away."""
    return uri.startswith(("http://", "https://"))


def limit_patience() -> None:
    """Let MLflow give up soon in this process and in those that it starts; what was set in the environment holds."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)


def went_silent(error: BaseException) -> bool:
    """Whether a failure means that the server did not answer, or answered after all tries that it cannot.

    Args:
        error: What a call of MLflow raised.

    Returns:
        `False` for everything that a server said, or that failed before it was asked.
    """
    from mlflow.exceptions import MlflowException

    # MLflow wraps what requests raised, all of which are OSError; it keeps neither type nor status of it.
    return isinstance(error, MlflowException) and any(isinstance(one, OSError) for one in _causes(error))


def root_cause(error: BaseException) -> str:
    """The last reason of a chain, in one line and without passwords."""
    *_, last = _causes(error)
    return " ".join(redact(str(last) or type(last).__name__).split())


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__
