"""What is recorded about forecasts made before, with the real runner: once, again when revised, from no other line."""

from dataclasses import replace

import pandas as pd
import pytest

from pulse_kedro.domain.cycle import Cycle
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.history import check
from pulse_kedro.domain.ledger import OUTCOME_COLUMNS, Ledger
from pulse_kedro.pipelines.metrics import create_pipeline
from quality_samples import UNTOUCHED
from records import a_cycle, a_record, forecasts
from rooms import run_room

FIRST = a_cycle("2005-12-01")
SECOND = a_cycle("2006-01-01", (FIRST.key,))
THIRD = a_cycle("2006-02-01", (SECOND.key, FIRST.key))
FOURTH = a_cycle("2006-03-01", (THIRD.key, SECOND.key, FIRST.key))
SIBLING = a_cycle("2006-01-01", (FIRST.key,), code="2")
KNOWN = {"s0": [1.0, 2.0], "s1": [3.0, 4.0], "s2": [5.0, 6.0]}
JANUARY = {name: values[:1] for name, values in KNOWN.items()}


def empty_ledger() -> Ledger:
    """All columns with their types and no row, as the store has it before the first cycle."""
    moment = pd.DatetimeIndex([], tz="UTC").as_unit("ns")
    known = {"unique_id": [], "ds": moment.tz_localize(None), "y": [], "available_at": moment, "snapshot": []}
    outcomes = pd.DataFrame(known).astype({"unique_id": object, "snapshot": object, "y": float})
    return Ledger(
        forecasts=forecasts(FIRST).assign(as_of=FIRST.period.as_of).iloc[:0],
        outcomes=outcomes.assign(cycle=pd.Series(dtype=object)),
    )


def panel_of(values: dict[str, list[float]]) -> pd.DataFrame:
    """January 2006 and the months after it, besides a December that was known before anything was issued."""
    parts = []
    for name, known in values.items():
        months = pd.date_range("2005-12-01", periods=len(known) + 1, freq="MS").as_unit("ns")
        parts.append(pd.DataFrame({"unique_id": name, "ds": months, "y": [0.0, *known]}))
    panel = pd.concat(parts, ignore_index=True)
    return panel.assign(available_at=(panel["ds"] + pd.DateOffset(months=1)).dt.tz_localize("UTC"))


def resolve(cycle: Cycle, ledger: Ledger, panel: pd.DataFrame) -> pd.DataFrame:
    """What the node records."""
    snapshot = Snapshot(id=cycle.snapshot, rows=panel, as_of=cycle.period.as_of, source="shops")
    given = {"ledger": ledger, "panel": panel, "period": cycle.period, "snapshot": snapshot, "cleaning_log": UNTOUCHED}
    outcomes = run_room(create_pipeline().only_nodes("metrics.resolve_outcomes"), given)["outcomes"]
    assert isinstance(outcomes, pd.DataFrame)
    return outcomes


def after(ledger: Ledger, cycle: Cycle, outcomes: pd.DataFrame, *, series: tuple[str, ...] = ("s0", "s2")) -> Ledger:
    """The ledger after a cycle was committed that forecast some series."""
    issued = forecasts(cycle, series).assign(as_of=cycle.period.as_of)
    recorded = outcomes.assign(cycle=cycle.key)
    return Ledger(
        forecasts=pd.concat([ledger.forecasts, issued], ignore_index=True),
        outcomes=pd.concat([ledger.outcomes, recorded], ignore_index=True) if len(recorded) else ledger.outcomes,
    )


def pairs(outcomes: pd.DataFrame) -> list[tuple[str, float]]:
    return sorted(outcomes[["unique_id", "y"]].itertuples(index=False, name=None))


@pytest.fixture
def ledger() -> Ledger:
    """After the first cycle, which found nothing to resolve."""
    return after(empty_ledger(), FIRST, empty_ledger().outcomes)


def test_the_first_cycle_has_nothing_to_resolve() -> None:
    outcomes = resolve(FIRST, empty_ledger(), panel_of(KNOWN))

    assert (0, list(OUTCOME_COLUMNS)) == (len(outcomes), outcomes.columns.tolist())


def test_what_became_known_is_recorded_for_what_was_forecast_and_for_nothing_else(ledger: Ledger) -> None:
    outcomes = resolve(SECOND, ledger, panel_of(JANUARY))

    assert [("s0", 1.0), ("s2", 5.0)] == pairs(outcomes)
    assert list(OUTCOME_COLUMNS) == outcomes.columns.tolist()
    assert ({SECOND.period.as_of}, {SECOND.snapshot}) == (set(outcomes["ds"]), set(outcomes["snapshot"]))
    assert "datetime64[ns, UTC]" == str(outcomes["available_at"].dtype)


def test_an_outcome_is_recorded_once_though_several_cycles_wait_for_it(ledger: Ledger) -> None:
    ledger = after(ledger, SECOND, resolve(SECOND, ledger, panel_of(JANUARY)))

    assert [("s0", 2.0), ("s2", 6.0)] == pairs(resolve(THIRD, ledger, panel_of(KNOWN)))


def test_a_revised_value_is_recorded_again_and_the_old_one_stays(ledger: Ledger) -> None:
    ledger = after(ledger, SECOND, resolve(SECOND, ledger, panel_of(JANUARY)))

    outcomes = resolve(THIRD, ledger, panel_of(KNOWN | {"s2": [5.5, 6.0]}))

    assert [("s0", 2.0), ("s2", 5.5), ("s2", 6.0)] == pairs(outcomes)
    assert [("s0", 1.0), ("s2", 5.0)] == pairs(ledger.outcomes)


def test_a_revision_that_is_taken_back_is_recorded_too(ledger: Ledger) -> None:
    for cycle, value in ((SECOND, 5.0), (THIRD, 5.5)):
        ledger = after(ledger, cycle, resolve(cycle, ledger, panel_of({"s2": [value]})))

    assert [("s2", 5.0)] == pairs(resolve(FOURTH, ledger, panel_of({"s2": [5.0]})))


def test_what_a_cycle_beside_the_line_recorded_does_not_count(ledger: Ledger) -> None:
    ledger = after(ledger, SIBLING, resolve(SIBLING, ledger, panel_of(JANUARY)))

    assert [("s0", 1.0), ("s2", 5.0)] == pairs(resolve(SECOND, ledger, panel_of(JANUARY)))


def test_what_a_cycle_beside_the_line_forecast_is_not_waited_for(ledger: Ledger) -> None:
    ledger = after(ledger, SIBLING, empty_ledger().outcomes, series=("s1",))

    assert {"s0", "s2"} == set(resolve(SECOND, ledger, panel_of(KNOWN))["unique_id"])


def test_a_gap_stays_pending(ledger: Ledger) -> None:
    panel = panel_of(KNOWN)
    panel = panel[(panel["unique_id"] != "s0") | (panel["ds"] != SECOND.period.as_of)]

    assert [("s0", 2.0), ("s2", 5.0), ("s2", 6.0)] == pairs(resolve(THIRD, ledger, panel))


def test_what_is_recorded_can_be_committed(ledger: Ledger) -> None:
    outcomes = resolve(SECOND, ledger, panel_of(KNOWN))

    check(replace(a_record(SECOND), outcomes=outcomes))
