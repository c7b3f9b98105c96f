"""Who chooses for himself and whose errors count: by static column, by phase of the season, from conf to bundle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import a_bundle
from miniature import a_recipe
from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array, frequency
from pulse_kedro.forecasting.backtest import Replay
from pulse_kedro.forecasting.bundle_files import load_bundle, save_bundle, seal
from pulse_kedro.forecasting.choice import ByGroup, Choice, combine
from pulse_kedro.forecasting.grouping import (
    PHASE_BLOCKS,
    UnknownGroups,
    combine_as_asked,
    phase_groups,
    series_groups,
    surroundings_of,
)
from pulse_kedro.forecasting.intervals import calibrate

SERIES = pd.DataFrame(
    {"unique_id": list("abcd"), "title": list("ABCD"), "status": "alive", "sector": ["x", "y", None, "x"]}
)
MONTHLY, HOURLY = frequency("monthly"), frequency("hourly")


def a_replay(errors: Array) -> Replay:
    """A forecast of zero by two members, what came true, and a scale of one; monthly cutoffs from 1990 on."""
    cutoffs, _, series = errors.shape
    return Replay(
        members=("a", "b"),
        ids=tuple("abcd")[:series],
        cutoffs=pd.date_range("1990-01-01", periods=cutoffs, freq="MS"),
        points=np.stack([np.zeros_like(errors), np.ones_like(errors)]),
        actual=errors,
        scale=np.ones((cutoffs, series)),
        resolved=np.ones(cutoffs, dtype=bool),
    )


def coverage(errors: Array, offsets: Array) -> Array:
    """Share of outcomes inside the 60 % interval per series, after the warm-up."""
    low, high = (offsets[..., QUANTILE_LEVELS.index(level)] for level in (0.2, 0.8))
    return np.asarray(((errors >= low) & (errors <= high))[120:].mean(axis=(0, 1)))


def test_series_are_grouped_by_the_text_of_a_column() -> None:
    assert [0, -1, 1, -1] == series_groups(SERIES, ["a", "c", "b", "?"], "sector", option="o").tolist()


def test_a_column_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownGroups, match=r"got `o: sectr`.*\(sector\)\. Did you mean 'sector'\?.*source\.static"):
        series_groups(SERIES, ["a"], "sectr", option="o")


def test_columns_of_our_own_describe_no_group() -> None:
    with pytest.raises(UnknownGroups, match="no such column"):
        series_groups(SERIES[["unique_id", "title", "status"]], ["a"], "status", option="o")


def test_the_phase_is_that_of_the_target() -> None:
    recipe = a_recipe(horizon=3)

    groups = phase_groups(pd.DatetimeIndex(["1999-11-01", "2000-02-01"]), MONTHLY, recipe)

    # December, January, February; March, April, May
    assert [[3, 0, 0], [0, 1, 1]] == groups[..., 0].tolist()


@given(season=st.integers(1, 30), start=st.integers(0, 10_000))
def test_phases_repeat_with_the_season_and_are_few(season: int, start: int) -> None:
    recipe = a_recipe(horizon=2 * season, season_length=season)
    cutoff = pd.DatetimeIndex([HOURLY.shift(pd.Timestamp("1999-06-01"), start)])

    groups = phase_groups(cutoff, HOURLY, recipe)[0, :, 0]

    np.testing.assert_array_equal(groups[:season], groups[season:])
    assert min(season, PHASE_BLOCKS) == len(np.unique(groups))


def test_each_group_of_series_gets_the_coverage_that_it_was_promised() -> None:
    rng = np.random.default_rng(0)
    tails = np.array([0.02, 0.02, 6.0, 6.0])
    errors = np.sign(rng.normal(size=(500, 1, 4))) * rng.gamma(1 / tails, size=(500, 1, 4)) * tails
    series = SERIES.assign(sector=["x", "x", "y", "y"])
    recipe = a_recipe(horizon=1)
    still = replace(recipe.intervals, learning_rate=0.0, pooling=1e9, calibration_cutoffs=120)

    def covered(groups: str | None) -> Array:
        asked = replace(recipe, intervals=replace(still, groups=groups))
        around = surroundings_of(asked, a_replay(errors), series, MONTHLY)
        return coverage(errors, calibrate(errors, 1, asked.intervals, available=60, surroundings=around).offsets)

    np.testing.assert_allclose(covered("sector"), 0.6, atol=0.05)
    assert np.abs(covered(None) - 0.6).max() > 0.15, "one shape for all is wrong here"


def test_each_phase_gets_the_coverage_that_it_was_promised() -> None:
    rng = np.random.default_rng(1)
    month = np.arange(600) % 12
    wild = np.where(month < 3, 5.0, 1.0)  # cutoffs from January on, so that targets lie in February to April
    errors = rng.normal(size=(600, 1, 4)) * np.roll(wild, -1)[:, None, None]
    recipe = a_recipe(horizon=1)
    intervals = replace(
        recipe.intervals, learning_rate=0.0, groups="phase", calibration_cutoffs=240, pooling=1e9, tracking_start=120
    )
    recipe = replace(recipe, intervals=intervals)

    def covered(groups: str | None) -> list[float]:
        asked = replace(recipe, intervals=replace(intervals, groups=groups))
        around = surroundings_of(asked, a_replay(errors), SERIES, MONTHLY)
        offsets = calibrate(errors, 1, asked.intervals, available=240, surroundings=around).offsets
        of = phase_groups(a_replay(errors).cutoffs, MONTHLY, asked)[:, 0, 0]
        low, high = (offsets[..., QUANTILE_LEVELS.index(level)] for level in (0.1, 0.9))
        inside = ((errors >= low) & (errors <= high)).mean(axis=(1, 2))
        return [float(inside[200:][of[200:] == phase].mean()) for phase in range(PHASE_BLOCKS)]

    np.testing.assert_allclose(covered("phase"), 0.8, atol=0.04)
    assert min(covered(None)) < 0.6, "one width for all phases is wrong here"


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), method=st.sampled_from(["width_tracker", "conformal_pid"]))
def test_intervals_by_group_rise_with_the_level_and_never_narrow_with_the_step(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(60, 4, 4)) ** 3 * np.where(np.arange(60) % 12 < 3, 9.0, 1.0)[:, None, None]
    recipe = a_recipe(horizon=4)
    options = replace(recipe.intervals, groups="phase", method=method, tracking_start=8)
    around = surroundings_of(replace(recipe, intervals=options), a_replay(errors), SERIES, MONTHLY)

    offsets = calibrate(errors, 4, options, available=40, surroundings=around).offsets[20:]

    assert (np.diff(offsets, axis=-1) >= -1e-12).all()
    assert (np.diff(offsets[..., :-7:-1] - offsets[..., :6], axis=1) >= -1e-9).all()


def test_groups_choose_for_themselves_and_say_so() -> None:
    actual = np.zeros((40, 2, 4))
    actual[:, :, 1] = 1.0
    replayed = a_replay(actual + np.random.default_rng(0).normal(scale=0.01, size=actual.shape))
    options = replace(a_recipe().combination, warm_up=4, groups="sector", candidates=("median", "best"))

    combined = combine_as_asked(replayed, options, SERIES)

    assert isinstance(combined.choice, ByGroup)
    assert "by group: best member" == combined.choice.name
    np.testing.assert_allclose(combined.points[-1], [[0, 1, 0, 0]] * 2)


def test_a_bundle_keeps_the_choice_of_each_group(tmp_path: Path) -> None:
    bundle = a_bundle()
    members = len(bundle.members)
    leader, by_step = np.zeros(members), np.full((members, bundle.recipe.horizon), 1 / members)
    leader[1] = 1.0
    choice = ByGroup(
        of=np.array([1, 0, 1]),
        choices=(
            Choice(name="best member", rule="median", weights=leader),
            Choice(name="least squares", rule="mean", weights=by_step),
        ),
    )
    golden = combine(np.stack([member.forecast() for member in bundle.members.values()]), choice)
    grouped = seal(replace(bundle, choice=choice, golden=golden))

    loaded = load_bundle(tmp_path / save_bundle(grouped, tmp_path / grouped.digest))

    assert [] == loaded.problems()
    assert "by group: best member, least squares" == loaded.choice.name
    np.testing.assert_array_equal(grouped.points(), loaded.points())
    assert seal(loaded).digest == grouped.digest


@settings(max_examples=8)
@given(seed=st.integers(0, 1000), cut=st.integers(0, 89))
def test_groups_and_drift_read_outcomes_that_had_arrived_only(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(90, 3, 4))
    cutoff, step = np.indices(errors.shape[:2])
    other = np.where((cutoff + step + 1 > cut)[..., None], 9 * errors, errors)
    recipe = a_recipe(horizon=3)
    options = replace(recipe.intervals, groups="phase", drift_reset=True, tracking_start=8, method="conformal_pid")
    around = surroundings_of(replace(recipe, intervals=options), a_replay(errors), SERIES, MONTHLY)

    told, untold = (
        calibrate(values, 3, options, available=60, surroundings=around).offsets for values in (errors, other)
    )

    np.testing.assert_array_equal(told[: cut + 1], untold[: cut + 1])
