"""kedro-mlflow in our hands: it is never registered itself, hears everything, and fails no run."""

import logging
import warnings
from importlib.metadata import entry_points
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from mlflow.exceptions import MlflowException

from pulse_kedro.adapters.tracked_runs import DISTRIBUTION, ENTRY_POINT, TrackedRuns

OF_MLFLOW = ("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
pytestmark = pytest.mark.filterwarnings(*OF_MLFLOW)


class Plugin:
    """Raises at each step what it is given."""

    def __init__(self, error: Exception) -> None:
        """Nobody asked yet."""
        self.error, self.asked = error, 0

    def before_node_run(self, *_: object) -> None:
        """Fail."""
        self.asked += 1
        raise self.error


def tracked(plugin: Plugin) -> TrackedRuns:
    """In the middle of a run."""
    made: Any = TrackedRuns()
    made._plugin, made.run, made._uri = plugin, "r1", "https://me:canary@mlflow"  # noqa: SLF001  # as a context leaves it
    return made


def steps(runs: TrackedRuns, count: int) -> None:
    node: Any = SimpleNamespace(name="training.work")
    for _ in range(count):
        runs.before_node_run(node, None, {}, is_async=False)  # type: ignore[arg-type]  # the plugin's double needs none


def test_the_plugin_is_never_registered_itself() -> None:
    (known,) = entry_points(group="kedro.hooks", name=ENTRY_POINT)
    manager, ours = _create_hook_manager(), TrackedRuns()
    manager.register(ours)

    manager.load_setuptools_entrypoints("kedro.hooks", ENTRY_POINT)

    assert DISTRIBUTION == known.module.partition(".")[0]
    assert [ours] == list(manager.get_plugins())


def test_the_plugin_hears_everything_that_it_implements() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow 3 warns while the plugin is imported
        from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook

    theirs, ours = (
        {name for name in dir(kind) if hasattr(getattr(kind, name), "kedro_impl")} for kind in (MlflowHook, TrackedRuns)
    )

    assert theirs
    assert theirs == ours


def test_what_the_server_refuses_is_a_warning_and_the_rest_is_tracked(caplog: pytest.LogCaptureFixture) -> None:
    plugin = Plugin(ValueError("changed, password=canary"))
    runs = tracked(plugin)

    with caplog.at_level(logging.WARNING):
        steps(runs, 2)

    words = "Tracking the parameters of training.work failed, the cycle goes on without it: changed, password=***"
    assert [words, words] == [entry.getMessage() for entry in caplog.records]
    assert (2, "r1", None) == (plugin.asked, runs.run, runs.cut_off)


def test_a_silent_server_is_told_once_and_asked_no_more(caplog: pytest.LogCaptureFixture) -> None:
    error = MlflowException("API request failed")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    plugin, told = Plugin(error), list[str]()
    runs = tracked(plugin)

    with caplog.at_level(logging.WARNING):
        steps(runs, 3)
        runs.tell(told.append)

    (warning,) = (entry.getMessage() for entry in caplog.records)
    assert warning.startswith(
        "MLflow at https://me:***@mlflow stopped answering ([Errno 111] Connection refused): what"
    )
    assert "from the step training.work on is not tracked" in warning
    assert (1, None, "r1", []) == (plugin.asked, runs.run, runs.cut_off, told)


def test_what_is_told_reaches_the_open_run_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    runs, told = tracked(Plugin(ValueError())), list[str]()

    def fail(_: str) -> None:
        raise OSError(2, "No such file or directory")

    runs.tell(told.append)
    runs.tell(fail)
    runs.end("KILLED")
    runs.tell(told.append)

    assert ["r1"] == told
    assert ["Tracking the run failed, the cycle goes on without it: [Errno 2] No such file or directory"] == [
        entry.getMessage() for entry in caplog.records
    ]
