"""Nobody knows the future: nothing made at a cutoff changes with what came later, and random walks stay unforecastable.

Then the promise that rests on it: intervals cover what they say, on cutoffs they were not made from.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from miniature import FAMILY, YEAR, a_matrix, a_recipe, scale_of, walks, waves
from pulse_kedro.domain.data_management.features.rows import describe_rows
from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array, frequency, to_matrix
from pulse_kedro.forecasting.backtest import Replay, replay
from pulse_kedro.forecasting.combination import Combination, combine_by_nested_choice
from pulse_kedro.forecasting.intervals import Calibration, calibrate
from pulse_kedro.forecasting.recipe import CombinationOptions, IntervalOptions, RecipeOptions, recipe_of_settings

SEEDS, SERIES, CUTOFFS = 20, 20, 12
SHORT = a_recipe(FAMILY, horizon=3, season_length=4, warm_up=4, calibration_cutoffs=12)
EAGER = replace(
    SHORT,
    combination=CombinationOptions(warm_up=2, standard_errors=0.0),
    intervals=IntervalOptions(calibration_cutoffs=12, tracking_start=2, pooling=5, learning_rate=0.2, widest=4.0),
)


@pytest.fixture(scope="module")
def default_recipe(project: Path) -> RecipeOptions:
    """The recipe that is served unless somebody configures another one."""
    text = (project / "conf/base/parameters_training.yml").read_text(encoding="utf-8")
    return recipe_of_settings(yaml.safe_load(text)["recipe"], frequency("monthly"))


def test_on_random_walks_no_member_beats_the_last_value(default_recipe: RecipeOptions) -> None:
    names = [member.name for member in default_recipe.members]
    errors = np.empty((SEEDS, len(names) + 1))
    for seed in range(SEEDS):
        matrix = a_matrix(walks(seed, periods=200, series=SERIES))
        last = len(matrix.times) - default_recipe.horizon
        cutoffs = matrix.times[last - 6 * CUTOFFS : last : 6]
        replayed = replay(default_recipe, matrix, np.ones_like(matrix.y), cutoffs)
        combined = combine_by_nested_choice(replayed, default_recipe.combination).points
        points = np.concatenate([replayed.points, combined[None]])
        errors[seed] = np.abs(points - replayed.actual).mean(axis=(1, 2, 3))

    skill = (errors / errors[:, [names.index("naive")]]).mean(axis=0)

    assert {} == {name: value for name, value in zip([*names, "combination"], skill, strict=True) if value < 0.99}


def everything_at_the_cutoffs(y: Array, cutoffs: pd.DatetimeIndex) -> tuple[Replay, Combination, Calibration]:
    """What training makes of a panel, from the long table on."""
    dense = a_matrix(y)
    rows, columns = np.nonzero(~np.isnan(y.T))
    ids = np.array(dense.ids)[rows]
    panel = pd.DataFrame({"unique_id": ids, "ds": dense.times[columns], "y": y.T[rows, columns]})
    freq = replace(frequency("monthly"), season_length=EAGER.season_length)
    matrix = to_matrix(panel, freq)
    scales = to_matrix(describe_rows(panel, freq)[["unique_id", "ds", "scale"]].rename(columns={"scale": "y"}), freq)
    replayed = replay(EAGER, matrix, pd.DataFrame(scales.y).ffill().to_numpy(), cutoffs)
    combination = combine_by_nested_choice(replayed, EAGER.combination)
    residuals = (replayed.actual - combination.points) / replayed.scale[:, None]
    return replayed, combination, calibrate(residuals, EAGER.horizon, EAGER.intervals, available=8)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 35))
def test_what_comes_after_a_cutoff_changes_nothing_made_at_it(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    y = walks(seed, periods=60, series=3)
    y[1:][rng.random((59, 3)) < 0.05] = np.nan
    y[-1] = 0.0
    cutoffs = a_matrix(y).times[20:56]
    known = 21 + cut
    shuffled = np.concatenate([y[:known], rng.permuted(y[known:], axis=0)])
    shuffled[-1] = 0.0

    replayed, combination, calibration = everything_at_the_cutoffs(y, cutoffs)
    other_replay, other_combination, other_calibration = everything_at_the_cutoffs(shuffled, cutoffs)

    made = slice(0, cut + 1)
    np.testing.assert_array_equal(replayed.points[:, made], other_replay.points[:, made])
    np.testing.assert_array_equal(replayed.scale[made], other_replay.scale[made])
    assert combination.names[made] == other_combination.names[made]
    np.testing.assert_array_equal(combination.points[made], other_combination.points[made])
    np.testing.assert_array_equal(calibration.offsets[made], other_calibration.offsets[made])


def after(values: Array, cut: int, noise: Array) -> Array:
    """Values of shape `(K, H, S)` in which everything that becomes known after cutoff `cut` is replaced."""
    cutoff, step = np.indices(values.shape[:2])
    return np.where((cutoff + step + 1 > cut)[..., None], noise, values)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 29))
def test_the_choice_of_a_combination_reads_resolved_cutoffs_only(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    points, actual = rng.normal(size=(4, 30, 3, 2)) * [[[[1]]], [[[2]]], [[[1]]], [[[3]]]], rng.normal(size=(30, 3, 2))
    replayed = Replay(
        members=("a", "b", "c", "d"),
        ids=("x", "y"),
        cutoffs=pd.date_range("2001-01-01", periods=30, freq="MS"),
        points=points,
        actual=actual,
        scale=np.ones((30, 2)),
        resolved=np.ones(30, dtype=bool),
    )

    told = combine_by_nested_choice(replayed, EAGER.combination)
    untold = combine_by_nested_choice(
        replace(replayed, actual=after(actual, cut, rng.normal(size=actual.shape) * 9)), EAGER.combination
    )

    assert told.names[: cut + 1] == untold.names[: cut + 1]
    np.testing.assert_array_equal(told.points[: cut + 1], untold.points[: cut + 1])


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 29))
def test_an_interval_reads_errors_that_had_become_known_only(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    residuals = rng.normal(size=(30, 3, 4))
    other = after(residuals, cut, rng.normal(size=residuals.shape) * 9)

    offsets = calibrate(residuals, 3, EAGER.intervals, available=20).offsets
    changed = calibrate(other, 3, EAGER.intervals, available=20).offsets

    np.testing.assert_array_equal(offsets[: cut + 1], changed[: cut + 1])


def test_the_guards_are_awake() -> None:
    """What became known at a cutoff does change the interval made at it, so the law above is not empty."""
    residuals = np.random.default_rng(0).normal(size=(30, 3, 4))
    other = after(residuals, 19, 9 * residuals)

    offsets, changed = (calibrate(values, 3, EAGER.intervals, available=20).offsets for values in (residuals, other))

    assert (offsets[:20] == changed[:20])[6:].all()
    assert (offsets[20] != changed[20]).any()


def independent(seed: int) -> Array:
    return np.asarray(100 + np.random.default_rng(seed).normal(size=(320, 40)))


def persistent(seed: int) -> Array:
    return waves(seed, periods=320, series=40)


@pytest.mark.parametrize("world", [independent, persistent], ids=lambda world: world.__name__)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_intervals_cover_what_they_promise(world: object, seed: int) -> None:
    assert callable(world)
    matrix, recipe = a_matrix(world(seed)), a_recipe(calibration_cutoffs=120)
    cutoffs = matrix.times[60:]
    replayed = replay(recipe, matrix, scale_of(matrix.y), cutoffs)
    combination = combine_by_nested_choice(replayed, recipe.combination)
    residuals = (replayed.actual - combination.points) / replayed.scale[:, None]
    offsets = calibrate(residuals, YEAR, recipe.intervals, available=180).offsets
    judged = slice(-60 - YEAR, -YEAR)

    def coverage(lower: float, upper: float) -> float:
        low, high = (offsets[judged, ..., QUANTILE_LEVELS.index(level)] for level in (lower, upper))
        return float(((residuals[judged] >= low) & (residuals[judged] <= high)).mean())

    assert 0.77 <= coverage(0.1, 0.9) <= 0.83
    assert 0.93 <= coverage(0.025, 0.975) <= 0.97
