"""Probation after a promotion: a sequential test that may be read after every outcome and still keeps its level."""

from dataclasses import asdict, dataclass
from math import log
from typing import Literal

import numpy as np
import pandas as pd

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.metrics.comparison import NO_SPREAD
from pulse_kedro.domain.panel import ID, Array
from pulse_kedro.domain.training.promotion import plain
from pulse_kedro.domain.training.succession import Trial

TUNED_FOR = 200
"""Differences after which the boundary is tightest (operations 1.3, G6)."""
FIRST_LOOK = 30
"""Differences before which nothing is rolled back: the running variance is too rough (operations 1.3, G6)."""
Standing = Literal["WATCH", "ROLLBACK"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probation:
    """Where the comparison stands: `k` differences read, their sum, and the boundary at the newest one.

    `crossed` is the first `k` at which the sum was beyond the boundary, `None` when it never was.
    """

    standing: Standing
    k: int
    total: float
    boundary: float
    crossed: int | None


def boundary(variance: Array, k: Array, *, alpha: float, tuned_for: int = TUNED_FOR) -> Array:
    """Sum of differences that equally good models reach with probability `alpha` at most, at any time.

    Args:
        variance: Running variance of the differences, loss unit squared; shape `(n,)`.
        k: Number of differences up to each; same shape.
        alpha: Level over all looks, below 0.2.
        tuned_for: `k` at which the boundary is tightest.

    Returns:
        `sqrt(2 v (k r2 + 1) / r2 * ln(1 + sqrt(k r2 + 1) / (2 alpha)))`, unit of the loss; same shape.

    Source:
        Rule G6 (operations 1.3): one-sided normal mixture, asymptotic form of Waudby-Smith, Arbour, Sinha, Kennedy &
        Ramdas (2021), with `r2 = (-2 ln(2 alpha) + ln(1 - 2 ln(2 alpha))) / tuned_for`.

    Example:
        >>> round(float(boundary(np.array([1.0]), np.array([200]), alpha=0.01)[0]), 1)
        47.4
    """
    spread = (-2 * log(2 * alpha) + log(1 - 2 * log(2 * alpha))) / tuned_for
    grown = k * spread + 1
    return np.asarray(np.sqrt(2 * variance * grown / spread * np.log(1 + np.sqrt(grown) / (2 * alpha))))


def summed(difference: Array, *, alpha: float) -> tuple[Array, Array]:
    """Sum of differences up to each, and the boundary with the variance up to there.

    Args:
        difference: In time order; shape `(n,)`.
        alpha: Level over all looks.

    Returns:
        Two arrays, shape `(n,)` each, unit of the loss.
    """
    k = np.arange(1.0, len(difference) + 1)
    # Shifted by the first value: the running variance then loses no digits where the differences are far from 0.
    shifted = difference - difference[:1]
    variance = np.maximum(np.cumsum(shifted**2) / k - (np.cumsum(shifted) / k) ** 2, 0.0)
    return np.cumsum(difference), boundary(variance, k, alpha=alpha)


def judge(new: Array, old: Array, *, alpha: float) -> Probation:
    """Whether a new champion has shown to be worse than the one it replaced.

    Args:
        new: Losses of the new champion at cutoffs after its promotion that do not overlap, in time order; shape `(n,)`.
        old: Losses of the former champion at the same cutoffs.
        alpha: Level over all looks.

    Returns:
        ROLLBACK when the sum of differences crossed the boundary at any `k >= 30`: a later recovery does not undo it,
        so that the answer does not depend on how often somebody looked. Otherwise WATCH. Sums within the rounding of
        the losses are none.
    """
    difference = new - old
    n = len(difference)
    if n == 0:
        return Probation(standing="WATCH", k=0, total=0.0, boundary=float("inf"), crossed=None)
    k = np.arange(1.0, n + 1)
    sums, limit = summed(difference, alpha=alpha)
    rounding = NO_SPREAD * np.cumsum(np.abs(new) + np.abs(old))
    beyond = np.flatnonzero((k >= FIRST_LOOK) & (sums >= limit) & (sums > rounding))
    crossed = int(k[beyond[0]]) if len(beyond) else None
    return Probation(
        standing="WATCH" if crossed is None else "ROLLBACK",
        k=n,
        total=float(sums[-1]),
        boundary=float(limit[-1]),
        crossed=crossed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A probation as a cycle finds it: the test on forecasts one period ahead, and what whole forecasts say.

    `new` and `old` are mean scaled losses one period ahead since the promotion, `whole_new` and `whole_old` those of
    `whole` whole forecasts; `nan` before there is one. `reason` is empty unless the promotion is taken back.
    """

    trial: Trial
    probation: Probation
    new: float
    old: float
    whole: int
    whole_new: float
    whole_old: float

    @property
    def excused(self) -> bool:
        """Whether whole forecasts, by which the recipe was promoted, were the better ones."""
        return self.whole > 0 and self.whole_new < self.whole_old

    @property
    def reason(self) -> str:
        """Why the promotion is taken back, in numbers; empty where it is not."""
        found = self.probation
        if found.standing != "ROLLBACK" or self.excused:
            return ""
        text = (
            f"Rollback: since its promotion as of {self.trial.since:%Y-%m-%d} the recipe lost more than chance allows "
            f"against recipe {self.trial.predecessor[:LABEL]}, which it had replaced: mean loss {self.new:.4g} against "
            f"{self.old:.4g} over {found.k} forecasts one period ahead, the sum of differences beyond its bound after "
            f"{found.crossed} of them"
        )
        if self.whole:
            text += f"; whole forecasts {self.whole_new:.4g} against {self.whole_old:.4g} over {self.whole}"
        return text + "."

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON, flat; what is not finite becomes null."""
        nested = asdict(self)
        flat = nested.pop("trial") | nested.pop("probation") | nested | {"excused": self.excused}
        return {name: plain(value) for name, value in flat.items()}


def watch(trial: Trial, step_errors: pd.DataFrame, cutoff_losses: pd.DataFrame, *, alpha: float) -> Watch:
    """How a promoted recipe does beside the one it replaced, on what came true since.

    Forecasts one period ahead do not overlap and come true first, so they raise the alarm; a recipe whose whole
    forecasts were the better ones keeps its place, for it was promoted by those.

    Args:
        trial: Who is on probation, and since when.
        step_errors: Forecasts of each recipe one step ahead: recipe, unique_id, cutoff, y, y_hat, scale.
        cutoff_losses: Losses of whole forecasts: recipe, cutoff, loss, n_series.
        alpha: Level over all looks.
    """
    near = step_errors.assign(loss=(step_errors["y"] - step_errors["y_hat"]).abs() / step_errors["scale"])
    first = _paired(near, trial, ["cutoff", ID]).groupby("cutoff").mean()
    whole = _paired(cutoff_losses, trial, ["cutoff"])
    new, old = first["new"].to_numpy(dtype=float), first["old"].to_numpy(dtype=float)
    return Watch(
        trial=trial,
        probation=judge(new, old, alpha=alpha),
        new=float(first["new"].mean()),
        old=float(first["old"].mean()),
        whole=len(whole),
        whole_new=float(whole["new"].mean()),
        whole_old=float(whole["old"].mean()),
    )


def _paired(losses: pd.DataFrame, trial: Trial, keys: list[str]) -> pd.DataFrame:
    """Columns `new` and `old` since the promotion, one row per key that both recipes have a finite loss for."""
    since = losses[losses["cutoff"] >= trial.since]
    recipes = since["recipe"].astype(str)
    sides = {"new": trial.recipe, "old": trial.predecessor}
    found = {
        name: since[recipes == recipe[:LABEL]].set_index(keys)["loss"].astype(float) for name, recipe in sides.items()
    }
    both = pd.DataFrame(found).replace([np.inf, -np.inf], np.nan).dropna()
    return both.sort_index()
