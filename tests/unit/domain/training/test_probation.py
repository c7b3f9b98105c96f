"""The sequential test of a probation keeps its level over a thousand looks, and finds a bad promotion."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.training.probation import apart, boundary, judge


def test_boundary_is_the_formula_of_the_rule() -> None:
    r2 = (-2 * math.log(0.02) + math.log(1 - 2 * math.log(0.02))) / 200
    by_hand = math.sqrt(2 * 4.0 * (50 * r2 + 1) / r2 * math.log(1 + math.sqrt(50 * r2 + 1) / 0.02))

    assert pytest.approx(by_hand) == boundary(np.array([4.0]), np.array([50]), alpha=0.01)[0]


def test_equal_models_are_rarely_sent_back_in_a_thousand_looks() -> None:
    rng = np.random.default_rng(20181201)
    runs = 500
    sent_back = sum(
        judge(rng.normal(size=1000), rng.normal(size=1000), alpha=0.01).standing == "ROLLBACK" for _ in range(runs)
    )

    assert sent_back <= 13  # level .01: at most 13 of 500 with probability .999


def test_truly_worse_champion_is_sent_back() -> None:
    rng = np.random.default_rng(1)
    old = np.abs(rng.normal(size=300))

    found = judge(old + 0.3 + 0.5 * rng.normal(size=300), old, alpha=0.01)

    assert "ROLLBACK" == found.standing
    assert found.crossed is not None
    assert 30 <= found.crossed < 150


@pytest.mark.parametrize(("n", "standing"), [(0, "WATCH"), (29, "WATCH"), (30, "ROLLBACK")])
def test_nothing_is_sent_back_before_thirty(n: int, standing: str) -> None:
    assert standing == judge(np.full(n, 2.0), np.full(n, 1.0), alpha=0.01).standing


def test_equal_losses_are_watched() -> None:
    assert "WATCH" == judge(np.ones(100), np.ones(100), alpha=0.01).standing


@given(st.integers(0, 10_000), st.sampled_from([2.0**-20, 0.5, 1024.0]), st.floats(-0.5, 1.0))
def test_unit_does_not_matter_and_more_outcomes_never_undo(seed: int, unit: float, harm: float) -> None:
    rng = np.random.default_rng(seed)
    old = rng.random(120)
    new = old + harm + rng.normal(size=120)
    whole = judge(new, old, alpha=0.01)

    assert whole.crossed == judge(unit * new, unit * old, alpha=0.01).crossed
    if whole.crossed is not None:
        assert whole.crossed == judge(new[: whole.crossed], old[: whole.crossed], alpha=0.01).crossed


def test_cutoffs_apart() -> None:
    assert [0, 6] == list(range(12))[apart(12, step=1, horizon=6)]
    assert [0, 2, 4] == list(range(6))[apart(6, step=3, horizon=6)]
    assert [0, 1, 2] == list(range(3))[apart(3, step=12, horizon=6)]
