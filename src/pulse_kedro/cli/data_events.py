"""`data events`: what happened, by the time at which it happened."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pulse_kedro.cli.door import DONE, answers, data, env_option, json_option, nothing_yet, print_json
from pulse_kedro.cli.printing import print_lines, table

if TYPE_CHECKING:
    from pulse_kedro.domain.data_management.events import Event

KINDS = (
    *("news", "announcement", "market_move", "indicator", "geopolitical", "regulatory", "custom"),
    *("data_ingested", "rows_rejected", "schema_drift", "regime_changed", "change_point"),
    *("drift_detected", "data_drift_detected"),
)
NO_EVENTS: Mapping[str, object] = {"total": 0, "events": []}
NOTHING = "No such event is kept. Next: `kedro run` senses regimes and keeps their changes."
TITLES = ("when", "kind", "source", "what")
DAY = click.DateTime(["%Y-%m-%d"])


@data.command()
@click.option("--kind", type=click.Choice(KINDS), multiple=True, help="Only events of this kind; may be repeated.")
@click.option("--since", type=DAY, default=None, help="From this day on, as YYYY-MM-DD in UTC.")
@click.option("--until", type=DAY, default=None, help="Before this day, as YYYY-MM-DD in UTC.")
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="Events to show.")
@env_option
@json_option
@answers
def events(
    *, kind: tuple[str, ...], since: datetime | None, until: datetime | None, limit: int, env: str | None, as_json: bool
) -> int:
    """List the newest events, such as changes of regime, by the time at which they happened.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such event.

    Example: kedro pulse data events --kind regime_changed --since 2007-01-01
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.events import read

    engine = bootstrap.stores(bootstrap.configuration(env))
    start, end = (None if day is None else day.replace(tzinfo=UTC) for day in (since, until))
    found = () if engine is None else read(engine, start=start, end=end, kinds=kind or None)
    if not found:
        return nothing_yet(NO_EVENTS, as_json=as_json, words=NOTHING)
    shown = sorted(found, key=lambda event: event.at, reverse=True)[:limit]
    if as_json:
        print_json({"total": len(found), "events": [event.facts() | {"id": event.id} for event in shown]})
    else:
        print_lines(table(TITLES, [event_row(event) for event in shown]))
    return DONE


def event_row(event: "Event") -> list[str]:
    """One event, a text per entry of `TITLES`.

    Args:
        event: Any event.
    """
    payload = event.payload
    if event.kind == "regime_changed":
        what = f"{payload['axis']}: {payload['old']} -> {payload['new']}"
    elif event.kind == "change_point":
        what = f"level by {payload['size']:+.2f}, seen after {payload['delay']} periods"
    else:
        what = ", ".join(f"{name} {value}" for name, value in list(payload.items())[:3])
    return [f"{event.at:%Y-%m-%d %H:%M}", event.kind.replace("_", " "), event.source, what]
