"""The table of scores against a slow loop over series and cutoffs."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pulse_kedro.domain.history import SCORE_COLUMNS
from pulse_kedro.domain.metrics.losses import mase, rmsse, smape, theil_u2, theil_u2_levels, wis
from pulse_kedro.domain.metrics.scores import PAIRED, score_rows
from pulse_kedro.domain.metrics.targets import BEST
from pulse_kedro.domain.panel import QUANTILE_COLUMNS, QUANTILE_LEVELS, frequency

FREQ = frequency("quarterly")
SEASON, PERIODS, STEPS, CUTOFFS = FREQ.season_length, 40, 3, 4
TIMES = pd.period_range("2005Q1", periods=PERIODS, freq="Q").to_timestamp()


def make_panel(ids: tuple[str, ...] = ("a", "b", "c")) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    return pd.concat(
        [
            pd.DataFrame({"unique_id": name, "ds": TIMES, "y": 50 * (i + 1) + rng.normal(size=PERIODS).cumsum()})
            for i, name in enumerate(ids)
        ],
        ignore_index=True,
    )


def make_backtest(panel: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    rows = []
    for name, group in panel.groupby("unique_id"):
        y = group["y"].to_numpy()
        for at in range(PERIODS - STEPS - CUTOFFS, PERIODS - STEPS):
            scale = np.mean(np.abs(y[SEASON : at + 1] - y[: at + 1 - SEASON]))
            for step in range(1, STEPS + 1):
                for model in ("combination", "naive"):
                    point = y[at] + (model == "combination") * rng.normal()
                    row = {"unique_id": name, "cutoff": TIMES[at], "ds": TIMES[at + step], "step": step, "model": model}
                    row |= {"recipe": "abc", "y": y[at + step], "y_hat": point, "scale": scale}
                    spread = (np.array(QUANTILE_LEVELS) - 0.5) * 4 if model == "combination" else np.nan
                    rows.append(row | dict(zip(QUANTILE_COLUMNS, point + spread * np.ones(13), strict=True)))
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return make_panel()


@pytest.fixture(scope="module")
def backtest(panel: pd.DataFrame) -> pd.DataFrame:
    return make_backtest(panel)


def known_at(panel: pd.DataFrame, name: str, cutoff: pd.Timestamp) -> np.ndarray:
    return panel.loc[(panel["unique_id"] == name) & (panel["ds"] <= cutoff), "y"].to_numpy()


def pick(scores: pd.DataFrame, metric: str, model: str = "combination", **where: object) -> float:
    where = {"level": "overall", "unique_id": "", "step": 0} | where
    found = scores[(scores["metric"] == metric) & (scores["model"] == model)]
    for column, value in where.items():
        found = found[found[column] == value]
    return float(found["value"].item())


def panel_mean(backtest: pd.DataFrame, loss: Callable[[pd.DataFrame], float]) -> float:
    """Loss per path, mean over series, then over cutoffs; the slow way."""
    rows = backtest[backtest["model"] == "combination"]
    paths = {key: loss(path) for key, path in rows.groupby(["cutoff", "unique_id"])}
    return float(pd.Series(paths).groupby(level=0).mean().mean())


def test_scores_equal_a_loop_over_paths(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    def squared_scale(path: pd.DataFrame) -> float:
        y = known_at(panel, path["unique_id"].iloc[0], path["cutoff"].iloc[0])
        return float(np.mean((y[SEASON:] - y[:-SEASON]) ** 2))

    scores = score_rows(backtest, panel, FREQ)

    expected = {
        "mase": panel_mean(backtest, lambda p: mase(p["y"].to_numpy(), p["y_hat"].to_numpy(), p["scale"].to_numpy())),
        "rmsse": panel_mean(backtest, lambda p: rmsse(p["y"].to_numpy(), p["y_hat"].to_numpy(), squared_scale(p))),
        "smape": panel_mean(backtest, lambda p: smape(p["y"].to_numpy(), p["y_hat"].to_numpy())),
        "wis": panel_mean(
            backtest,
            lambda p: np.mean(
                wis(p["y"].to_numpy(), p[list(QUANTILE_COLUMNS)].to_numpy().T, QUANTILE_LEVELS) / p["scale"]
            ),
        ),
        "coverage_80": panel_mean(backtest, lambda p: ((p["q100"] <= p["y"]) & (p["y"] <= p["q900"])).mean()),
        "coverage_95": panel_mean(backtest, lambda p: ((p["q025"] <= p["y"]) & (p["y"] <= p["q975"])).mean()),
        "uncertainty": panel_mean(
            backtest,
            lambda p: np.mean(np.polyfit(norm.ppf(QUANTILE_LEVELS), p[list(QUANTILE_COLUMNS)].T, 1)[0] / p["scale"]),
        ),
    }
    for metric, value in expected.items():
        np.testing.assert_allclose(value, pick(scores, metric), rtol=1e-12, err_msg=metric)


def test_what_the_combination_did_at_each_cutoff_averages_to_its_score(
    panel: pd.DataFrame, backtest: pd.DataFrame
) -> None:
    scores = score_rows(backtest, panel, FREQ)

    by_cutoff = scores[scores["level"] == "cutoff"]
    assert {"combination"} == set(by_cutoff["model"])
    assert set(PAIRED) == set(by_cutoff["metric"])
    assert sorted(when.isoformat() for when in backtest["cutoff"].unique()) == sorted(set(by_cutoff["unique_id"]))
    for metric, rows in by_cutoff.groupby("metric"):
        np.testing.assert_allclose(pick(scores, str(metric)), rows["value"].mean(), rtol=1e-12, err_msg=str(metric))
    assert set(BEST) >= set(PAIRED)


def test_theil_u2_of_the_no_change_forecast_is_one(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    scores = score_rows(backtest, panel, FREQ)

    naive = scores[(scores["metric"] == "theil_u2") & (scores["model"] == "naive")]
    np.testing.assert_allclose(1.0, naive["value"])


def test_theil_u2_of_a_series_is_taken_over_all_its_paths(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    rows = backtest[(backtest["model"] == "combination") & (backtest["unique_id"] == "b")]
    last = np.array([known_at(panel, "b", cutoff)[-1] for cutoff in rows["cutoff"]])

    scores = score_rows(backtest, panel, FREQ)

    expected = theil_u2(rows["y"].to_numpy(), rows["y_hat"].to_numpy(), last)
    np.testing.assert_allclose(expected, pick(scores, "theil_u2", level="series", unique_id="b"))
    one = rows["step"] == 2
    by_step = theil_u2(rows.loc[one, "y"].to_numpy(), rows.loc[one, "y_hat"].to_numpy(), last[one])
    alone = score_rows(rows, panel, FREQ)
    np.testing.assert_allclose(by_step, pick(alone, "theil_u2", level="horizon", step=2))


def test_series_that_touches_zero_is_judged_in_levels(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    cutoff = backtest["cutoff"].min()
    at_zero = panel.assign(y=panel["y"].where((panel["unique_id"] != "a") | (panel["ds"] != cutoff), 0.0))
    rows = backtest[(backtest["model"] == "combination") & (backtest["unique_id"] == "a")]
    last = np.array([known_at(at_zero, "a", when)[-1] for when in rows["cutoff"]])

    scores = score_rows(backtest, at_zero, FREQ)

    expected = theil_u2_levels(rows["y"].to_numpy(), rows["y_hat"].to_numpy(), last)
    np.testing.assert_allclose(expected, pick(scores, "theil_u2", level="series", unique_id="a"))
    assert pick(scores, "level_form_series") == 1


def test_series_without_scale_is_excluded_and_counted(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    broken = backtest.assign(scale=backtest["scale"].where(backtest["unique_id"] != "c", 0.0))
    rest = backtest[backtest["unique_id"] != "c"]

    scores = score_rows(broken, panel, FREQ)

    assert pick(scores_of := score_rows(rest, panel, FREQ), "mase") == pick(scores, "mase")
    assert pick(scores_of, "wis") == pick(scores, "wis")
    assert pick(scores, "unscaled_series") == 1
    counts = scores[(scores["level"] == "overall") & (scores["model"] == "combination")].set_index("metric")["n"]
    assert counts["smape"] - counts["mase"] == CUTOFFS * STEPS
    assert np.isnan(pick(scores, "mase", level="series", unique_id="c"))


def test_interval_metrics_exist_only_for_models_with_intervals(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    scores = score_rows(backtest, panel, FREQ)

    with_intervals = scores.loc[scores["metric"].isin(["wis", "coverage_80", "coverage_95"]), "model"]
    assert {"combination"} == set(with_intervals)


def test_cutoff_that_is_half_resolved_weighs_as_much_as_the_others(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    newest = backtest["cutoff"].max()
    part = backtest[(backtest["cutoff"] != newest) | (backtest["step"] == 1)]

    scores = score_rows(part, panel, FREQ)

    expected = panel_mean(part, lambda p: mase(p["y"].to_numpy(), p["y_hat"].to_numpy(), p["scale"].to_numpy()))
    np.testing.assert_allclose(expected, pick(scores, "mase"))


def test_scores_do_not_depend_on_the_order_or_type_of_the_rows(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    shuffled = backtest.sample(frac=1, random_state=1).astype(
        {"unique_id": "category", "model": "category", "recipe": "category", "step": "int16"}
    )

    expected, got = score_rows(backtest, panel, FREQ), score_rows(shuffled, panel, FREQ)

    pd.testing.assert_frame_equal(expected, got, rtol=1e-12)
    assert SCORE_COLUMNS == tuple(got.columns)


def test_two_recipes_are_scored_apart(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    both = pd.concat([backtest, backtest.assign(recipe="xyz", y_hat=backtest["y_hat"] + 5)], ignore_index=True)

    scores = score_rows(both, panel, FREQ)

    first, second = scores[scores["recipe"] == "abc"], scores[scores["recipe"] == "xyz"]
    pd.testing.assert_frame_equal(score_rows(backtest, panel, FREQ), first.reset_index(drop=True))
    assert pick(first, "mase") < pick(second, "mase")


def test_values_after_a_cutoff_do_not_change_its_denominators(panel: pd.DataFrame, backtest: pd.DataFrame) -> None:
    """K11 for scores: only `y` of the backtest itself may know the future."""
    first = backtest[backtest["cutoff"] == backtest["cutoff"].min()]
    changed = panel.assign(y=panel["y"].where(panel["ds"] <= first["cutoff"].iloc[0], -1e6))

    pd.testing.assert_frame_equal(score_rows(first, panel, FREQ), score_rows(first, changed, FREQ))
