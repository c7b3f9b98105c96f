"""What the newest cycle left: its bundle, and what MLflow was told about it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pulse_kedro.adapters import registry
from pulse_kedro.adapters.checks.findings import Finding, failure, ok, warning
from pulse_kedro.adapters.stores.metric_queue import read_dead
from pulse_kedro.adapters.stores.past import Past, PastCycle

AGAIN = "`kedro pulse doctor --repair` or the next `kedro run` sets it right: the database is the truth."


def head_of(past: Past) -> PastCycle | None:
    """What serves, as the cycle that it comes from."""
    return past.serving


def check_champion(past: Past, answer: Callable[[str], Mapping[str, Any]]) -> Finding:
    """Whether the bundle in charge loads in a fresh process and forecasts what it forecast when it was made.

    Args:
        past: All committed cycles.
        answer: Checks a bundle by digest and returns `ok`, `problems` and `seconds`.
    """
    head = head_of(past)
    if head is None:
        return ok("champion", "none yet")
    said = answer(head.bundle)
    if said["ok"]:
        return ok("champion", f"bundle {head.bundle[:12]} is whole and answers as when it was made")
    advice = f"Run its cycle again, which makes the bundle anew: `kedro run --params as_of={head.period}`."
    return failure("champion", f"bundle {head.bundle[:12]}: {'; '.join(map(str, said['problems']))}", advice)


def check_tracking(past: Past, uri: str) -> Finding:
    """Whether MLflow can be reached and its alias points at the champion.

    Args:
        past: All committed cycles.
        uri: The tracking URI.
    """
    head = head_of(past)
    if not registry.exists(uri):
        if head is None:
            return ok("tracking", f"{uri}: not there yet", "The first run makes it.")
        return warning("tracking", f"{uri}: not there, though cycles were committed", AGAIN)
    try:
        aliased = registry.aliased_bundle(uri)
    except Exception as error:  # noqa: BLE001  # any failure of a tracking server is the finding
        advice = "Start the server or mend MLFLOW_TRACKING_URI; until then, run with PULSE_TRACKING=off."
        return failure("tracking", f"{uri}: {' '.join(str(error).split())}", advice)
    if head is None or aliased == head.bundle:
        return ok(
            "tracking", f"{uri}: the alias `champion` points at {'the champion' if head else 'nothing that is wrong'}"
        )
    if aliased is not None and aliased not in {one.to_bundle for one in past.transitions}:
        found = f"I10: the alias `champion` points at bundle {aliased[:12]}, which was never in charge"
        return failure("tracking", f"{uri}: {found}", AGAIN)
    other = f"bundle {aliased[:12]}" if aliased else "nothing"
    return warning("tracking", f"{uri}: the alias `champion` points at {other}, not at {head.bundle[:12]}", AGAIN)


def check_undelivered(file: Path) -> Finding:
    """Whether scores wait that MLflow did not take when their cycle ran (I8).

    Args:
        file: Where they wait; it need not exist.
    """
    waiting = len(read_dead(file))
    if not waiting:
        return ok("undelivered", "nothing waits for MLflow")
    advice = "`kedro pulse metrics replay` writes them; one that arrived already changes nothing."
    return warning("undelivered", f"{waiting} scores wait for MLflow in {file.name}", advice)


def check_report(report: Mapping[str, object]) -> Finding:
    """Whether the report on disk is of the head.

    Args:
        report: `path`, `head`, and `problem` with its `next_step`, both empty when nothing is wrong.
    """
    if report["problem"] and report["head"]:
        return warning("report", str(report["problem"]), str(report["next_step"]))
    return ok("report", f"{report['path']}, of the head" if report["head"] else "none yet")
