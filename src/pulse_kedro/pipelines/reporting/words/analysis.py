"""Where the errors are and whether quantiles hold, in a sentence each."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.metrics.diagnostics import WINDOW, converge
from pulse_kedro.pipelines.reporting.wording import change, number, percent

_PLACES = {
    "regime": "cutoffs in the regime {}",
    "horizon": "forecasts {} steps ahead",
    "time": "cutoffs of the year {}",
}


def errors_sentence(errors: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """The weakest slice and the weakest series; says so when there is no backtest.

    Args:
        errors: One row per kind and slice.
        titles: Names of series for people.
    """
    slices, series = errors[errors["kind"].isin(list(_PLACES))], errors[errors["kind"] == "series"]
    if not slices["ratio"].notna().any():
        return "There is no backtest yet, so nothing is known about where errors are."
    weakest = slices.sort_values("ratio", ascending=False, kind="mergesort").to_dict(orient="records")[0]
    place = _PLACES[str(weakest["kind"])].format(weakest["slice"])
    text = (
        f"The weakest slice is {place}: its error is {number(float(weakest['ratio']), 2)} times that of the panel, "
        f"{percent(float(weakest['share']))} of all error, from {number(int(weakest['cutoffs']))} cutoffs"
    )
    if not series["ratio"].notna().any():
        return f"{text}."
    worst = series.sort_values("ratio", ascending=False, kind="mergesort").to_dict(orient="records")[0]
    name = str(worst["slice"])
    return f"{text}; the weakest series is {titles.get(name, name)} with {number(float(worst['ratio']), 2)} times."


def settling_sentence(losses: pd.Series) -> str:
    """Whether the error of the combination moved over the newest cutoffs; empty with too few of them.

    Args:
        losses: MASE of the combination by cutoff, in time order.
    """
    found = converge(losses.to_numpy(dtype=float))
    if found.status in {"learning", "diverged"}:
        return ""
    half = WINDOW // 2
    means = f"the mean of the newest {half} cutoffs against the {half} before them"
    if found.status == "converged":
        return f"The error of the combination has settled: {means} differs by {percent(abs(found.change), 1)}."
    return f"The error of the combination is {found.status}: {change(found.change)}, {means}."


def calibration_sentence(calibration: pd.DataFrame) -> str:
    """The quantile that misses its level by most, and what its interval says.

    Args:
        calibration: One row per kind and slice.
    """
    rows = calibration[calibration["kind"] == "reliability"]
    if rows.empty:
        return "There are no intervals yet, so nothing is known about them."
    missed = (rows["empirical"] - rows["nominal"]).abs()
    worst = rows.loc[missed.sort_values(ascending=False, kind="mergesort").index].to_dict(orient="records")[0]
    level, low, high = (float(worst[name]) for name in ("nominal", "low", "high"))
    verdict = "within" if low <= level <= high else "beyond"
    return (
        f"The quantile of {percent(level, 1)} misses its level by most: {percent(float(worst['empirical']), 1)} of the "
        f"outcomes lay at or below it, {verdict} what chance explains ({percent(low, 1)} to {percent(high, 1)} in "
        "resampled cutoffs)."
    )
