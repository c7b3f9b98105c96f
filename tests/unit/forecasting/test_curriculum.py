"""Which windows a network sees: complete ones, split without overlap, weighed by age, with a share of the past."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from miniature import waves
from network_samples import CURRICULUM
from pulse_kedro.forecasting.curriculum import CurriculumOptions, Windows, decay, find_windows, replayed, split
from pulse_kedro.forecasting.windows import WindowSchema, cut_windows

SCHEMA = WindowSchema(variant="level", look_back=4, horizon=3, season_length=2, intercept=True, clip=8.0)


def panel(seed: int, *, periods: int = 40, series: int = 3, gaps: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = waves(seed, periods=periods, series=series)
    y[rng.random(y.shape) < gaps] = np.nan
    y[5:30, 0] = 7.0  # flat for a while
    return y


def evenly(origins: list[int]) -> Windows:
    return Windows(origins=np.array(origins), columns=np.zeros(len(origins), dtype=int), weights=np.ones(len(origins)))


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), gaps=st.sampled_from([0.0, 0.05, 0.3]))
def test_windows_are_those_that_the_ridge_learns_from(seed: int, gaps: float) -> None:
    y = panel(seed, gaps=gaps)
    windows = find_windows(SCHEMA, y)

    assert len(cut_windows(SCHEMA, y, len(y)).design) == len(windows)
    for origin, column in zip(windows.origins, windows.columns, strict=True):
        held = y[origin - SCHEMA.history + 1 : origin + SCHEMA.horizon + 1, column]
        assert SCHEMA.span == len(held)
        assert not np.isnan(held).any()
        assert held[: SCHEMA.history].std() > 0


def test_a_stride_counts_from_the_first_period() -> None:
    every, third = find_windows(SCHEMA, panel(0)), find_windows(SCHEMA, panel(0), stride=3)

    assert set(third.origins) == {origin for origin in every.origins if (origin - SCHEMA.history + 1) % 3 == 0}


def test_a_panel_shorter_than_a_window_has_none() -> None:
    assert 0 == len(find_windows(SCHEMA, panel(0, periods=SCHEMA.span - 1)))


@given(held_out=st.integers(1, 20))
def test_no_target_is_both_learned_and_held_out(held_out: int) -> None:
    windows = find_windows(SCHEMA, panel(1, gaps=0.0))
    learned, chosen_by = split(windows, SCHEMA, known=40, held_out=held_out)
    first = 40 - max(held_out, SCHEMA.horizon)

    assert all(learned.origins + SCHEMA.horizon < first)
    assert all(chosen_by.origins + 1 >= first)
    assert len(chosen_by) > 0


def test_weights_halve_with_each_half_life_and_have_mean_one() -> None:
    weights = decay(np.array([0, 10, 20]), half_life=10, newest=20)

    np.testing.assert_allclose([0.25, 0.5, 1.0], weights / weights[-1])
    assert 1.0 == pytest.approx(weights.mean())
    assert [1.0, 1.0] == decay(np.array([0, 9]), half_life=None, newest=9).tolist()


def test_new_windows_are_all_taken_and_old_ones_come_from_every_stretch_alike() -> None:
    chosen = replayed(evenly(list(range(100))), since=80, options=CURRICULUM, seed=1)

    assert set(range(80, 100)) <= set(chosen.origins)
    assert [5, 5, 5, 5] == [
        int(((chosen.origins >= low) & (chosen.origins < low + 20)).sum()) for low in (0, 20, 40, 60)
    ]
    again = replayed(evenly(list(range(100))), since=80, options=CURRICULUM, seed=1)
    assert chosen.origins.tolist() == again.origins.tolist()


def test_without_new_windows_everything_is_replayed() -> None:
    windows = evenly(list(range(10)))

    assert windows is replayed(windows, since=50, options=CURRICULUM, seed=1)


@pytest.mark.parametrize("wrong", [{"stride": 0}, {"half_life": 0}, {"replay": -1}, {"strata": 0}, {"typo": 1}])
def test_wrong_options_are_refused(wrong: dict[str, float]) -> None:
    right = {"stride": 1, "half_life": None, "validation": 1, "windows_per_epoch": None, "replay": 1, "strata": 4}

    assert CurriculumOptions(**right) == CURRICULUM
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        CurriculumOptions(**(right | wrong))
