"""Trying a forecaster on files: nothing looks ahead, the order of series does not matter, odd series do no harm."""

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.panel import QUANTILE_LEVELS, Array
from pulse_kedro.forecasting.evaluation import (
    TOO_LONG,
    EvaluationOptions,
    HistoriesTooShort,
    members_for,
    plan_origins,
    try_forecaster,
)
from pulse_kedro.forecasting.recipe import (
    CombinationOptions,
    IntervalOptions,
    MemberOptions,
    RecipeOptions,
)
from pulse_kedro.forecasting.trial import OUTLYING, Scores, Trial, align_right, score, spread

H, M = 3, 4
OPTIONS = EvaluationOptions(origins=5, warm_up=2, pooling=10, slow=(), loss="relative")
RECIPE = RecipeOptions(
    horizon=H,
    season_length=M,
    members=(
        MemberOptions(kind="naive"),
        MemberOptions(kind="seasonal_naive"),
        MemberOptions(kind="last_ridge", look_back=4, refresh=H),
        MemberOptions(kind="log_ridge", look_back=4, refresh=H),
        MemberOptions(kind="drift_ridge", look_back=4, refresh=H),
        MemberOptions(kind="local_ridge", look_back=4),
    ),
    combination=CombinationOptions(warm_up=24, standard_errors=1.0),
    intervals=IntervalOptions(calibration_cutoffs=12, tracking_start=2, pooling=10, learning_rate=0.1, widest=4.0),
)
LOG = 3


def panel(series: int = 8, periods: int = 44, seed: int = 0) -> list[Array]:
    """Positive random walks with a season, of different lengths."""
    rng = np.random.default_rng(seed)
    season = 1 + 0.2 * np.sin(2 * np.pi * np.arange(periods) / M)
    return [
        (season * np.exp(np.cumsum(rng.normal(0, 0.05, periods))) * 100)[-(periods - 2 * column) :]
        for column in range(series)
    ]


def attempt(histories: list[Array], recipe: RecipeOptions = RECIPE) -> Trial:
    return try_forecaster(histories, recipe, OPTIONS, scored_season=1)


def scored(histories: list[Array], actual: Array) -> tuple[Trial, Scores]:
    trial = attempt(histories)
    return trial, score(trial, actual, histories, season_length=1)


def test_values_after_an_origin_change_nothing_at_it() -> None:
    histories = panel()
    changed = [np.concatenate([history[: -2 * H], history[-2 * H :] * 7 + 1000]) for history in histories]

    before, after = attempt(histories), attempt(changed)

    past = slice(0, before.origins - 1)  # origins up to the one that lies two horizons before the end
    np.testing.assert_array_equal(before.points[:, past], after.points[:, past])
    np.testing.assert_array_equal(before.combined[past], after.combined[past])
    np.testing.assert_array_equal(before.units[past], after.units[past])
    assert not np.array_equal(before.points[:, -1], after.points[:, -1])


def test_an_origin_of_the_past_is_the_end_of_a_shorter_history() -> None:
    histories = panel()

    whole, cut = attempt(histories), attempt([history[:-H] for history in histories])

    np.testing.assert_allclose(whole.points[:, -2], cut.points[:, -1], rtol=1e-9)


def test_the_order_of_series_does_not_matter() -> None:
    histories = panel()
    order = np.random.default_rng(1).permutation(len(histories))

    one, other = attempt(histories), attempt([histories[column] for column in order])

    assert one.choice == other.choice
    np.testing.assert_allclose(one.points[..., order], other.points, rtol=1e-6)
    for mine, theirs in zip(one.forecast(), other.forecast(), strict=True):
        np.testing.assert_allclose(mine[:, order], theirs, rtol=1e-6)


def test_gaps_before_the_first_value_do_not_matter() -> None:
    histories = panel()

    padded = attempt([np.concatenate([np.full(44 - len(history), np.nan), history]) for history in histories])

    np.testing.assert_array_equal(attempt(histories).points, padded.points)


