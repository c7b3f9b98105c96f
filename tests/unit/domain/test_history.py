"""Which cycles build on which, and what may be committed."""

from dataclasses import replace

import pandas as pd
import pytest

from pulse_kedro.domain.history import (
    CycleRecord,
    HeadMoved,
    History,
    IncompleteRecord,
    NoCycleYet,
    PartsOfAnotherCycle,
    UnknownCycle,
    check,
    place,
)
from records import a_cycle, a_record, committed, months, outcomes


def a_chain(count: int) -> History:
    history = History()
    for as_of in months("2018-12-01", count):
        cycle = a_cycle(as_of, history.ancestors(as_of))
        history = History(cycles=(*history.cycles, committed(cycle)), head=cycle.key)
    return history


def test_the_first_cycle_has_no_ancestors_and_stands_on_the_main_line() -> None:
    assert () == History().ancestors(pd.Timestamp("2018-12-01"))
    assert "main" == place(History(), a_cycle("2018-12-01"))


def test_the_newest_cycle_is_the_head_and_before_the_first_one_the_next_step_is_said() -> None:
    history = a_chain(2)

    assert history.head == history.newest.key
    with pytest.raises(NoCycleYet, match=r"got no committed cycle.*Next, .*`make run`"):
        _ = History().newest


def test_ancestors_come_parent_first() -> None:
    history = a_chain(3)

    assert tuple(cycle.key for cycle in reversed(history.cycles)) == history.ancestors(pd.Timestamp("2019-03-01"))


def test_a_back_dated_cycle_sees_nothing_that_came_later_and_is_a_replay() -> None:
    history = a_chain(3)
    back = a_cycle("2019-01-01", history.ancestors(pd.Timestamp("2019-01-01")), code="2")

    assert (history.cycles[0].key,) == back.period.ancestors
    assert "replay" == place(history, back)


def test_corrected_data_or_code_supersedes_the_head_and_leaves_it_off_the_main_line() -> None:
    history = a_chain(2)
    again = a_cycle("2019-01-01", history.ancestors(pd.Timestamp("2019-01-01")), code="2")

    line = place(history, again)
    after = History(cycles=(*history.cycles, committed(again)), head=again.key)

    assert "main" == line
    assert (again.key, history.cycles[0].key) == tuple(cycle.key for cycle in after.main_line)


def test_another_recipe_at_the_period_of_the_head_is_a_replay() -> None:
    history = a_chain(2)
    other = a_cycle("2019-01-01", history.ancestors(pd.Timestamp("2019-01-01")), recipe="r2")

    assert "replay" == place(history, other)


def test_a_cycle_computed_on_an_outdated_head_is_refused() -> None:
    before, after = a_chain(1), a_chain(2)
    late = a_cycle("2019-02-01", before.ancestors(pd.Timestamp("2019-02-01")))

    with pytest.raises(
        HeadMoved,
        match=r"or another bundle put in charge meanwhile.*run the same command again",
    ):
        place(after, late)


def test_an_unknown_cycle_is_refused_with_the_nearest_key() -> None:
    history = a_chain(1)
    key = history.cycles[0].key

    with pytest.raises(UnknownCycle, match=f"Did you mean '{key}'"):
        history.committed(key[:-1])


def a_good_record() -> CycleRecord:
    return a_record(a_cycle("2019-01-01", ("c0",)), known=outcomes(a_cycle("2019-01-01")))


def test_a_complete_record_is_accepted() -> None:
    check(a_good_record())


@pytest.mark.parametrize("frame", ["scores", "live_scores", "forecasts", "outcomes"])
def test_a_frame_without_one_of_its_columns_is_refused(frame: str) -> None:
    record = a_good_record()
    broken = getattr(record, frame).drop(columns="unique_id")

    with pytest.raises(IncompleteRecord, match=f"'{frame}'.*unique_id"):
        check(replace(record, **{frame: broken}))


@pytest.mark.parametrize(("frame", "column"), [("forecasts", "y_hat"), ("outcomes", "y"), ("scores", "step")])
def test_a_gap_where_a_value_must_be_is_refused(frame: str, column: str) -> None:
    record = a_good_record()
    values = getattr(record, frame)
    broken = values.assign(**{column: values[column].astype(float).where(values.index > 0)})

    with pytest.raises(IncompleteRecord, match=f"{frame}.*{column}.*without gaps"):
        check(replace(record, **{frame: broken}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"forecasts": {"cycle": "c1"}}, "forecasts of cycle c1"),
        ({"forecasts": {"cutoff": pd.Timestamp("2018-12-01")}}, "forecasts made with what was known at 2018-12-01"),
        ({"outcomes": {"snapshot": "s1"}}, "outcomes of snapshot s1"),
    ],
)
def test_parts_of_another_cycle_are_refused(changes: dict[str, dict[str, object]], words: str) -> None:
    record = a_good_record()
    mixed = {name: getattr(record, name).assign(**strange) for name, strange in changes.items()}

    with pytest.raises(PartsOfAnotherCycle, match=f"got {words}.*kedro run --params as_of=2019-01-01"):
        check(replace(record, **mixed))


def test_a_decision_on_another_bundle_is_refused() -> None:
    record = a_good_record()

    check(replace(record, decision={"bundle": record.bundle}))
    with pytest.raises(PartsOfAnotherCycle, match="a decision on bundle b1 for bundle"):
        check(replace(record, decision={"bundle": "b1"}))
