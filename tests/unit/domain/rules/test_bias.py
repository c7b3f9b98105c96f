"""The bias table finds a planted lean, and its errors respect overlapping forecasts."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.rules.bias import BIAS_COLUMNS, groups, tabulate

RECIPE = "a" * 64
SERIES = pd.DataFrame({"unique_id": ["x1", "x2", "FOODS"], "title": ["Mining: Coal", "Mining", "FOODS"]})


def backtest(*, cutoffs: int = 48, horizon: int = 12, lean: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Forecasts of 0 for noise that is `lean` too high in March, scale 2; overlapping targets share their noise."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2010-01-01", periods=cutoffs + horizon, freq="MS")
    actual = 2 * (rng.normal(scale=0.1, size=(len(times), 3)) + lean * (times.month == 3)[:, None])
    rows = pd.MultiIndex.from_product([range(cutoffs), range(1, horizon + 1), range(3)], names=["at", "step", "series"])
    frame = rows.to_frame(index=False)
    target = (frame["at"] + frame["step"]).to_numpy()
    return pd.DataFrame(
        {
            "unique_id": SERIES["unique_id"].to_numpy()[frame["series"]],
            "cutoff": times[frame["at"]],
            "ds": times[target],
            "step": frame["step"],
            "model": "combination",
            "recipe": RECIPE[:12],
            "y": actual[target, frame["series"]],
            "y_hat": 0.0,
            "scale": 2.0,
        }
    )


def test_planted_bias_is_found_in_its_month_and_nowhere_else() -> None:
    table = tabulate(backtest(lean=0.5), SERIES, RECIPE, "monthly")

    months = table[table["kind"] == "month"].set_index("slice")
    strong = months.index[(months["mean_residual"] / months["standard_error"]).abs() > 5]
    assert ["03"] == list(strong)
    assert abs(months.loc["03", "mean_residual"] - 0.5) < 0.1
    assert set(BIAS_COLUMNS) == set(table.columns)


@pytest.mark.parametrize(
    ("frequency", "step", "kind", "slices"),
    [
        ("hourly", "h", "hour", [f"{hour:02d}" for hour in range(24)]),
        ("daily", "D", "weekday", [f"{day:02d}" for day in range(1, 8)]),
        ("weekly", "W-MON", "month", [f"{month:02d}" for month in range(1, 13)]),
        ("quarterly", "QS", "quarter", ["01", "02", "03", "04"]),
    ],
)
def test_season_is_that_of_the_frequency(frequency: str, step: str, kind: str, slices: list[str]) -> None:
    rows = backtest(cutoffs=12)
    times = pd.date_range("2019-01-07", periods=len(rows), freq=step)
    table = tabulate(rows.assign(ds=times), SERIES, RECIPE, frequency)

    assert {kind, "horizon", "group"} == set(table["kind"])
    assert slices == sorted(table.loc[table["kind"] == kind, "slice"])


def test_every_row_is_counted_once_per_kind() -> None:
    rows = backtest()

    table = tabulate(rows, SERIES, RECIPE, "monthly")

    assert {"group": len(rows), "horizon": len(rows), "month": len(rows)} == table.groupby("kind")["n"].sum().to_dict()
    assert ["01", "02", "03"] == table.loc[table["kind"] == "horizon", "slice"].tolist()[:3]


def test_standard_error_of_overlapping_forecasts_is_larger_than_that_of_independent_rows() -> None:
    rows = backtest()
    march = rows[rows["ds"].dt.month == 3]

    table = tabulate(rows, SERIES, RECIPE, "monthly").set_index(["kind", "slice"])

    naive = (march["y"] / 2).std() / np.sqrt(len(march))
    assert table.loc[("month", "03"), "standard_error"] > 2 * naive


def test_only_the_serving_combination_with_a_scale_is_measured() -> None:
    rows = backtest(cutoffs=12)
    others = [rows.assign(model="naive", y=1e9), rows.assign(recipe="b" * 12, y=1e9), rows.assign(scale=0.0, y=1e9)]

    expected = tabulate(rows, SERIES, RECIPE, "monthly")

    pd.testing.assert_frame_equal(expected, tabulate(pd.concat([rows, *others]), SERIES, RECIPE, "monthly"))


def test_categorical_columns_give_the_same_table() -> None:
    rows = backtest(cutoffs=12)
    typed = rows.astype({"unique_id": "category", "model": "category", "recipe": "category", "step": "int16"})

    pd.testing.assert_frame_equal(tabulate(rows, SERIES, RECIPE, "monthly"), tabulate(typed, SERIES, RECIPE, "monthly"))


def test_one_cutoff_has_no_standard_error() -> None:
    assert tabulate(backtest(cutoffs=1), SERIES, RECIPE, "monthly")["standard_error"].isna().all()


def test_no_backtest_gives_an_empty_table() -> None:
    table = tabulate(backtest().head(0), SERIES, RECIPE, "monthly")

    assert (0, BIAS_COLUMNS) == (len(table), tuple(table.columns))


def test_group_is_the_title_before_the_colon_or_the_start_of_the_id() -> None:
    assert {"x1": "Mining", "x2": "Mining", "FOODS": "FOO"} == groups(SERIES)
