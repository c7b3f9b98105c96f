"""Categories: two rows of counts instead of pairs of rows, and what was never seen before is a finding."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.metrics.drift.options import FEWEST

Labels = Sequence[str | None]
MISSING = "missing"
"""Stands for a value that is not there, which is a category of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChange:
    """Categories of a window against those of its reference.

    `statistic` is chi-squared of the 2 x k table of `categories`, `effect` Cramer's V between 0 and 1, `p` the
    probability of the statistic; all `nan` where there are fewer than ten values on a side. `unseen` are categories of
    the window that the reference lacks, `gone` those that the window lacks.
    """

    statistic: float
    p: float
    effect: float
    categories: int
    unseen: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether there were enough values to say anything."""
        return not np.isnan(self.statistic)


def compare_counts(reference: Labels, window: Labels) -> CountChange:
    """Whether independent rows come from the same categories as before.

    Args:
        reference: Categories of normal rows; `None` is a category, too.
        window: Categories of new rows; the two need not have the same length.

    Source:
        Pearson (1900) on the 2 x k table of counts (K1), Cramer (1946) for the effect.
    """
    plain = _counted(reference, window)
    return replace(plain, p=_survival(plain.statistic, plain.categories - 1)) if plain.known else plain


def chi_squared(table: npt.NDArray[np.int64]) -> float:
    """Pearson's statistic of a 2 x k table of counts without empty columns."""
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(((table - expected) ** 2 / expected).sum())


def compare_in_time(reference: Labels, window: Labels) -> CountChange:
    """The same for labels that last, such as regimes: how unusual the window is among stretches of its reference.

    Args:
        reference: Labels of normal periods, oldest first.
        window: Labels of the periods after them.

    Returns:
        `p` is the share of circular stretches of the reference, as long as the window, that differ from the rest of it
        by as much; no smaller than one over their number.

    Source:
        A circular shift keeps the dependence of labels (Politis & Romano 1992).
    """
    plain = _counted(reference, window)
    n, w = len(reference), len(window)
    if not plain.known or n < w + FEWEST:
        return replace(plain, statistic=float("nan"), p=float("nan"))
    names = sorted({MISSING if label is None else str(label) for label in reference})
    codes = np.array([names.index(MISSING if label is None else str(label)) for label in reference])
    shown = (codes == np.arange(len(names))[:, None]).astype(np.int64)
    counted = np.cumsum(np.concatenate([np.zeros((len(names), 1), dtype=np.int64), shown, shown], axis=1), axis=1)
    stretches = counted[:, w : n + w] - counted[:, :n]
    rests = shown.sum(axis=1, keepdims=True) - stretches
    alike = sum(
        chi_squared(np.stack([rest, stretch])) >= plain.statistic
        for rest, stretch in zip(rests.T, stretches.T, strict=True)
    )
    return replace(plain, p=(1 + int(alike)) / (1 + n))


def _counted(reference: Labels, window: Labels) -> CountChange:
    """Everything but the p-value."""
    sides = [[MISSING if label is None else str(label) for label in side] for side in (reference, window)]
    names = sorted({*sides[0], *sides[1]})
    known, statistic = min(map(len, sides)) >= FEWEST, float("nan")
    if known:
        place = {name: number for number, name in enumerate(names)}
        table = np.stack([np.bincount([place[label] for label in side], minlength=len(names)) for side in sides])
        statistic = chi_squared(table)
    return CountChange(
        statistic=statistic,
        p=float("nan"),
        effect=float(np.sqrt(statistic / sum(map(len, sides)))) if known else float("nan"),
        categories=len(names),
        unseen=tuple(name for name in names if name not in set(sides[0])),
        gone=tuple(name for name in names if name not in set(sides[1])),
    )


def _survival(statistic: float, freedom: int) -> float:
    """Probability that chi-squared is larger; 1 where there is one category only."""
    if freedom == 0:
        return 1.0
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))
