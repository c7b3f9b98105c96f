"""Scores of cycles in MLflow: written when it listens, else kept in a file until the next run or a command."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pulse_kedro.adapters.tracking import active_run, forgiven

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from pulse_kedro.adapters.stores.metric_queue import Measurement

logger = logging.getLogger(__name__)


def log_metrics(run: str, values: Mapping[str, float], *, step: int, dead: Path) -> None:
    """Write metrics of a run; what cannot be written waits in a file for the next run.

    Args:
        run: Id of the run.
        values: Names and finite numbers.
        step: Place of the cycle on its line, so that MLflow draws the metric over cycles.
        dead: The file for what could not be written.
    """
    from mlflow import MlflowClient

    from pulse_kedro.adapters.stores.metric_queue import MetricQueue

    with forgiven("Tracking the scores"):
        client = MlflowClient()
        with MetricQueue(lambda batch: _write_metrics(client, batch), dead=dead) as queue:
            for measurement in _measurements(run, values, step):
                queue.put(measurement)
        if queue.dead:
            words = "MLflow did not take %d scores; they wait for the next run or `kedro pulse metrics replay`"
            logger.warning(words, queue.dead, extra={"markup": False})


def keep_metrics(run: str, values: Mapping[str, float], *, step: int, dead: Path) -> None:
    """Let metrics of a run wait in the file, without asking MLflow.

    Args:
        run: Id of the run.
        values: Names and finite numbers.
        step: Place of the cycle on its line.
        dead: The file.
    """
    from pulse_kedro.adapters.stores.metric_queue import bury

    if values:
        bury(dead, _measurements(run, values, step))


def replay_waiting(run: str, dead: Path) -> None:
    """Write what waits from earlier runs, now that MLflow answers.

    Args:
        run: The run that is open; what waits of it stays where it is.
        dead: The file in which it waits.
    """
    from pulse_kedro.adapters.stores.metric_queue import read_dead

    with forgiven("Writing the scores that wait"):
        if any(one.run != run for one in read_dead(dead)):
            import mlflow

            replay_dead(dead, mlflow.get_tracking_uri())


def replay_dead(file: Path, uri: str) -> int:
    """Write to MLflow what could not be written before, and close the runs that it belongs to.

    Args:
        file: Where it waits.
        uri: The tracking URI.

    Returns:
        How many values still wait.
    """
    from mlflow import MlflowClient

    from pulse_kedro.adapters.stores.metric_queue import replay

    client = MlflowClient(tracking_uri=uri)
    return replay(file, lambda batch: _write_late(client, batch))


def _measurements(run: str, values: Mapping[str, float], step: int) -> "list[Measurement]":
    from pulse_kedro.adapters.stores.metric_queue import Measurement

    now = time.time_ns() // 1_000_000
    return [Measurement(run=run, name=name, step=step, value=value, at=now) for name, value in sorted(values.items())]


def _write_metrics(client: "MlflowClient", batch: "Sequence[Measurement]") -> None:
    """Write a batch; MLflow keeps a value of the same run, name, step and moment once."""
    from mlflow.entities import Metric

    for run in dict.fromkeys(one.run for one in batch):
        own = [Metric(one.name, one.value, one.at, one.step) for one in batch if one.run == run]
        client.log_batch(run, metrics=own)


def _write_late(client: "MlflowClient", batch: "Sequence[Measurement]") -> None:
    """Write a batch of cycles that were committed; a run that nobody could close then is closed now."""
    _write_metrics(client, batch)
    for run in dict.fromkeys(one.run for one in batch):
        if client.get_run(run).info.status == "RUNNING" and run != active_run():
            client.set_terminated(run)
