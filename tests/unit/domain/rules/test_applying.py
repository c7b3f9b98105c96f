"""Where rules hold, hand-worked, and how much they shift together."""

import numpy as np
import pytest

from pulse_kedro.domain.rules.applying import holds, total_shift
from pulse_kedro.domain.rules.rule import one_of, rule_of, within
from rule_samples import LATER, MONDAYS

SHAPE = (2, 3, 2)
CONTEXT = {
    "step": np.arange(1.0, 4)[None, :, None],
    "weekday": np.array([["7", "1", ""], ["1", "2", "3"]])[:, :, None],
    "trend": np.array([[0.5, np.nan], [-0.5, 0.25]])[:, None, :],
}


def at(mask: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(map(int, place)) for place in np.argwhere(np.broadcast_to(mask, SHAPE)[:, :, 0])]


def test_categories_hold_where_they_are_and_nowhere_when_missing() -> None:
    assert at(holds(MONDAYS, CONTEXT)) == [(0, 1), (1, 0)]
    assert at(holds(rule_of([one_of("weekday", "1", "7")], 1), CONTEXT)) == [(0, 0), (0, 1), (1, 0)]


def test_integers_include_both_bounds() -> None:
    assert at(holds(rule_of([within("step", at_least=2, at_most=3)], 1), CONTEXT)) == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_numbers_include_the_lower_bound_only_and_missing_ones_hold_nowhere() -> None:
    found = holds(rule_of([within("trend", at_least=0.25, below=0.5)], 1), CONTEXT)

    assert found[:, 0].tolist() == [[False, False], [False, True]]
    assert not holds(rule_of([within("trend", below=9)], 1), CONTEXT)[0, 0, 1]


def test_all_conditions_must_hold() -> None:
    both = rule_of([one_of("weekday", "1"), within("step", at_least=2)], 1)

    assert at(holds(both, CONTEXT)) == [(0, 1)]


def test_a_fact_that_is_not_there_holds_nowhere() -> None:
    assert not holds(rule_of([one_of("hour", "07")], 1), CONTEXT).any()


def test_shifts_add_up_to_the_cap() -> None:
    found = total_shift([LATER, MONDAYS], CONTEXT, SHAPE, cap=1.2)

    assert found[:, :, 0].tolist() == [[0, 1.2, 1], [0.5, 1, 1]]
    assert total_shift([LATER, MONDAYS], CONTEXT, SHAPE, cap=np.inf).max() == 1.5


def test_no_rule_shifts_nothing() -> None:
    assert not total_shift([], CONTEXT, SHAPE, cap=1.5).any()


@pytest.mark.parametrize("shift", [0.1, 0.0001, -2.9999])
def test_ten_thousandths_are_exact(shift: float) -> None:
    rule = rule_of([within("step", at_least=2)], shift)

    assert total_shift([rule], CONTEXT, SHAPE, cap=3)[0, 1, 0] == shift
