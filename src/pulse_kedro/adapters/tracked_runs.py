"""kedro-mlflow between Kedro and a server that may go away at any moment: then less is tracked, and no run fails."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kedro.config import MissingConfigException
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import settings
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from pulse_kedro.adapters import tracking
from pulse_kedro.adapters.configuration import tracking_uri
from pulse_kedro.adapters.silence import is_server, limit_patience, root_cause, went_silent, why_silent
from pulse_kedro.domain.recovery.redaction import redact

if TYPE_CHECKING:
    from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

logger = logging.getLogger(__name__)

DISTRIBUTION, ENTRY_POINT = "kedro_mlflow", "mlflow_hook"
"""The plugin, as `DISABLE_HOOKS_FOR_PLUGINS` and as pluggy call it."""
REPAIR = "The next run or `kedro pulse doctor --repair` points the alias at what serves"


class TrackedRuns:
    """Takes the plugin's place and passes on to it what Kedro says, until the server is silent once.

    Pluggy loads no entry point whose name is registered already, so the plugin itself is never registered. It is
    imported only in runs that are tracked. The project's own hooks use `run` and `tell`.
    """

    def __init__(self) -> None:
        """Nothing is tracked yet."""
        self.__name__ = ENTRY_POINT  # where pluggy looks for the name of what it registers
        self._plugin: MlflowHook | None = None
        self._uri = self._at = ""
        self.run: str | None = None
        """Id of the MLflow run while there is somebody to tell."""
        self.cut_off: str | None = None
        """Id of the run that was open when the server went silent."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Ask once whether the server is there, and let the plugin set MLflow up."""
        self._plugin = self.run = self.cut_off = None
        if DISTRIBUTION in settings.DISABLE_HOOKS_FOR_PLUGINS:
            return
        self._uri, self._at = _uri(context), "its start"
        if is_server(self._uri):
            limit_patience()
        why = why_silent(self._uri)
        if why is not None:
            words = "MLflow at %s does not answer (%s): this run is not tracked, and its results are the same. %s."
            logger.warning(words, redact(self._uri), why, REPAIR, extra={"markup": False})
            return
        from kedro_mlflow.framework.hooks.mlflow_hook import mlflow_hook

        self._plugin = mlflow_hook
        try:
            mlflow_hook.after_context_created(context)
        except Exception as error:  # what is wrong with the configuration is raised as it is
            if not went_silent(error):
                raise
            self._lose(error)

    @hook_impl
    def after_catalog_created(  # noqa: PLR0917  # Kedro's own signature
        self,
        catalog: DataCatalog,
        conf_catalog: dict[str, Any],
        conf_creds: dict[str, Any],
        parameters: dict[str, Any],
        save_version: str,
        load_versions: dict[str, str],
    ) -> None:
        """Pass it on: the plugin names its own datasets, and asks no server."""
        if self._plugin is not None:
            self._plugin.after_catalog_created(
                catalog, conf_catalog, conf_creds, parameters, save_version, load_versions
            )

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Open the MLflow run; where that fails, nothing more is told."""
        self._pass_on("Opening the MLflow run", lambda to: to.before_pipeline_run(run_params, pipeline, catalog))
        self.run = None if self._plugin is None else tracking.active_run()
        if self.run is None:
            self._plugin = None  # without a run, MLflow would open one for the first parameter
        else:
            tracking.share_run(self.run)

    @hook_impl
    def before_node_run(
        self,
        node: Node,
        catalog: DataCatalog,
        inputs: dict[str, Any],
        is_async: bool,  # noqa: FBT001  # Kedro's own signature; pluggy knows no keywords
    ) -> None:
        """Track the parameters of a step."""
        self._at = f"the step {node.name}"
        words = f"Tracking the parameters of {node.name}"
        self._pass_on(words, lambda to: to.before_node_run(node, catalog, inputs, is_async))

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Close the MLflow run."""
        self._pass_on("Closing the MLflow run", lambda to: to.after_pipeline_run(run_params, pipeline, catalog))
        self._forget()

    @hook_impl
    def on_pipeline_error(
        self, error: Exception, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Close the MLflow run as failed; what more is known of the fault may still be told."""
        self._pass_on("Closing the MLflow run", lambda to: to.on_pipeline_error(error, run_params, pipeline, catalog))
        if self.cut_off is not None:
            self._forget()

    def tell(self, say: Callable[[str], None]) -> None:
        """Tell MLflow more about the run, if it is tracked and the server was never silent.

        Args:
            say: Gets the id of the run; it forgives what it can go on without, but for a silent server.
        """
        run = self.run
        if run is not None:
            self._pass_on("Tracking the run", lambda _: say(run))

    def end(self, status: str) -> None:
        """Close a run that Kedro will not close: its cycle could not start, or was stopped from outside.

        Args:
            status: `FAILED` or `KILLED`.
        """
        self.tell(lambda _: tracking.abandon_run(status))
        self._forget()

    def _pass_on(self, what: str, call: "Callable[[MlflowHook], None]") -> None:
        if self._plugin is None:
            return
        try:
            with tracking.forgiven(what):
                call(self._plugin)
        except Exception as error:  # noqa: BLE001  # only what says that the server is silent comes here
            self._lose(error)

    def _forget(self) -> None:
        """Nothing is tracked from here on; where the server was lost in another thread, MLflow holds the run still."""
        self._plugin = self.run = None
        if self.cut_off is not None:
            tracking.forget_run()

    def _lose(self, error: Exception) -> None:
        """Say once that the rest is not tracked, and forget the run; asking MLflow to close it empties its memory."""
        if self._plugin is None:
            return
        self.cut_off = self.run or tracking.active_run()
        self._plugin = self.run = None
        words = (
            "MLflow at %s stopped answering (%s): what this run has to say from %s on is not tracked, and its results "
            "are the same. %s, and writes scores that wait."
        )
        facts = redact(self._uri), root_cause(error), self._at, REPAIR
        logger.warning(words, *facts, extra={"markup": False})
        tracking.forget_run()


def _uri(context: KedroContext) -> str:
    """Where MLflow is; empty where nothing says so, and the plugin goes by its own defaults."""
    try:
        return tracking_uri(context.config_loader)
    except MissingConfigException:
        return ""
