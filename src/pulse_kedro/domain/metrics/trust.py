"""How far a forecaster has earned trust: a Beta posterior on declared events of past windows, with a half-life.

Evidence are resolved forecasts of the ledger, nothing else: what a forecast says about itself never enters. A window is
one period whose outcome became known; all forecasts of one entity, group and regime for it are one observation.
"""

from collections.abc import Sequence
from dataclasses import dataclass as plain_dataclass

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.history import SCORE_COLUMNS
from pulse_kedro.domain.panel import Array

EVENTS = ("skill", "coverage")
KEY = ("entity", "group", "regime", "window")
EVIDENCE_COLUMNS = (*KEY, *EVENTS, "rows")
TRUST_COLUMNS = (
    *("entity", "level", "group", "regime", "event", "mean", "low", "high", "n_eff", "windows", "delta", "trusted"),
)
ALL = "all"
"""Stands for every group and every regime together."""
ALIGNMENT = "alignment"
TIE = 1e-9
"""Losses that differ by less than this share are tied; ours, rounding of float64."""


@dataclass(frozen=True, kw_only=True, slots=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class TrustOptions:
    """How past windows are weighed, and when an entity counts as trusted."""

    half_life: float = Field(gt=0)
    """Windows after which an observation counts half; no unit but periods of the data."""
    interval: float = Field(gt=0, lt=1)
    """Probability that the interval holds; no unit."""
    prior_strength: float = Field(gt=0)
    """Observations that the prior is worth: of a cell, whose prior is the pooled trust, and of the pool itself."""
    group: str | None
    """Static column whose values are groups of series; null takes all series as one group."""
    axes: tuple[str, ...]
    """Axes of `regimes` whose states at the cutoff make the regime of a cell."""
    trusted_mean: float = Field(ge=0, le=1)
    """Smallest mean of a trusted entity; no unit."""
    trusted_low: float = Field(ge=0, le=1)
    """Smallest lower bound of a trusted entity; no unit."""
    draws: int = Field(ge=99)
    """Resamples of a block bootstrap."""
    seed: int
    """Any number; fixed so that intervals can be repeated."""


@dataclass(frozen=True, kw_only=True, slots=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class MetricOptions:
    """Which figures beyond losses a cycle works out."""

    calculate_symbolic_alignment: bool
    """Whether rules are asked if they moved forecasts the right way."""
    calculate_trust_delta: bool
    """Whether the change of trust by the newest window is kept."""


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """Trust and what it rests on.

    `mean` = a / (a + b), `low` and `high` are Beta quantiles, `n_eff` the weighted number of windows (a + b without the
    prior), `windows` their plain number.
    """

    a: float
    b: float
    mean: float
    low: float
    high: float
    n_eff: float
    windows: int


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class TrustDelta:
    """Trust of a second entity minus that of a first one on identical windows.

    `low` and `high` are bounds of the block bootstrap, `probability` the share of resamples above 0 (ties half).
    """

    difference: float
    low: float
    high: float
    probability: float
    windows: int


class UnpairedWindows(InvalidInput):
    """Two entities were compared on windows that are not the same."""

    def __init__(self, first: int, second: int) -> None:
        """Keep how many windows each has."""
        super().__init__(first, second)
        self.first, self.second = first, second

    def __str__(self) -> str:
        """Name both numbers."""
        return (
            f"Comparing trust failed: got {self.first} and {self.second} windows, expected the same windows, at least "
            "one. Compare only windows on which both were observed."
        )


def update(
    hits: Array, ages: Array, *, half_life: float, prior: tuple[float, float] = (1.0, 1.0), interval: float = 0.9
) -> Posterior:
    """Beta posterior of a hit; the prior never decays.

    Args:
        hits: 1 for a hit, 0 for none, between for a tie or a share; shape `(windows,)`, in [0, 1].
        ages: Windows since each, 0 for the newest; same shape, not negative.
        half_life: Windows after which a hit counts half.
        prior: Its a and b; 1 and 1 say nothing.
        interval: Probability between `low` and `high`, as much above as below.

    Returns:
        `a = prior + sum(2^(-age/H) hit)`, `b` likewise with `1 - hit`. The order of the windows changes nothing, for
        weighted hits are added in order of age.

    Source:
        domain reference 4.6: conjugate Beta with exponential forgetting of the evidence.

    Example:
        >>> one = update(np.ones(1), np.zeros(1), half_life=69.0)
        >>> ten = update(np.array([1.0] * 8 + [0.0] * 2), np.zeros(10), half_life=float("inf"))
        >>> round(one.mean, 4), ten.mean, round(ten.low, 3), round(ten.high, 3)
        (0.6667, 0.75, 0.53, 0.921)
    """
    from scipy.special import betaincinv

    order = np.lexsort((hits, ages))
    weights = np.exp2(-ages[order] / half_life)
    found, missed = float(weights @ hits[order]), float(weights @ (1.0 - hits[order]))
    a, b = prior[0] + found, prior[1] + missed
    tail = (1.0 - interval) / 2.0
    low, high = (float(betaincinv(a, b, at)) for at in (tail, 1.0 - tail))
    return Posterior(a=a, b=b, mean=a / (a + b), low=low, high=high, n_eff=found + missed, windows=len(hits))


def trust_delta(
    first: Array, second: Array, *, half_life: float, block: int, draws: int, seed: int, interval: float = 0.9
) -> TrustDelta:
    """How much more the second entity is trusted, on windows that both were observed on.

    Args:
        first: Hits in time order, the newest last; shape `(windows,)`.
        second: Hits of the other on the same windows.
        half_life: Windows after which a hit counts half.
        block: Consecutive windows drawn together, at least the overlap of two of them.
        draws: Number of resamples.
        seed: Same seed, same draws.
        interval: Probability between the bounds.

    Returns:
        `sum(w d) / (2 + sum(w))` with `d = second - first`: exactly the difference of the two posterior means.

    Raises:
        UnpairedWindows: The lengths differ, or there is no window.

    Source:
        Posterior means with equal weights differ by this; circular block bootstrap of Politis & Romano (1992). Two
        Beta posteriors on shared windows are not independent, so their own intervals say nothing about the difference.
    """
    if len(first) != len(second) or not len(first):
        raise UnpairedWindows(len(first), len(second))
    n = len(first)
    weights = np.exp2(-np.arange(n - 1, -1, -1) / half_life)
    total, difference = 2.0 + float(weights.sum()), second - first
    block = min(block, n)
    starts = np.random.default_rng(seed).integers(n, size=(draws, -(-n // block)))
    drawn = ((starts[:, :, None] + np.arange(block)) % n).reshape(draws, -1)[:, :n]
    sampled = (difference[drawn] @ weights) / total
    low, high = np.quantile(sampled, [(1 - interval) / 2, (1 + interval) / 2])
    above = float(np.mean(sampled > 0) + 0.5 * np.mean(sampled == 0))
    return TrustDelta(
        difference=float(difference @ weights) / total, low=float(low), high=float(high), probability=above, windows=n
    )


def judge(rows: pd.DataFrame) -> pd.DataFrame:
    """What each window says: one observation per entity, group, regime and window.

    Args:
        rows: Resolved forecasts: `entity`, `group`, `regime`, `window` (period number), `loss` and `naive_loss` (scaled
            absolute errors of the same forecast target, no unit) and `inside` (1 where the outcome lies in the 80 %
            band, `nan` without a band). Rows without a loss of both are left out.

    Returns:
        `EVIDENCE_COLUMNS`: `skill` is 1 where the mean loss is below the naive one, 1/2 on a tie, else 0; `coverage`
        is the share of forecasts whose outcome lies in the band. Sorted by `KEY`.
    """
    both = rows[np.isfinite(rows["loss"]) & np.isfinite(rows["naive_loss"])]
    groups = both.groupby(list(KEY), sort=True, observed=True)
    means = groups[["loss", "naive_loss", "inside"]].mean()
    loss, naive = means["loss"].to_numpy(dtype=float), means["naive_loss"].to_numpy(dtype=float)
    tied = np.abs(loss - naive) <= TIE * (np.abs(loss) + np.abs(naive))
    skill = np.where(tied, 0.5, (loss < naive).astype(float))
    found = pd.DataFrame({"skill": skill, "coverage": means["inside"].to_numpy(dtype=float)}, index=means.index)
    return found.assign(rows=groups.size().to_numpy()).reset_index()[list(EVIDENCE_COLUMNS)]


def weigh_evidence(evidence: pd.DataFrame, options: TrustOptions) -> pd.DataFrame:
    """Trust of each entity, overall and by cell of group and regime.

    Args:
        evidence: `EVIDENCE_COLUMNS` in any order. A window that stands there twice counts once.
        options: Half-life, prior, bounds.

    Returns:
        `TRUST_COLUMNS`, sorted by entity, level and cell. `level` is `overall` (all windows of the entity pooled over
        cells, prior 1/2) or `cell`, whose prior is the trust of all other cells: a cell with little evidence stays
        close to it, and no evidence counts twice.
        `delta` is the change by the newest window of all. Empty without evidence.

    Source:
        domain reference 4.6 and 4.7; the pooled prior is empirical Bayes with a fixed strength, ours.
    """
    known = evidence.drop_duplicates(list(KEY)).sort_values(list(KEY), ignore_index=True)
    newest = int(known["window"].max()) if len(known) else 0
    rows = [
        row
        for entity, own in known.groupby("entity", sort=True, observed=True)
        for event in EVENTS
        for row in _weigh_entity(str(entity), event, own.dropna(subset=[event]), newest, options)
    ]
    table = pd.DataFrame(rows, columns=list(TRUST_COLUMNS))
    numbers = dict.fromkeys(("mean", "low", "high", "n_eff", "delta"), "float64")
    return table.astype(numbers | {"windows": "int64", "trusted": bool})


def trusted(table: pd.DataFrame) -> list[str]:
    """Entities whose skill is trusted overall, the most trusted first.

    Args:
        table: `TRUST_COLUMNS`.
    """
    rows = table[table["trusted"] & table["level"].eq("overall") & table["event"].eq("skill")]
    return [str(name) for name in rows.sort_values("mean", ascending=False, kind="stable")["entity"]]


def to_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Trust in the shape of the metric store.

    Args:
        table: `TRUST_COLUMNS`.

    Returns:
        `SCORE_COLUMNS`, `low`, `high`: metric `trust_<event>` (or `alignment`), its `…_n_eff` and `…_delta`, with `n`
        the number of windows; the cell stands in `unique_id` as `group | regime`.
    """
    joined = table["group"].str.cat(table["regime"], sep=" | ") if len(table) else table["group"]
    cell = joined.where(table["level"].eq("cell"), "")
    name = table["event"].map(lambda event: event if event == ALIGNMENT else f"trust_{event}")
    base = pd.DataFrame(
        {"recipe": table["entity"], "model": "champion", "level": table["level"], "unique_id": cell, "step": 0}
    ).assign(n=table["windows"].astype("int64"))
    parts = [base.assign(metric=name, value=table["mean"], low=table["low"], high=table["high"])]
    parts += [
        base.assign(
            metric=name.map(lambda metric, extra=extra: f"{metric}_{extra}"),
            value=table[extra],
            low=np.nan,
            high=np.nan,
        )[table[extra].notna()]
        for extra in ("n_eff", "delta")
    ]
    return pd.concat(parts, ignore_index=True)[[*SCORE_COLUMNS, "low", "high"]]


def _weigh_entity(
    entity: str, event: str, own: pd.DataFrame, newest: int, options: TrustOptions
) -> Sequence[dict[str, object]]:
    """The overall row of one entity and one row per cell."""
    if own.empty:
        return []
    half = (options.prior_strength / 2.0, options.prior_strength / 2.0)
    overall = _row(own.groupby("window", sort=True)[event].mean(), newest, half, options)
    rows = [{"entity": entity, "level": "overall", "group": ALL, "regime": ALL, "event": event, **overall}]
    for (group, regime), cell in own.groupby(["group", "regime"], sort=True, observed=True):
        rest = own[~own.index.isin(cell.index)].groupby("window", sort=True)[event].mean()
        pooled = _row(rest, newest, half, options)["mean"]
        prior = (options.prior_strength * pooled, options.prior_strength * (1.0 - pooled))
        found = _row(cell.set_index("window")[event], newest, prior, options)
        rows.append({"entity": entity, "level": "cell", "group": group, "regime": regime, "event": event, **found})
    return rows


def _row(hits: pd.Series, newest: int, prior: tuple[float, float], options: TrustOptions) -> dict[str, float]:
    values: Array = np.asarray(hits, dtype=float)
    windows: Array = np.asarray(hits.index, dtype=float)
    half_life, interval, earlier = options.half_life, options.interval, windows < newest
    now = update(values, newest - windows, half_life=half_life, prior=prior, interval=interval)
    ages = newest - 1 - windows[earlier]
    before = update(values[earlier], ages, half_life=half_life, prior=prior, interval=interval)
    return {
        **{name: getattr(now, name) for name in ("mean", "low", "high", "n_eff", "windows")},
        "delta": now.mean - before.mean,
        "trusted": now.mean >= options.trusted_mean and now.low >= options.trusted_low,
    }
