"""Do quantiles hold what they promise: PIT histogram, reliability, coverage over time and of the hardest series."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.metrics.comparison_tests import cutoff_means, mean_interval
from pulse_kedro.domain.metrics.residuals import COMBINATION
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS, QUANTILE_LEVELS, TARGET, Array

CALIBRATION_COLUMNS = ("kind", "slice", "nominal", "empirical", "low", "high", "n", "cutoffs")
WINDOW = 30
"""Cutoffs over which coverage is averaged; the number that the gate asks for."""
LOW, HIGH, PROMISED = 0.1, 0.9, 0.8
"""Bounds of the interval that is followed over time and by series, and what it promises."""
HARDEST = 0.1
"""Share of series that count as the hardest; domain practice: the worst tenth."""

Codes = npt.NDArray[np.int64]
_Row = tuple[str, str, float, float, float, float, int, int]


def check_quantiles(backtest: pd.DataFrame, recipe: str, *, model: str = COMBINATION) -> pd.DataFrame:
    """Promised against observed shares.

    Args:
        backtest: Rows with unique_id, cutoff, step, model, recipe, y and the quantile columns.
        recipe: Digest of the recipe.
        model: One of its members, or the combination.

    Returns:
        `CALIBRATION_COLUMNS`. Kind `pit`: share of outcomes between two neighbouring quantiles, named by the upper
        level; no draw is needed. `reliability`: share at or below each quantile, with 90 % of block resamples of
        cutoffs. `rolling`: coverage of 80 % over the `WINDOW` cutoffs that end at one. `series`: coverage of the tenth
        of series with the lowest. `low` and `high` are missing where nothing was resampled; no rows without
        intervals.
    """
    wanted = (backtest["recipe"] == recipe[:LABEL]) & (backtest["model"] == model)
    rows = backtest.loc[wanted, [ID, "cutoff", "step", TARGET, *QUANTILE_COLUMNS]].dropna()
    if rows.empty:
        return pd.DataFrame({name: pd.Series(dtype=_TYPES[name]) for name in CALIBRATION_COLUMNS})
    block = int(rows["step"].max())
    cutoff, cutoffs = pd.factorize(rows["cutoff"], sort=True)
    below = rows[TARGET].to_numpy(dtype=float)[:, None] <= rows[list(QUANTILE_COLUMNS)].to_numpy(dtype=float)
    inside = _inside(rows)
    found = [
        *_histogram(below.astype(float), len(cutoffs)),
        *_reliability(below.astype(float), cutoff, block),
        *_rolling(cutoff_means(inside, cutoff), pd.DatetimeIndex(cutoffs), inside, cutoff),
        *_hardest(rows, inside, cutoff),
    ]
    return pd.DataFrame(found, columns=list(CALIBRATION_COLUMNS)).astype(_TYPES)


_TYPES = {"kind": "object", "slice": "object", "n": "int64", "cutoffs": "int64"} | dict.fromkeys(
    ("nominal", "empirical", "low", "high"), "float64"
)
_NO = float("nan")


def _inside(rows: pd.DataFrame) -> Array:
    by_level = dict(zip(QUANTILE_LEVELS, QUANTILE_COLUMNS, strict=True))
    hit = (rows[by_level[LOW]] <= rows[TARGET]) & (rows[TARGET] <= rows[by_level[HIGH]])
    return hit.to_numpy(dtype=float)


def _histogram(below: Array, cutoffs: int) -> Iterator[_Row]:
    shares = np.diff(np.concatenate([[0.0], below.mean(axis=0), [1.0]]))
    edges = (0.0, *QUANTILE_LEVELS, 1.0)
    for upper, lower, share in zip(edges[1:], edges[:-1], shares, strict=True):
        yield "pit", f"{upper:g}", upper - lower, float(share), _NO, _NO, len(below), cutoffs


def _reliability(below: Array, cutoff: Codes, block: int) -> Iterator[_Row]:
    for index, level in enumerate(QUANTILE_LEVELS):
        found = mean_interval(cutoff_means(below[:, index], cutoff), block=block)
        yield "reliability", f"{level:g}", level, found.value, found.low, found.high, len(below), found.n


def _rolling(shares: Array, cutoffs: pd.DatetimeIndex, inside: Array, cutoff: Codes) -> Iterator[_Row]:
    counts = np.bincount(cutoff[np.isfinite(inside)], minlength=len(cutoffs))
    for end in range(WINDOW, len(cutoffs) + 1):
        share, n = float(shares[end - WINDOW : end].mean()), int(counts[end - WINDOW : end].sum())
        yield "rolling", cutoffs[end - 1].isoformat(), PROMISED, share, _NO, _NO, n, WINDOW


def _hardest(rows: pd.DataFrame, inside: Array, cutoff: Codes) -> Iterator[_Row]:
    by_series = pd.DataFrame({ID: rows[ID].astype(str).to_numpy(), "inside": inside, "cutoff": cutoff}).groupby(ID)
    table = by_series.agg(share=("inside", "mean"), n=("inside", "size"), cutoffs=("cutoff", "nunique"))
    for name, row in table.sort_values("share", kind="mergesort").head(int(np.ceil(HARDEST * len(table)))).iterrows():
        yield "series", str(name), PROMISED, float(row["share"]), _NO, _NO, int(row["n"]), int(row["cutoffs"])
