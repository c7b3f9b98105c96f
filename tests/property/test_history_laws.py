"""Laws of the chain of cycles: whatever order runs come in, the main line stays a chain and nobody sees the future."""

from itertools import pairwise

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.history import History, place
from records import a_cycle, committed

run = st.tuples(st.integers(0, 11), st.sampled_from(["r1", "r2"]), st.sampled_from(["1", "2", "3"]))


def after(history: History, month: int, recipe: str, code: str) -> History:
    """One run: what was committed before, and this one unless its key is there already."""
    as_of = pd.Timestamp("2018-12-01") + pd.DateOffset(months=month)
    cycle = a_cycle(as_of, history.ancestors(as_of), recipe=recipe, code=code)
    if cycle.key in history.by_key:
        return history
    line = place(history, cycle)
    cycles = (*history.cycles, committed(cycle, line=line, number=len(history.cycles)))
    return History(cycles=cycles, head=cycle.key if line == "main" else history.head)


@given(st.lists(run, max_size=12))
def test_the_main_line_is_a_chain_that_goes_back_in_time(runs: list[tuple[int, str, str]]) -> None:
    history = History()
    for month, recipe, code in runs:
        history = after(history, month, recipe, code)

    line = history.main_line

    assert all(child.parent == parent.key for child, parent in pairwise(line))
    assert all(child.as_of > parent.as_of for child, parent in pairwise(line))
    assert not line or line[-1].parent is None


@given(st.lists(run, max_size=12), run)
def test_a_run_sees_only_earlier_periods_of_the_main_line(
    runs: list[tuple[int, str, str]], last: tuple[int, str, str]
) -> None:
    history = History()
    for month, recipe, code in runs:
        history = after(history, month, recipe, code)
    as_of = pd.Timestamp("2018-12-01") + pd.DateOffset(months=last[0])

    ancestors = history.ancestors(as_of)

    assert all(history.committed(key).as_of < as_of for key in ancestors)
    assert set(ancestors) <= {cycle.key for cycle in history.main_line}


@given(st.lists(run, max_size=12), run)
def test_the_same_run_again_has_the_same_ancestors_and_changes_nothing(
    runs: list[tuple[int, str, str]], last: tuple[int, str, str]
) -> None:
    history = History()
    for month, recipe, code in (*runs, last):
        history = after(history, month, recipe, code)

    assert history == after(history, *last)


@given(st.lists(run, min_size=1, max_size=12), run)
def test_a_back_dated_run_leaves_the_head_alone(runs: list[tuple[int, str, str]], last: tuple[int, str, str]) -> None:
    history = History()
    for month, recipe, code in runs:
        history = after(history, month, recipe, code)
    head = history.committed(str(history.head))

    moved = after(history, *last)

    assert head.key == moved.head or moved.committed(str(moved.head)).as_of >= head.as_of
