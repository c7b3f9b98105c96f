"""The scene of a cycle against hand numbers: grid, gaps, scales, groups, cutoffs that are not complete."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.rules.context import Scene, context_of
from pulse_kedro.domain.rules.learning import advance, shifts_of
from pulse_kedro.domain.rules.rulebook import empty_rulebook
from pulse_kedro.domain.rules.scene import SHIFT_COLUMNS, ruled, scene_of, tabulate_shifts
from rule_samples import LATER, TERMS, in_force

RECIPE, OTHER = "a" * 64, "b" * 64
DAYS = pd.date_range("2020-01-06", periods=12, freq="D")
FREQ = frequency("daily")
ROWS = [
    # unique_id, cutoff, step, y_hat, scale
    ("x", 5, 1, 10.0, 2.0),
    ("x", 5, 2, 11.0, 2.0),
    ("y", 5, 1, 20.0, 4.0),
    ("y", 5, 2, 21.0, 4.0),
    ("x", 6, 1, 12.0, 2.0),
    ("x", 6, 2, 13.0, 2.0),
]
OPEN = [("x", 7, 1, 14.0, 3.0), ("x", 7, 2, 15.0, 3.0), ("x", 8, 1, 16.0, 3.5), ("x", 8, 2, 17.0, 3.5)]
"""Places of cutoffs among the days; the newest day that is known is the ninth, at place 8."""


def table(
    rows: list[tuple[str, int, int, float, float]], recipe: str = RECIPE, model: str = "combination"
) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["unique_id", "at", "step", "y_hat", "scale"])
    found["cutoff"] = DAYS[found.pop("at")]
    return found.assign(recipe=recipe[:12], model=model).astype({"unique_id": "category", "recipe": "category"})


def panel() -> pd.DataFrame:
    """Day numbers for `x`; `y` ended at place 6 and has a gap at place 3."""
    x = pd.DataFrame({"unique_id": "x", "ds": DAYS[:9], "y": np.arange(9.0)})
    y = pd.DataFrame({"unique_id": "y", "ds": DAYS[:7], "y": 100 + np.arange(7.0)}).drop(index=3)
    return pd.concat([x, y], ignore_index=True)


@pytest.fixture
def scene() -> Scene:
    noise = pd.concat([table(ROWS, OTHER), table(ROWS, model="naive")]).assign(y_hat=-1.0)
    return scene_of(
        pd.concat([table(ROWS), noise], ignore_index=True),
        pd.concat([table(OPEN), table(OPEN, OTHER).assign(y_hat=-1.0)], ignore_index=True).drop(columns="model"),
        panel(),
        recipe=RECIPE,
        freq=FREQ,
        as_of=DAYS[8],
        groups={"x": "one", "y": "two"},
    )


def test_cutoffs_and_targets_lie_on_the_grid_of_periods(scene: Scene) -> None:
    assert (("x", "y"), (4, 2, 2)) == (scene.ids, scene.shape)
    assert [6, 7, 8, 9] == scene.places.tolist()  # periods that were known
    assert [True, True, False, False] == scene.complete.tolist()
    assert DAYS[5:9].tolist() == pd.DatetimeIndex(scene.cutoffs).tolist()
    assert [DAYS[6], DAYS[7]] == pd.DatetimeIndex(scene.targets[0]).tolist()
    assert [DAYS[9], DAYS[10]] == pd.DatetimeIndex(scene.targets[-1]).tolist()


def test_history_keeps_its_gaps_and_forecasts_theirs(scene: Scene) -> None:
    assert (9, 2) == scene.y.shape
    assert [3, 7, 8] == np.flatnonzero(np.isnan(scene.y[:, 1])).tolist()
    assert np.isnan(scene.points[1:, :, 1]).all()
    assert np.isnan(scene.scale[1:, 1]).all()
    assert [[10.0, 11.0], [12.0, 13.0], [14.0, 15.0], [16.0, 17.0]] == scene.points[:, :, 0].tolist()
    assert [2.0, 2.0, 3.0, 3.5] == scene.scale[:, 0].tolist()


def test_errors_are_in_units_of_the_scale_and_end_where_outcomes_end(scene: Scene) -> None:
    expected = [[(6 - 10) / 2, (7 - 11) / 2], [(7 - 12) / 2, (8 - 13) / 2], [(8 - 14) / 3, np.nan], [np.nan, np.nan]]

    np.testing.assert_allclose(expected, scene.z[:, :, 0])
    np.testing.assert_allclose([(106 - 20) / 4, np.nan], scene.z[0, :, 1])


def test_what_is_known_of_open_windows_is_a_fact_of_the_newest_cutoff(scene: Scene) -> None:
    """At place 9 the errors of the day before are those of two windows, (8 - 13) / 2 and (8 - 14) / 3: mean -2.25."""
    bias = np.asarray(context_of(scene)["last_bias"], dtype=float)[:, 0, 0]
    alpha = 0.1
    by_day = [-2.0, (-2.0 - 2.5) / 2, (-2.5 - 2.0) / 2]
    weights = [(1 - alpha) ** 2, 1 - alpha, 1]

    assert np.isnan(bias[0])
    assert -2.0 == bias[1]
    np.testing.assert_allclose(np.average(by_day, weights=weights), bias[3])


def test_groups_are_those_of_the_series(scene: Scene) -> None:
    assert ("one", "two") == scene.groups


def test_a_series_that_the_panel_does_not_know_is_left_out() -> None:
    rows = table([*ROWS, ("z", 5, 1, 1.0, 1.0)])

    made = scene_of(rows, table(OPEN), panel(), recipe=RECIPE, freq=FREQ, as_of=DAYS[8], groups={})

    assert ("x", "y") == made.ids
    assert not (made.points == 1.0).any()


def test_nothing_to_learn_from_is_a_scene_without_cutoffs() -> None:
    nothing = table(ROWS).iloc[:0]

    made = scene_of(nothing, nothing, panel(), recipe=RECIPE, freq=FREQ, as_of=DAYS[8], groups={})

    assert (0, 1, 2) == made.shape


def test_of_series_that_never_move_nothing_is_learned() -> None:
    still = table(ROWS).assign(scale=np.nan)
    none_open = table(OPEN)[:0].drop(columns="model").astype(object)

    found = scene_of(still, none_open, panel(), recipe=RECIPE, freq=FREQ, as_of=DAYS[8], groups={})

    assert np.isnan(found.z).all()
    assert "0 of 8 windows" in advance(empty_rulebook(RECIPE), found, TERMS).book.reason


def test_shifts_become_rows_and_move_the_backtest_where_the_rules_were_not_made(scene: Scene) -> None:
    book = in_force(LATER, recipe=RECIPE)  # one scale up, but for the first step

    rows = tabulate_shifts(shifts_of(book, scene, TERMS), scene)
    moved = ruled(table(ROWS), rows, recipe=RECIPE, since=DAYS[6].isoformat())

    assert SHIFT_COLUMNS == tuple(rows.columns)
    assert {(2, 1.0)} == set(zip(rows["step"], rows["shift"], strict=True))
    assert [12.0, 13.0 + 2.0] == moved["y_hat"].tolist()
    assert [DAYS[6]] == moved["cutoff"].unique().tolist()


def test_without_a_rule_there_is_no_row(scene: Scene) -> None:
    rows = tabulate_shifts(np.zeros(scene.shape), scene)

    assert (0, "datetime64[ns]", "float64") == (len(rows), str(rows["cutoff"].dtype), str(rows["shift"].dtype))
