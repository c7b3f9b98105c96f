"""What happens around the nodes of a run: keys are checked, the journal is kept, MLflow is told.

Thin on purpose: it tells adapters what Kedro says. Heavy packages are imported by the adapters, when they are needed.
"""

import atexit
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.framework.project import settings
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from pulse_kedro.adapters.calls import command_of, facts_of
from pulse_kedro.adapters.endings import spare_the_traceback
from pulse_kedro.adapters.progress import StepBar
from pulse_kedro.adapters.tracked_runs import DISTRIBUTION, TrackedRuns
from pulse_kedro.domain.recovery.faults import classify

if TYPE_CHECKING:
    from pulse_kedro.adapters.attempts import Attempt

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Run:
    """What is known about the run in progress; there is at most one per process."""

    attempt: "Attempt"
    bar: StepBar
    facts: dict[str, object]
    cycle: str | None = None
    node: str = ""
    doing: str = ""
    inputs: tuple[str, ...] = ()
    seen: set[str] = field(default_factory=set)


class PulseHooks:
    """Our part in the life of a run. Workers need no state of it."""

    def __init__(self, tracked: TrackedRuns) -> None:
        """Nothing runs yet.

        Args:
            tracked: What tells MLflow; register it after this one, so that its run is open before ours begins.
        """
        self._tracked = tracked
        self._url = ""
        self._folder: Path | None = None
        self._run: Run | None = None

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Refuse run-time parameters that nobody reads, before MLflow or a node is touched."""
        from pulse_kedro.adapters.configuration import data_root, database_url
        from pulse_kedro.adapters.logs import redact_logs

        redact_logs()
        if context.config_loader.runtime_params:
            _check_parameters(context)
        self._url = database_url(context.config_loader)
        self._folder = data_root(context.config_loader, Path(context.project_path))
        if self._folder is not None and DISTRIBUTION not in settings.DISABLE_HOOKS_FOR_PLUGINS:
            _check_folder(self._folder)  # MLflow opens its database next

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Open an attempt in the journal, tell MLflow what was typed, and see that an empty folder has data."""
        from pulse_kedro.adapters import bundled, tracking
        from pulse_kedro.adapters.attempts import Attempt
        from pulse_kedro.adapters.compute import cap_threads

        self._stop()
        cap_threads()
        command = command_of(run_params)
        try:
            attempt = Attempt(self._url, folder=self._folder, run=run_params["run_id"], command=command)
        except Exception as error:
            self._tracked.end("FAILED")
            fault = classify(error)
            logger.error("%s", fault.sentence, extra={"markup": False})  # noqa: TRY400  # see the next line
            spare_the_traceback(error, fault)
            raise
        atexit.register(self._stop)
        if bundled.SOURCE in pipeline.inputs():
            bundled.lay_out_source(catalog, project=Path(run_params["project_path"]))
        self._run = Run(attempt, StepBar(len(pipeline.nodes)), facts_of(run_params, command))
        asked = str((run_params.get("runtime_params") or {}).get("as_of") or "newest")
        self._tracked.tell(lambda run: tracking.tag(run, {"pulse.command": command, "pulse.as_of": asked}))

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str, node: Node) -> None:
        """Remember where the run is, in case it fails there."""
        self._at(node, f"loading {dataset_name}")

    @hook_impl
    def before_node_run(self, node: Node, inputs: dict[str, Any]) -> None:
        """Show the step, log the fields of its options, and note the cycle where a resumed run only reads it."""
        self._at(node, "running")
        if self._run is not None:
            self._run.inputs = tuple(inputs)
            self._run.bar.step(node.name)
            if "cycle" in inputs:
                self._name_cycle(self._run, inputs["cycle"])
            self._log_options(self._run, inputs)

    @hook_impl
    def after_node_run(self, outputs: dict[str, Any]) -> None:
        """Note which cycle this is, as soon as that is known, and say what was set aside."""
        if self._run is None:
            return
        self._run.bar.advance()
        if "cycle" in outputs:
            self._name_cycle(self._run, outputs["cycle"])
        if "quality_report" in outputs:
            _tell_what_was_set_aside(outputs["quality_report"])

    @hook_impl
    def before_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Remember where the run is, in case it fails there."""
        self._at(node, f"saving {dataset_name}")

    @hook_impl
    def on_node_error(self, node: Node, inputs: dict[str, Any]) -> None:
        """Remember which node failed on what; `on_pipeline_error` follows and keeps the fault."""
        self._at(node, "running")
        if self._run is not None:
            self._run.inputs = tuple(inputs)

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Keep the fault and say the next step. It never raises: the error itself is on its way."""
        run = self._end()
        if run is None:
            return
        where: dict[str, object] = {"doing": run.doing, "inputs": run.inputs, "cycle": run.cycle}
        fault = run.attempt.fail(error, node=run.node, context=run.facts | where)
        spare_the_traceback(error, fault)
        from pulse_kedro.adapters import tracking

        tags = {"pulse.fault": fault.code, "pulse.next_step": fault.next_step}
        self._tracked.tell(lambda tracked: tracking.tag(tracked, tags))

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Close the attempt; then project what the database knows to MLflow, whose run is still open now."""
        run = self._end()
        if run is None:
            return
        run.attempt.finish()
        if self._tracked.run is not None or self._tracked.cut_off is not None:
            self._project(run, pipeline.all_outputs(), catalog)

    def _project(self, run: Run, made: Iterable[str], catalog: DataCatalog) -> None:
        """Show MLflow the cycle; its scores wait in a file where the server is silent."""
        from pulse_kedro.adapters.projection import keep_scores, project
        from pulse_kedro.adapters.stores.metric_queue import DEAD_LETTERS

        dead = (self._folder or Path()) / DEAD_LETTERS
        self._tracked.tell(
            lambda tracked: project(tracked, cycle=run.cycle, url=self._url, catalog=catalog, outputs=made, dead=dead)
        )
        if self._tracked.cut_off is not None:
            keep_scores(self._tracked.cut_off, cycle=run.cycle, url=self._url, dead=dead)

    def _at(self, node: Node, doing: str) -> None:
        if self._run is not None:
            self._run.node, self._run.doing = node.name, doing

    def _end(self) -> Run | None:
        """The run in progress, which is over now."""
        run, self._run = self._run, None
        atexit.unregister(self._stop)
        if run is not None:
            run.bar.stop()
        return run

    def _stop(self) -> None:
        """Close what was interrupted, at the end of the process or, as in notebooks, before the next run."""
        run = self._end()
        if run is not None:
            run.attempt.interrupt()
            self._tracked.end("KILLED")

    def _log_options(self, run: Run, inputs: Mapping[str, object]) -> None:
        from pulse_kedro.adapters import tracking

        for name, value in inputs.items():
            if name.startswith("params:") and name not in run.seen and not isinstance(value, _PLAIN):
                run.seen.add(name)
                self._tracked.tell(partial(tracking.log_options, name=name.removeprefix("params:"), options=value))

    def _name_cycle(self, run: Run, cycle: Any) -> None:  # noqa: ANN401  # what a node returned; Kedro does not type it
        if run.cycle == cycle.key:
            return
        run.attempt.name_cycle(str(cycle.key))
        run.cycle = str(cycle.key)
        from pulse_kedro.adapters import tracking

        tags = {
            "pulse.cycle": run.cycle,
            "pulse.parent": cycle.period.parent or "none",
            "pulse.as_of": cycle.period.as_of.date().isoformat(),
            "pulse.code": cycle.code_version,
        }
        self._tracked.tell(lambda tracked: tracking.tag(tracked, tags))
        self._tracked.tell(lambda tracked: tracking.name_run(tracked, f"{tags['pulse.as_of']} {run.cycle}"))


def _check_folder(folder: Path) -> None:
    """Turn a data root that may only be read into one sentence."""
    from pulse_kedro.adapters.lock import UnwritableDataRoot, require_writable

    try:
        require_writable(folder)
    except UnwritableDataRoot as error:
        raise click.ClickException(str(error)) from error


def _check_parameters(context: KedroContext) -> None:
    """Turn an unknown key or a wrong value into wrong usage: one message, exit code 2."""
    from kedro.validation.exceptions import ParameterValidationError

    from pulse_kedro.adapters.configuration import UnknownParameter, declared_parameters, refuse_unknown

    loader = context.config_loader
    try:
        refuse_unknown(loader.runtime_params, declared_parameters(loader))
        _ = context.params  # reading them builds the options of every node
    except (UnknownParameter, ParameterValidationError) as error:
        raise click.UsageError(str(error)) from error


def _tell_what_was_set_aside(quality_report: Mapping[str, Any]) -> None:
    """Warn of rows that cannot be used; the cycle goes on without them."""
    rows = quality_report["rows"]
    if rows["quarantined"]:
        (example, *_), *_ = rows["examples"].values()
        words = "set aside %d of %d rows of %s, for example %s; the dataset `quarantine` lists them with their reasons"
        facts = rows["quarantined"], rows["in"], quality_report["source"], example
        logger.warning(words, *facts, extra={"markup": False})


_PLAIN = (dict, list, str, int, float, bool, type(None))
