"""The few hundred numbers of a backtest that are drawn, so that one node reads the large table and only once."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pulse_kedro.domain.metrics.aggregation import Layout, group_mean, lay_out, mean
from pulse_kedro.domain.metrics.losses import covered, scaled_absolute_error
from pulse_kedro.domain.panel import ID, QUANTILE_LEVELS, TARGET, Array, quantile_column
from pulse_kedro.pipelines.reporting.wording import COMBINATION

CURVE_COLUMNS = ("curve", "model", ID, "cutoff", "step", "level", "value")
BY_CUTOFF, COVERAGE, MISS = "mase_by_cutoff", "coverage", "miss"


def trace_curves(backtest: pd.DataFrame, recipe: str, baselines: Sequence[str], ids: Sequence[str]) -> pd.DataFrame:
    """Curves of one recipe: error over time, coverage by level and step, and misses in the unit of the data.

    Args:
        backtest: Rows of evaluation cutoffs with actual, point, scale and quantiles; any number of recipes.
        recipe: The recipe that is reported, first 12 digits of its digest.
        baselines: Members shown beside the combination.
        ids: Series whose misses are wanted.

    Returns:
        `CURVE_COLUMNS`, long. Curve `mase_by_cutoff`: one value per model and cutoff, mean over series. `coverage`:
        share of outcomes inside the central interval of nominal `level`, by `step`, 0 for all steps; mean over series,
        then cutoffs. `miss`: mean absolute error of the combination by series and step, 0 for all steps, in the unit of
        the data.
    """
    mine = backtest[(backtest["recipe"] == recipe) & backtest["model"].isin([COMBINATION, *baselines])]
    issued = mine[mine["model"] == COMBINATION]
    parts = [_by_cutoff(mine), _coverage(issued), _misses(issued[issued[ID].isin(list(ids))])]
    curves = pd.concat([part for part in parts if not part.empty] or [pd.DataFrame()], ignore_index=True)
    filled = curves.reindex(columns=list(CURVE_COLUMNS)).fillna({"model": COMBINATION, ID: "", "step": 0})
    return filled.astype({"cutoff": "datetime64[ns]", "step": "int64", "level": "float64", "value": "float64"})


def _by_cutoff(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame()
    layout = lay_out(rows)
    errors = scaled_absolute_error(*(rows[name].to_numpy(dtype=float) for name in (TARGET, "y_hat", "scale")))
    paths, _ = group_mean(layout, errors, ("run", "series", "cutoff"))
    values = mean(paths, 1)
    return pd.DataFrame(
        {
            "curve": BY_CUTOFF,
            "model": np.repeat([model for _, model in layout.runs], len(layout.cutoffs)),
            "cutoff": np.tile(layout.cutoffs.to_numpy(), len(layout.runs)),
            "value": values.reshape(-1),
        }
    )


def _coverage(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame()
    layout, actual = lay_out(rows), rows[TARGET].to_numpy(dtype=float)
    lower_levels = [level for level in QUANTILE_LEVELS if level < 0.5]  # noqa: PLR2004  (the median)
    parts = []
    for low in lower_levels:
        bounds = (rows[quantile_column(level)].to_numpy(dtype=float) for level in (low, 1 - low))
        values = _mean_by_step(layout, covered(actual, *bounds))
        parts.append(
            pd.DataFrame(
                {"curve": COVERAGE, "level": round(1 - 2 * low, 6), "step": [0, *layout.steps], "value": values}
            )
        )
    return pd.concat(parts, ignore_index=True)


def _mean_by_step(layout: Layout, hit: Array) -> list[float]:
    """Overall value, then one per step: mean over series, then over cutoffs, as in the score tables."""
    paths, _ = group_mean(layout, hit, ("series", "cutoff"))
    by_step, _ = group_mean(layout, hit, ("step", "cutoff"))
    overall = mean(mean(paths, 0)[None, :], 1)
    return [*overall.tolist(), *mean(by_step, 1).tolist()]


def _misses(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame()
    table = pd.DataFrame(
        {
            ID: rows[ID].astype(str).to_numpy(),
            "step": rows["step"].to_numpy(),
            "value": (rows[TARGET] - rows["y_hat"]).abs().to_numpy(),
        }
    )
    by_step = table.groupby([ID, "step"])["value"].mean().reset_index()
    overall = table.groupby(ID)["value"].mean().reset_index().assign(step=0)
    return pd.concat([overall, by_step], ignore_index=True).assign(curve=MISS)


def value_of(curves: pd.DataFrame, curve: str, **where: object) -> float:
    """One value of the curves; `nan` where it was not measured.

    Args:
        curves: `CURVE_COLUMNS`.
        curve: Which curve.
        where: Columns and what they must equal.
    """
    rows = curves[curves["curve"] == curve]
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    return float(rows["value"].iloc[0]) if len(rows) else float("nan")
