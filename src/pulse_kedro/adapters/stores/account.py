"""What one committed cycle rested on, and who served after it: what `why` tells, read without pandas."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from pulse_kedro.adapters.stores import rules
from pulse_kedro.adapters.stores.past import Past, PastCycle
from pulse_kedro.adapters.stores.scoreboard import Panel, overall
from pulse_kedro.adapters.stores.summary import LedgerCounts, count_ledger
from pulse_kedro.adapters.stores.tables import cycles
from pulse_kedro.adapters.stores.transitions import Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a cycle knew when it decided.

    `plan` says what was trained and why, `rulebook` is the record of the one it made, `ledger` and `live_scores` cover
    forecasts of the cycle and its ancestors, `scores` its backtest.
    """

    plan: Mapping[str, object]
    rulebook: Mapping[str, object]
    ledger: LedgerCounts
    scores: Panel
    live_scores: Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of who serves; `by_cycle` is the key of the cycle whose commit made it, `None` where a person did."""

    transition: Transition
    by_cycle: str | None


def give_account(engine: Engine, cycle: PastCycle) -> Account:
    """What a cycle knew when it decided.

    Args:
        engine: Any engine on the stores.
        cycle: The cycle, or a challenger that it made.
    """
    with engine.connect() as connection:
        plan, rulebook = _facts(connection, cycle.key)
        counts = count_ledger(connection, cycle.key)
    return Account(
        plan=plan,
        rulebook=rules.read(engine, rulebook),
        ledger=counts,
        scores=overall(engine, cycle.key),
        live_scores=overall(engine, cycle.key, "live"),
    )


def what_followed(past: Past, version: PastCycle) -> tuple[Event, ...]:
    """Changes of who serves that concern a bundle, or were made while its cycle was the newest; the oldest first.

    Args:
        past: All committed cycles.
        version: The cycle and the bundle.
    """
    moves = {one.committed_at: one.key for one in past.cycles if one.version is not None}
    until = min((when for when in moves if when > version.committed_at), default=None)
    found = []
    for one in past.transitions:
        meanwhile = version.version is not None and one.at > version.committed_at and (until is None or one.at < until)
        if meanwhile or version.bundle in (one.from_bundle, one.to_bundle):
            found.append(Event(transition=one, by_cycle=moves.get(one.at)))
    return tuple(found)


def first_of_reign(past: Past, cycle: PastCycle) -> PastCycle:
    """The cycle whose decision put a recipe in charge.

    Args:
        past: All committed cycles.
        cycle: One that the recipe served.

    Returns:
        The oldest of the unbroken row of its ancestors, the cycle included, that the recipe served.
    """
    by_key = {one.key: one for one in past.cycles}
    first = by_key[cycle.key]
    while (parent := by_key.get(first.parent or "")) is not None and parent.recipe == first.recipe:
        first = parent
    return first


def _facts(connection: Connection, key: str) -> tuple[Mapping[str, object], str]:
    row = connection.execute(select(cycles.c.plan, cycles.c.rulebook).where(cycles.c.key == key)).one()
    return row.plan, row.rulebook
