"""The sequential test of a probation keeps its level over a thousand looks, and finds a bad promotion."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.training.probation import boundary, judge, watch
from pulse_kedro.domain.training.succession import Trial


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


def test_rounding_that_leans_one_way_sends_nobody_back() -> None:
    old = np.random.default_rng(0).random(200) + 1.0

    found = judge(np.nextafter(old, 2.0), old, alpha=0.01)

    assert found.total > 0
    assert "WATCH" == found.standing


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


def errors_of(new: float, old: float, *, months: int) -> pd.DataFrame:
    """Two series, one step ahead; the recipes miss by these shares of the scale, and by noise that both have."""
    cutoffs = pd.date_range("2010-01-01", periods=months, freq="MS")
    rng, rows = np.random.default_rng(3), []
    for series in ("s1", "s2"):
        both = pd.DataFrame({"unique_id": series, "cutoff": cutoffs, "y": rng.normal(size=months), "scale": 2.0})
        noise = 0.1 * np.abs(rng.normal(size=months))
        rows += [
            both.assign(recipe=name[:12], y_hat=both["y"] + both["scale"] * (miss + noise))
            for name, miss in ((NEW, new), (OLD, old))
        ]
    return pd.concat(rows, ignore_index=True)


def whole_of(new: float, old: float, *, n: int) -> pd.DataFrame:
    cutoffs = pd.date_range("2012-01-01", periods=n, freq="MS")
    sides = [
        pd.DataFrame({"recipe": name[:12], "cutoff": cutoffs, "loss": loss}) for name, loss in ((NEW, new), (OLD, old))
    ]
    return pd.concat(sides, ignore_index=True)


NEW, OLD = "b" * 64, "a" * 64
TRIAL = Trial(since=pd.Timestamp("2012-01-01"), recipe=NEW, predecessor=OLD, basis="d" * 64)


def test_only_what_came_true_since_the_promotion_counts() -> None:
    errors = errors_of(0.5, 0.4, months=24 + 10)

    found = watch(TRIAL, errors, whole_of(1, 1, n=0), alpha=0.01)

    assert ("WATCH", 10, None) == (found.probation.standing, found.probation.k, found.probation.crossed)
    assert pytest.approx(1.0) == found.probation.total  # ten differences of .1, the mean of two series each
    assert "" == found.reason


def test_a_promotion_that_failed_is_taken_back_with_its_numbers() -> None:
    found = watch(TRIAL, errors_of(0.6, 0.4, months=24 + 60), whole_of(0.9, 0.8, n=40), alpha=0.01)

    assert "ROLLBACK" == found.probation.standing
    assert found.reason.startswith("Rollback: since its promotion as of 2012-01-01 the recipe lost more than chance")
    assert f"against recipe {OLD[:12]}" in found.reason
    assert "over 60 forecasts one period ahead" in found.reason
    assert "beyond its bound after 30 of them; whole forecasts 0.9 against 0.8 over 40." in found.reason
    assert found.to_dict() == json.loads(json.dumps(found.to_dict(), allow_nan=False))


def test_a_recipe_whose_whole_forecasts_are_better_keeps_its_place() -> None:
    found = watch(TRIAL, errors_of(0.6, 0.4, months=24 + 60), whole_of(0.7, 0.8, n=40), alpha=0.01)

    assert ("ROLLBACK", True, "") == (found.probation.standing, found.excused, found.reason)


def test_a_forecast_that_one_recipe_lacks_is_left_out() -> None:
    errors = errors_of(0.5, 0.4, months=24 + 40)
    gaps = errors["recipe"].eq(OLD[:12]) & errors["cutoff"].ge("2014-01-01")

    found = watch(TRIAL, errors.assign(y_hat=errors["y_hat"].mask(gaps)), whole_of(1, 1, n=0), alpha=0.01)

    assert 24 == found.probation.k
