"""The past read without frames: where each cycle stands, who served, how forecasts of two cycles differ."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from pulse_kedro.adapters.stores import cycles, journal
from pulse_kedro.adapters.stores.contrast import Tally, compare_forecasts, tally
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.past import Past, measure, read_past
from records import NOW, a_cycle, a_record


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_for_writing(f"sqlite:///{tmp_path}/pulse.db")


def scored(**by_series: float) -> pd.DataFrame:
    """Backtest scores of the champion by series."""
    rows = [("r1", "combination", "series", name, 0, "mase", value, 12) for name, value in by_series.items()]
    columns = ["recipe", "model", "level", "unique_id", "step", "metric", "value", "n"]
    return pd.DataFrame(rows, columns=columns)


def test_before_the_first_cycle_there_is_no_past(engine: Engine) -> None:
    assert Past() == read_past(None) == read_past(engine)


def test_a_corrected_cycle_is_superseded_and_a_back_dated_one_is_a_replay(engine: Engine) -> None:
    first = a_cycle("2018-12-01")
    wrong, right = (a_cycle("2019-01-01", [first.key], code=code) for code in ("1", "2"))
    replay = a_cycle("2018-06-01")
    for number, cycle in enumerate((first, wrong, right, replay)):
        cycles.commit(engine, a_record(cycle), now=NOW + timedelta(hours=number))

    past = read_past(engine)

    assert [right.key, wrong.key] == [past.head, past.previous and past.previous.key]
    assert [
        (replay.key, "replay", None),
        (right.key, "main", 3),
        (wrong.key, "superseded", 2),
        (first.key, "main", 1),
    ] == [(cycle.key, cycle.line, cycle.version) for cycle in past.cycles]


def test_a_run_again_does_not_change_how_long_the_cycle_took(engine: Engine) -> None:
    cycle = a_cycle("2018-12-01")
    begun = [journal.begin(engine, run="1", command="kedro run", now=NOW)]
    journal.name_cycle(engine, begun[0], cycle.key)
    cycles.commit(engine, a_record(cycle), now=NOW + timedelta(seconds=20))
    journal.finish(engine, begun[0], "DONE", now=NOW + timedelta(seconds=25))
    begun.append(journal.begin(engine, run="2", command="kedro run", now=NOW + timedelta(hours=1)))
    journal.name_cycle(engine, begun[1], cycle.key)

    past = read_past(engine)

    (measured,) = measure(engine, past.cycles).values()
    assert (25.0, 24, 0, 0.5, None) == (
        measured.seconds,
        measured.forecasts,
        measured.outcomes,
        measured.backtest,
        measured.live,
    )


def test_series_are_counted_for_the_side_that_scores_better(engine: Engine) -> None:
    first = a_cycle("2018-12-01")
    second = a_cycle("2019-01-01", [first.key])
    records = (
        replace(a_record(first), scores=scored(a=0.1, b=0.5, c=0.3, d=0.2, e=float("nan"))),
        replace(a_record(second), scores=scored(a=0.2, b=0.4, c=0.3, e=0.1, f=0.1)),
    )
    for record in records:
        cycles.commit(engine, record, now=NOW)
    newest, oldest = sorted(read_past(engine).cycles, key=lambda cycle: cycle.as_of, reverse=True)

    found = tally(engine, oldest, newest)

    assert Tally(better_a=1, better_b=1, equal=1, only_a=1, only_b=2) == found
    assert 3 == found.compared
    assert Tally(better_a=1, better_b=1, equal=1, only_a=2, only_b=1) == tally(engine, newest, oldest)


def test_forecasts_are_compared_by_target_not_by_step(engine: Engine) -> None:
    first = a_cycle("2018-12-01")
    second = a_cycle("2019-01-01", [first.key])
    for cycle in (first, second):
        cycles.commit(engine, a_record(cycle), now=NOW)

    found = compare_forecasts(engine, first.key, second.key)

    # The point of step k is k / 3, rules moved it by 13 / 7 as they moved the median; a target one step ahead in the
    # second cycle was two steps ahead in the first.
    shares = [-7 / (7 * step + 39) for step in range(2, 13)]
    assert [22, pytest.approx(sum(shares) / 11)] == [found.common, found.mean]
    assert pytest.approx(shares[0]) == found.largest[0].share
    assert [("a", "2019-02-01"), ("b", "2019-02-01")] == sorted(
        (change.series, f"{change.ds:%Y-%m-%d}") for change in found.largest[:2]
    )