@settings(max_examples=15)
@given(st.integers(0, 2**16), st.integers(1, 6))
def test_intervals_are_ordered_finite_and_around_the_point(seed: int, series: int) -> None:
    trial = attempt(panel(series, seed=seed))

    for points, quantiles in (trial.forecast(), *(made[1:] for made in trial.member_forecasts())):
        assert (H, series, len(QUANTILE_LEVELS)) == quantiles.shape
        assert np.isfinite(points).all()
        assert np.isfinite(quantiles).all()
        assert (np.diff(quantiles, axis=2) >= 0).all()


def test_the_step_is_told_for_every_member_and_the_combination() -> None:
    told: list[str] = []

    trial = try_forecaster(panel(), RECIPE, OPTIONS, scored_season=1, step=told.append)

    assert [*trial.members, "combination"] == told
    assert len(trial.members) == len(trial.seconds) == len(trial.abstained) == len(members_for(panel(), RECIPE))


def test_a_member_that_abstains_is_counted_and_the_last_value_stands_there() -> None:
    histories = [*panel(), np.array([5.0, 6.0])]

    trial = attempt(histories)

    counted = dict(zip(trial.members, trial.abstained, strict=True))
    assert [0, 1, 1] == [counted[name] for name in ("naive", "seasonal_naive", "last_ridge_4")]
    forecasts = {name: points[:, -1].tolist() for name, points, _ in trial.member_forecasts()}
    assert [6.0] * H == forecasts["last_ridge_4"] == forecasts["naive"]


def test_a_series_of_one_value_borrows_its_unit_from_the_others() -> None:
    histories = [*panel(), np.array([100.0])]

    points, quantiles = attempt(histories).forecast()

    assert [100.0] * H == points[:, -1].tolist()
    widths = np.ptp(quantiles, axis=2)
    share = widths[:, -1] / 100 / np.median(widths[:, :-1] / [history[-1] for history in panel()], axis=1)
    assert ((0.3 < share) & (share < 3)).all()


def test_the_log_member_abstains_where_values_are_not_positive() -> None:
    histories = panel()
    histories[2] = histories[2] - 150

    trial = attempt(histories)

    assert np.isnan(trial.points[LOG, -1, :, 2]).all()
    assert not np.isnan(trial.points[LOG, -1][:, [0, 1, 3]]).any()
    assert 1 == trial.abstained[LOG]


def test_members_whose_windows_are_longer_than_the_histories_are_left_out_and_named() -> None:
    long = MemberOptions(kind="last_ridge", look_back=500)
    recipe = replace(RECIPE, members=(*RECIPE.members, long))

    trial = attempt(panel(), recipe)

    assert RECIPE.members == members_for(panel(), recipe)
    assert {"last_ridge_500": TOO_LONG} == trial.skipped


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_series_that_never_move_are_continued_and_do_not_touch_the_others(level: float) -> None:
    flat = np.full(40, level)

    alone, together = attempt(panel()), attempt([*panel(), flat])

    points, quantiles = together.forecast()
    assert [level] * H == pytest.approx(points[:, -1])
    assert np.all(quantiles[:, -1] == points[:, -1, None])
    np.testing.assert_allclose(alone.points[:, -1], together.points[:, -1, :, :-1], rtol=1e-9)


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_a_panel_that_never_moves_has_scores_without_nan(level: float) -> None:
    histories = [np.full(40, level)] * 3

    _, scores = scored(histories, np.full((H, 3), level))

    assert [0.0, None, None, None] == [
        scores.combination.smape, scores.combination.mase, scores.combination.owa, scores.combination.msis
    ]  # fmt: skip
    assert 1.0 == scores.combination.coverage_95


