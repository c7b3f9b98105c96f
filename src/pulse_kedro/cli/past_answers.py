"""What `history` and `versions` answer, as plain data: exactly what `--json` prints."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pulse_kedro.adapters.bundles import state_of
from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.past import Measured, Past, PastCycle

Answer = dict[str, object]
NO_HISTORY: Mapping[str, object] = {"head": None, "count": 0, "cycles": []}
NO_VERSIONS: Mapping[str, object] = {"current": None, "previous": None, "versions": []}


def history_of(past: Past, shown: Sequence[PastCycle], measured: Mapping[str, Measured]) -> Answer:
    """The committed cycles.

    Args:
        past: All of them.
        shown: Those to tell about, in order.
        measured: What each of these took and left, by key.

    Returns:
        `head` (key of the newest cycle of the main line), `count` (how many there are) and `cycles`, each with its
        place, decision, counts and the MASE of the champion in its backtest and on forecasts that had come due.
    """
    rows = [_cycle(cycle, past, measured[cycle.key]) for cycle in shown]
    return {"head": past.head, "count": len(past.cycles), "cycles": rows}


def versions_of(past: Past, bundles: Path, registered: Mapping[str, str] | None) -> Answer:
    """Every bundle that became champion.

    Args:
        past: All committed cycles.
        bundles: Folder of all bundles.
        registered: Version in the MLflow registry by bundle digest; `None` when nobody asked.

    Returns:
        `current` and `previous` (version numbers; null for a challenger that a person promoted) and `versions`, the
        newest first, after challengers that a person promoted.
    """
    served = sorted((cycle for cycle in past.cycles if cycle.version), key=lambda cycle: -(cycle.version or 0))
    put = {one.to_bundle for one in past.transitions}
    served = [*(one for one in past.challengers if one.bundle in put), *served]
    return {
        "current": None if past.serving is None else past.serving.version,
        "previous": None if past.previous is None else past.previous.version,
        "versions": [_version(cycle, past, bundles, registered) for cycle in served],
    }


def _cycle(cycle: PastCycle, past: Past, measured: Measured) -> Answer:
    return {
        "as_of": cycle.period,
        "key": cycle.key,
        "head": cycle.key == past.head,
        "line": cycle.line,
        "parent": cycle.parent,
        "verdict": cycle.decision.get("verdict"),
        "reason": cycle.decision.get("reason"),
        "recipe": cycle.recipe,
        "revision": cycle.revision,
        "bundle": cycle.bundle,
        "committed_at": cycle.committed_at.isoformat(timespec="seconds"),
        "seconds": measured.seconds,
        "forecasts": measured.forecasts,
        "outcomes": measured.outcomes,
        "mase": plain({"backtest": measured.backtest, "live": measured.live}),
    }


def _version(cycle: PastCycle, past: Past, bundles: Path, registered: Mapping[str, str] | None) -> Answer:
    return {
        "version": cycle.version,
        "mark": _mark(cycle, past),
        "recipe": cycle.recipe,
        "revision": cycle.revision,
        "since": cycle.since,
        "bundle": cycle.bundle,
        "files": state_of(bundles, cycle.bundle),
        "cycle": cycle.key,
        "as_of": cycle.period,
        "line": cycle.line,
        "registry": None if registered is None else registered.get(cycle.bundle),
    }


def _mark(cycle: PastCycle, past: Past) -> str | None:
    """`current` for the bundle in charge, `previous` for what one step back would serve."""
    for mark, version in (("current", past.serving), ("previous", past.previous)):
        if version is not None and (cycle.key, cycle.bundle) == (version.key, version.bundle):
            return mark
    return None
