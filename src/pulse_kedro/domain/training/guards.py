"""Guards of a promotion: a gain on average must not be paid for by one horizon, some series, a bias or false intervals.

Each compares the challenger's recipe with the champion's on the same forecasts. `point` fails a guard where its figure
is beyond the margin; `strict` passes it only where non-inferiority is shown, which takes many more cutoffs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass as plain_dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.metrics.aggregation import mean
from pulse_kedro.domain.metrics.comparison import weighted_periodogram_test
from pulse_kedro.domain.metrics.residuals import Residuals, on_common_places, residuals_of
from pulse_kedro.domain.panel import Array, Frequency

State = Literal["PASS", "INCONCLUSIVE", "FAIL"]
BASELINE = "seasonal_naive"
COVERAGES = {"coverage_80": 0.8, "coverage_95": 0.95}
WORST_SHARE = 0.9
"""Quantile of the losses of series that must not rise (`operations.md`, G3)."""
OF_LOSSES = ("worst horizon", "hard series", "bias")
"""Guards that compare losses: `strict` wants each of them shown."""
FEWEST = 2
"""Cutoffs that a test takes."""
UNNOTICED_SECONDS = 0.1
"""Seconds by which forecasting may always become slower; ours, below what a process can be measured by."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class GuardOptions:
    """How much worse a challenger may be in one respect while it is better on average."""

    mode: Literal["point", "strict"] = "point"
    """`point` fails a loss guard by its figure, `strict` passes it only where a test shows that it is no worse."""
    margin: float = Field(default=0.05, ge=0, lt=1)
    """Relative rise of a loss that is allowed."""
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    """Level of the tests of `strict`."""
    buckets: int = Field(default=4, ge=1)
    """Stretches of the horizon that are looked at one by one."""
    coverage_margin: float = Field(default=0.05, gt=0, lt=0.5)
    """Distance of an interval's coverage from its level that is allowed."""
    latency_ratio: float = Field(default=1.2, ge=1)
    """Time to forecast, as a multiple of the champion's, that is allowed."""
    max_megabytes: float | None = Field(default=None, gt=0)
    """Memory of a process that forecasts, in 10^6 bytes; `null` sets no limit."""


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One guard: its figure, what it may be at most, and what follows, in words."""

    name: str
    state: State
    value: float | None
    limit: float | None
    detail: str


Report = Mapping[str, object]
"""What the check of a stored bundle found: `forecast_seconds` and `peak_mb` where it measured them."""


def stand_guard(
    backtest: pd.DataFrame,
    scores: pd.DataFrame,
    reports: tuple[Report, Report],
    *,
    recipes: tuple[str, str],
    freq: Frequency,
    options: GuardOptions,
) -> tuple[Guard, ...]:
    """Every guard between two recipes.

    Args:
        backtest: Rows of both recipes with unique_id, cutoff, step, model, recipe, y, y_hat, scale.
        scores: `SCORE_COLUMNS` of both.
        reports: Of the checks of the stored bundles of champion and challenger.
        recipes: Digests of champion and challenger.
        freq: The step of the panel.
        options: The terms.

    Returns:
        Worst stretch of the horizon, ninth decile of the series, absolute bias, coverages, baseline, latency, memory.

    Source:
        `operations.md` 1.3, rule G3. Non-inferiority is tested as Coroneo & Iacone (2020) test superiority, after the
        margin was added to the champion's loss.
    """
    champion, challenger = on_common_places(*(residuals_of(backtest, recipe, freq) for recipe in recipes))
    return (
        *loss_guards(champion, challenger, options),
        *(_coverage(scores, recipes[1], metric, options) for metric in COVERAGES),
        _baseline(backtest, recipes[1], freq),
        _latency(reports, options),
        _memory(reports[1], options),
    )


def loss_guards(champion: Residuals, challenger: Residuals, options: GuardOptions) -> Iterator[Guard]:
    """Guards on losses between the residuals of two recipes on common places.

    Args:
        champion: Of the recipe in charge.
        challenger: Of the one that wants its place.
        options: The terms.

    Yields:
        Worst stretch of the horizon, ninth decile of the series, absolute bias; stretches that neither was scored on do
        not count, and where nothing was, nothing is known.
    """
    ours, theirs = np.abs(challenger.z), np.abs(champion.z)
    if not np.isfinite(ours - theirs).any():
        yield from (_unknown(name, options.margin, "the two have no scored forecast in common") for name in OF_LOSSES)
        return
    stretches = np.array_split(np.arange(len(champion.steps)), min(options.buckets, len(champion.steps)))
    by_stretch = [(f"steps {_range(champion.steps, rows)}", ours[:, rows], theirs[:, rows]) for rows in stretches]
    rises = [_rise(_level(mine), _level(other)) for _, mine, other in by_stretch]
    worst = int(np.nanargmax(rises))
    name, mine, other = by_stretch[worst]
    yield _judged(
        "worst horizon",
        rises[worst],
        lambda: all(
            _not_worse(_by_cutoff(a), _by_cutoff(b), options)
            for (_, a, b), rise in zip(by_stretch, rises, strict=True)
            if not np.isnan(rise)
        ),
        options,
        f"{name}: loss {_level(mine):.4g} against {_level(other):.4g}",
    )
    decile = [float(np.nanquantile(_by_series(part), WORST_SHARE)) for part in (ours, theirs)]
    hard = _by_series(theirs) >= decile[1]
    yield _judged(
        "hard series",
        _rise(decile[0], decile[1]),
        lambda: _not_worse(_by_cutoff(ours[..., hard]), _by_cutoff(theirs[..., hard]), options),
        options,
        f"ninth decile of the losses of series: {decile[0]:.4g} against {decile[1]:.4g}",
    )
    lean = [_by_cutoff(part.z) for part in (challenger, champion)]
    biases = [abs(float(np.nanmean(part))) for part in lean]
    yield _judged(
        "bias",
        (biases[0] - biases[1]) / _level(theirs) if _level(theirs) > 0 else 0.0,
        lambda: _not_worse(np.abs(lean[0]), np.abs(lean[1]) + options.margin * _by_cutoff(theirs), options),
        options,
        f"mean residual {biases[0]:.4g} against {biases[1]:.4g} in absolute terms",
    )


def _judged(name: str, rise: float, shown: Callable[[], bool], options: GuardOptions, detail: str) -> Guard:
    state: State = "FAIL" if rise > options.margin else "PASS"
    if state == "PASS" and options.mode == "strict" and not shown():
        state = "INCONCLUSIVE"
    return Guard(name=name, state=state, value=rise, limit=options.margin, detail=detail)


def _coverage(scores: pd.DataFrame, recipe: str, metric: str, options: GuardOptions) -> Guard:
    own = (scores["recipe"] == recipe[:LABEL]) & (scores["model"] == "combination")
    found = scores.loc[own & (scores["level"] == "overall") & (scores["metric"] == metric), "value"].dropna()
    name, nominal = metric.replace("_", " "), COVERAGES[metric]
    if found.empty:
        return _unknown(name, options.coverage_margin, "the challenger has no intervals that were scored")
    covered = float(found.iloc[0])
    away = abs(covered - nominal)
    state: State = "FAIL" if away > options.coverage_margin else "PASS"
    detail = f"{100 * covered:.1f} % covered where {100 * nominal:.0f} % were promised"
    return Guard(name=name, state=state, value=away, limit=options.coverage_margin, detail=detail)


def _baseline(backtest: pd.DataFrame, recipe: str, freq: Frequency) -> Guard:
    name = "baseline"
    ours, naive = on_common_places(
        residuals_of(backtest, recipe, freq), residuals_of(backtest, recipe, freq, model=BASELINE)
    )
    if not np.isfinite(naive.z).any() or _level(np.abs(naive.z)) == 0:
        return _unknown(name, 1.0, "the challenger has no seasonal naive member to compare with")
    ratio = _level(np.abs(ours.z)) / _level(np.abs(naive.z))
    state: State = "PASS" if ratio < 1 else "FAIL"
    return Guard(name=name, state=state, value=ratio, limit=1.0, detail="loss over that of the seasonal naive forecast")


def _latency(reports: tuple[Report, Report], options: GuardOptions) -> Guard:
    before, after = (_number(report, "forecast_seconds") for report in reports)
    if before is None or after is None:
        return _unknown("latency", options.latency_ratio, "the checks of the bundles measured no time")
    slow = after > options.latency_ratio * before and after - before > UNNOTICED_SECONDS
    detail = f"{after:.3g} s to forecast in a process of its own, {before:.3g} s before"
    ratio = after / before if before > 0 else 1.0
    return Guard(
        name="latency",
        state="FAIL" if slow else "PASS",
        value=ratio,
        limit=options.latency_ratio,
        detail=detail,
    )


def _memory(report: Report, options: GuardOptions) -> Guard:
    used = _number(report, "peak_mb")
    if used is None:
        return _unknown("memory", options.max_megabytes, "the check of the bundle measured no memory")
    state: State = "FAIL" if options.max_megabytes is not None and used > options.max_megabytes else "PASS"
    detail = f"{used:.0f} MB in the process that loads it and forecasts"
    return Guard(name="memory", state=state, value=used, limit=options.max_megabytes, detail=detail)


def _unknown(name: str, limit: float | None, detail: str) -> Guard:
    return Guard(name=name, state="INCONCLUSIVE", value=None, limit=limit, detail=detail)


def _number(report: Report, key: str) -> float | None:
    value = report.get(key)
    return float(value) if isinstance(value, int | float) else None


def _not_worse(ours: Array, theirs: Array, options: GuardOptions) -> bool:
    """Whether losses per cutoff are shown to exceed others by less than the margin."""
    known = np.isfinite(ours) & np.isfinite(theirs)
    if known.sum() < FEWEST:
        return False
    return weighted_periodogram_test((1 + options.margin) * theirs[known], ours[known]).p <= options.alpha


def _rise(ours: float, theirs: float) -> float:
    """Relative rise of a loss; 0 where both are 0, infinite where only the champion's is, `nan` where unknown."""
    if np.isnan(ours) or np.isnan(theirs):
        return float("nan")
    if theirs > 0:
        return ours / theirs - 1.0
    return 0.0 if ours == 0 else float("inf")


def _level(part: Array) -> float:
    return float(mean(_by_cutoff(part), 0))


def _by_cutoff(part: Array) -> Array:
    """Mean over series of the mean over steps, per cutoff; `nan` where nothing is known."""
    return mean(mean(part, 1), 1)


def _by_series(part: Array) -> Array:
    return mean(mean(part, 1), 0)


def _range(steps: tuple[int, ...], rows: npt.NDArray[np.int64]) -> str:
    first, last = steps[int(rows[0])], steps[int(rows[-1])]
    return f"{first}" if first == last else f"{first} to {last}"
