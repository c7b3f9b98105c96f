"""What the commands answer, as plain data: exactly what `--json` prints."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from pulse_kedro.adapters.stores.summary import Summary
from pulse_kedro.adapters.tracking import named_scores
from pulse_kedro.cli.rules_answers import rules_in_brief

if TYPE_CHECKING:  # pandas comes with it, and `status` does without
    from pulse_kedro.adapters.stores.summary import HeadFacts

Answer = dict[str, object]


def status_of(summary: Summary) -> Answer:
    """Where things stand.

    Args:
        summary: What the stores say.

    Returns:
        `as_of`, `cycle`, `champion`, `ledger`, `scores`, `trust`, `rules`, `drift`, `faults`, `attempt`; before the
        first cycle the same keys with nulls, zeros and empty objects.
    """
    head, ledger = summary.head, summary.ledger
    return {
        "as_of": None if head is None else head.as_of.date().isoformat(),
        "cycle": {
            "key": head and head.key,
            "status": head and "COMMITTED",
            "seconds": summary.seconds,
            "committed_at": head and _moment(head.committed_at),
        },
        "champion": _champion(summary),
        "ledger": {"issued": ledger.issued, "resolved": ledger.resolved, "pending": ledger.pending},
        "scores": {} if summary.serving is None else named_scores(summary.scores, summary.serving.recipe),
        "trust": {event: asdict(found) for event, found in summary.trust.items()},
        "rules": rules_in_brief(summary.rulebook),
        "drift": _drift(head),
        "faults": {"open": len(summary.faults), "newest": _newest_fault(summary)},
        "attempt": _attempt(summary),
    }


def _drift(head: "HeadFacts | None") -> Answer:
    """What the newest cycle said about drift; nulls before drift was looked for."""
    found = head.summary.get("drift") if head else None
    names = ("rung", "reason", "acts", "evidence")
    return {name: found.get(name) if isinstance(found, Mapping) else None for name in names}


def _champion(summary: Summary) -> Answer:
    """What serves; `chosen` tells of the person who put it in charge, null while the newest cycle's own serves."""
    serving, chosen = summary.serving, summary.chosen
    reason = chosen.reason if chosen is not None else serving and serving.decision.get("reason")
    return {
        "digest": serving and serving.bundle,
        "version": summary.version,
        "recipe": serving and serving.recipe,
        "revision": serving and serving.revision,
        "since": serving and serving.since,
        "reason": reason,
        "chosen": None
        if chosen is None
        else {"kind": chosen.kind, "actor": chosen.actor, "at": _moment(chosen.at), "from": chosen.from_bundle},
    }


def _newest_fault(summary: Summary) -> Answer | None:
    if not summary.faults:
        return None
    kept = summary.faults[0]
    names = ("code", "detail", "severity", "node", "error", "message", "next_step")
    return {"id": kept.error_id, "at": _moment(kept.at), **{name: getattr(kept.fault, name) for name in names}}


def _attempt(summary: Summary) -> Answer:
    last = summary.last_attempt
    return {
        "status": last and last.status,
        "at": last and _moment(last.started),
        "cycle": last and last.cycle,
        "command": last and last.command,
    }


def _moment(when: datetime) -> str:
    return when.isoformat(timespec="seconds")