@pytest.mark.parametrize("place", [-1, -5, 20])
@pytest.mark.parametrize("size", [1e6, 1e12, -1e12])
def test_one_huge_value_moves_the_forecasts_of_other_series_within_bounds(place: int, size: float) -> None:
    histories = panel()
    struck = [history.copy() for history in histories]
    struck[0][place] = size

    calm, hit = attempt(histories), attempt(struck)

    others = np.array([np.std(np.diff(history)) for history in histories[1:]])
    ridges = np.abs(calm.points[:, -1, :, 1:] - hit.points[:, -1, :, 1:]) / others
    assert ridges.max() < 3
    (points, quantiles), (moved, wider) = calm.forecast(), hit.forecast()
    assert (np.abs(points - moved)[:, 1:] / others).max() < 3
    width, widened = (np.ptp(made, axis=2)[:, 1:] for made in (quantiles, wider))
    assert (widened / width).max() < 40


def test_a_member_that_was_silent_until_now_has_the_spread_of_the_combination() -> None:
    trial = attempt(panel())
    late = trial.points.copy()
    late[2, :-1] = np.nan

    made = list(replace(trial, points=late).member_forecasts())[2]

    _, combined = trial.forecast()
    np.testing.assert_allclose(np.ptp(made[2], axis=2), np.ptp(combined, axis=2))


def test_errors_far_outside_of_the_panel_count_as_far_outside() -> None:
    errors = np.random.default_rng(0).normal(size=(6, H, 50))
    units = np.ones((7, 50))
    calm = spread(errors, units, pooling=10)
    errors[-1, :, 0] = 1e15

    hit = spread(errors, units, pooling=10)

    assert (hit[:, 1:] / calm[:, 1:]).max() < OUTLYING
    assert np.abs(hit).max() < 1e4


def test_a_horizon_longer_than_the_histories_is_refused_with_both() -> None:
    with pytest.raises(HistoriesTooShort) as refused:
        attempt(panel(periods=22), replace(RECIPE, horizon=30))

    expected = (
        "Evaluating a forecaster failed: got a median history of 15 values, expected more than 60 for a horizon of 30."
    )
    assert str(refused.value).startswith(expected)


@given(st.integers(1, 400), st.integers(1, 60), st.sampled_from([1, 4, 12, 24, 52, 168]))
def test_every_planned_origin_leaves_more_than_a_horizon(median: int, horizon: int, m: int) -> None:
    try:
        origins = plan_origins([median], horizon, m, OPTIONS)
    except HistoriesTooShort:
        assert median < 2 * horizon + 1
        return
    assert 1 <= origins <= OPTIONS.origins
    assert median - origins * horizon > horizon


@settings(max_examples=25)
@given(st.integers(0, 2**16), st.data())
def test_no_score_is_nan_or_infinite_whatever_the_series(seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    kinds = data.draw(st.lists(st.sampled_from(range(7)), min_size=1, max_size=5))
    made = [odd(kind, rng) for kind in kinds]
    actual = np.stack([whole[-H:] for whole in made], axis=1)
    actual[data.draw(st.integers(0, H - 2)), 0] = np.nan

    _, scores = scored([whole[:-H] for whole in made], actual)

    for found in (*scores.models.values(), scores.combination, scores.naive2):
        assert all(value is None or math.isfinite(value) for value in asdict(found).values())
        assert 0 <= found.smape <= 200


def odd(kind: int, rng: np.random.Generator) -> Array:
    """A series of an unusual kind, with what follows it."""
    walk = np.cumsum(rng.normal(size=40))
    return {
        0: np.zeros(40),
        1: np.full(40, 3.0),
        2: walk,
        3: walk * 1e9,
        4: np.where(rng.random(40) < 0.7, 0.0, rng.poisson(3, 40)).astype(float),
        5: np.concatenate([np.full(36, 2.0), walk[:4]]),
        6: np.where(np.arange(40) == 30, 1e30, np.abs(walk) + 1),
    }[kind]


def test_histories_end_at_the_same_row() -> None:
    found = align_right([np.array([1.0, 2.0]), np.array([3.0])], 3)

    np.testing.assert_array_equal([[np.nan, np.nan], [1, np.nan], [2, 3]], found)
