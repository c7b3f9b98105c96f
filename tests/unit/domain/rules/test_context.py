"""Facts of a scene against slow loops and hand-worked numbers."""

from dataclasses import replace

import numpy as np
import pytest

from pulse_kedro.domain.rules.context import FADING, Scene, context_of
from rule_samples import FIRST, a_scene


def a_small_scene(**changes: object) -> Scene:
    """Two cutoffs of weekly horizon 3 on quarters: after 8 and after 9 values."""
    y = np.array([[1.0, 2, 3, 4, 3, 4, 5, 6, 9, 9, 9]]).T
    scene = Scene(
        y=y,
        places=np.array([8, 9]),
        points=np.array([[5.0, 7, 7], [7, 7, 8]])[:, :, None],
        actual=np.stack([y[8:11], np.array([[9.0], [9], [np.nan]])]),
        scale=np.array([[2.0], [4.0]]),
        ids=("a",),
        season=4,
        frequency="quarterly",
        cutoffs=np.array(["2001-10-01", "2002-01-01"], dtype="datetime64[s]"),
        targets=np.array(
            [["2002-01-01", "2002-04-01", "2002-07-01"], ["2002-04-01", "2002-07-01", "2002-10-01"]],
            dtype="datetime64[s]",
        ),
    )
    return replace(scene, **changes)


def slow_last_bias(scene: Scene) -> np.ndarray:
    """Errors by the time of their target, averaged, then faded one by one."""
    found = np.full((len(scene.places), scene.points.shape[2]), np.nan)
    keep = (1 - FADING) ** (1 / scene.stride)
    for cutoff, place in enumerate(scene.places):
        for series in range(found.shape[1]):
            total = weight = 0.0
            for time in range(int(scene.places[0]), int(place)):
                errors = [
                    scene.z[other, time - start, series]
                    for other, start in enumerate(scene.places)
                    if 0 <= time - start < scene.points.shape[1]
                ]
                errors = [error for error in errors if np.isfinite(error)]
                if errors:
                    total, weight = keep * total + np.mean(errors), keep * weight + 1
            if weight:
                found[cutoff, series] = total / weight
    return found


def test_states_by_hand() -> None:
    context = context_of(a_small_scene())

    np.testing.assert_allclose(context["trend"][:, 0, 0], [(4.5 - 2.5) / 2, (6 - 3) / 4])
    np.testing.assert_allclose(context["volatility"][:, 0, 0], [2 / 2, (2 + 2 + 2 + 6) / 4 / 4])
    np.testing.assert_allclose(context["rise"][0, :, 0], [0.25, 1.25, 1.25])
    np.testing.assert_allclose(context["beyond_naive"][:, :, 0], [[1.0, 1.5, 1.0], [0.75, 0.5, 0.5]])
    np.testing.assert_allclose(context["last_bias"][:, 0, 0], [np.nan, (9 - 5) / 2])
    assert context["quarter"][:, :, 0].tolist() == [["1", "2", "3"], ["2", "3", "4"]]
    assert context["step"].ravel().tolist() == [1, 2, 3]


def test_one_series_has_no_name_and_one_group_none() -> None:
    assert {"series", "group"}.isdisjoint(context_of(a_small_scene(groups=("all",))))


def test_series_and_groups_are_told_apart() -> None:
    scene = a_scene(np.zeros((42, 3)))
    context = context_of(replace(scene, groups=("x", "y", "x")))

    assert context["series"].ravel().tolist() == ["a", "b", "c"]
    assert context["group"].ravel().tolist() == ["x", "y", "x"]
    assert "group" not in context_of(replace(scene, groups=("x", "y", "z")))


def test_more_series_than_a_condition_may_list_have_no_name() -> None:
    scene = a_scene(np.zeros((42, 65)))

    assert "series" not in context_of(replace(scene, ids=tuple(map(str, range(65)))))


def test_dates_that_mean_nothing_are_not_asked() -> None:
    assert "weekday" in context_of(a_scene(np.zeros((42, 1))))
    assert {"weekday", "month"}.isdisjoint(context_of(replace(a_scene(np.zeros((42, 1))), dated=False)))


def test_calendar_of_days_and_hours() -> None:
    scene = a_scene(np.zeros((42, 1)))
    assert context_of(scene)["weekday"][0, :, 0].tolist() == list("1234567")
    assert context_of(scene)["month"][0, :, 0].tolist() == ["02"] * 7

    hours = np.datetime64("2020-02-02T22:00", "s") + np.arange(7) * np.timedelta64(1, "h")
    hourly = context_of(replace(scene, frequency="hourly", targets=np.broadcast_to(hours, (2, 7))))
    assert hourly["hour"][0, :4, 0].tolist() == ["22", "23", "00", "01"]
    assert hourly["weekday"][0, :4, 0].tolist() == ["7", "7", "1", "1"]


@pytest.mark.parametrize(("horizon", "stride"), [(7, 7), (7, 2), (3, 5), (1, 1)])
def test_last_bias_against_a_slow_loop(horizon: int, stride: int) -> None:
    rng = np.random.default_rng([horizon, stride])
    errors = rng.normal(size=(FIRST + 40, 2))
    errors[rng.random(errors.shape) < 0.1] = np.nan
    scene = a_scene(errors, horizon=horizon, stride=stride)

    np.testing.assert_allclose(context_of(scene)["last_bias"][:, 0], slow_last_bias(scene), rtol=1e-10)


def test_gaps_are_left_out_and_a_scale_of_zero_tells_nothing() -> None:
    errors = np.ones((42, 2))
    errors[:35, 1] = np.nan
    scene = replace(a_scene(errors), scale=np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]))
    context = context_of(scene)

    assert np.isnan(scene.z[:, :, 0]).all()
    assert np.isnan(context["trend"]).all()
    assert np.isnan(context["rise"][0]).all()
    np.testing.assert_array_equal(context["rise"][2, 0], [np.nan, -1.0])


@pytest.mark.parametrize(("horizon", "stride", "overlap"), [(7, 7, 1), (7, 2, 4), (3, 5, 1), (12, 1, 12)])
def test_overlap_counts_cutoffs_that_share_targets(horizon: int, stride: int, overlap: int) -> None:
    scene = a_scene(np.zeros((60, 1)), horizon=horizon, stride=stride)

    assert (scene.stride, scene.overlap) == (stride, overlap)


def test_a_single_cutoff_overlaps_with_nothing() -> None:
    scene = a_scene(np.zeros((FIRST + 3, 1)))

    assert (len(scene.places), scene.overlap, scene.complete.tolist()) == (1, 1, [False])
