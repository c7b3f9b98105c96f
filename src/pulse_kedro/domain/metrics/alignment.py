"""Do rules move forecasts the right way? 0.5 is chance, 1 always, 0 never; without an effect there is no answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array

DEAD_BAND = 0.05
"""Scales that an outcome must differ from the raw forecast to count as a move; domain reference 4.8."""
MOST_WEIGHT = 3.0
"""Scales after which a move weighs no more; domain reference 4.8."""


class UnequalPaths(InvalidInput):
    """Raw forecasts, ruled forecasts and outcomes do not belong together."""

    def __init__(self, lengths: tuple[int, ...]) -> None:
        """Keep the lengths."""
        super().__init__(lengths)
        self.lengths = lengths

    def __str__(self) -> str:
        """Name the lengths."""
        found = ", ".join(map(str, self.lengths))
        return f"Aligning rules failed: got {found} values, expected equally many. Pass the same rows of the ledger."


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Alignment of an effect with what happened.

    `value` lies in [0, 1] and is `None` where nothing fired or nothing moved; `low` and `high` are bounds of a block
    bootstrap over windows; `fired` counts forecasts that were changed, `windows` periods with one. `p_independent` is
    the one-sided p value of Pesaran and Timmermann against independent signs, `None` where one sign never changed.
    """

    value: float | None
    low: float | None
    high: float | None
    fired: int
    windows: int
    p_independent: float | None


def symbolic_alignment(
    raw: Array,
    ruled: Array,
    actual: Array,
    scale: Array,
    windows: NDArray[np.int64],
    *,
    block: int,
    draws: int,
    seed: int,
    interval: float = 0.9,
) -> Alignment:
    """Whether ruled forecasts lie on the side of the raw ones where the outcome was.

    Args:
        raw: Forecasts without the effect, target unit; shape `(rows,)`.
        ruled: Forecasts with it, same shape.
        actual: Outcomes, same shape; rows with a gap anywhere are left out.
        scale: Mean absolute seasonal difference of each row's series, same unit; rows with 0 are left out.
        windows: Number of the period of each row; rows of one period are drawn together.
        block: Consecutive windows drawn together.
        draws: Resamples.
        seed: Same seed, same draws.
        interval: Probability between the bounds.

    Returns:
        `A = (1 + sum(w d o) / sum(w |d|)) / 2` with `d = sign(ruled - raw)`, `o = sign(actual - raw)`, 0 within
        `DEAD_BAND` scales, and `w = min(|actual - raw| / scale, MOST_WEIGHT)`.

    Raises:
        UnequalPaths: The arrays differ in length.

    Source:
        domain reference 4.8. Always right gives 1, independent signs 0.5; a declared confidence does not enter.

    Example:
        >>> up, down = np.array([1.0, 1.0]), np.array([-2.0, 3.0])
        >>> found = symbolic_alignment(np.zeros(2), up, down, np.ones(2), np.arange(2), block=1, draws=99, seed=1)
        >>> found.value, found.fired
        (0.6, 2)
    """
    lengths = tuple(map(len, (raw, ruled, actual, scale, windows)))
    if len(set(lengths)) > 1:
        raise UnequalPaths(lengths)
    usable = np.isfinite(raw) & np.isfinite(ruled) & np.isfinite(actual) & (scale > 0)
    moved = (actual[usable] - raw[usable]) / scale[usable]
    effect = np.sign(ruled[usable] - raw[usable])
    outcome = np.where(np.abs(moved) > DEAD_BAND, np.sign(moved), 0.0)
    weight = np.minimum(np.abs(moved), MOST_WEIGHT)
    fired = effect != 0
    total = float((weight * np.abs(effect)).sum())
    times, place = np.unique(windows[usable][fired], return_inverse=True)
    if total <= 0:
        return Alignment(
            value=None, low=None, high=None, fired=int(fired.sum()), windows=len(times), p_independent=None
        )
    gain, size = np.zeros(len(times)), np.zeros(len(times))
    np.add.at(gain, place, (weight * effect * outcome)[fired])
    np.add.at(size, place, (weight * np.abs(effect))[fired])
    low, high = _bounds(gain, size, block=block, draws=draws, seed=seed, interval=interval)
    both = fired & (outcome != 0)
    return Alignment(
        value=0.5 * (1.0 + float(gain.sum()) / float(size.sum())),
        low=low,
        high=high,
        fired=int(fired.sum()),
        windows=len(times),
        p_independent=independence(effect[both] > 0, outcome[both] > 0),
    )


def independence(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float | None:
    """One-sided p value that two sequences of signs agree no more than independent ones would.

    Args:
        first: Whether each forecast move is up; shape `(n,)`, bool.
        second: Whether each realised move is up; same shape.

    Returns:
        Small where they agree; `None` without rows, or where one of them never changes: nothing can be said then.

    Source:
        Pesaran & Timmermann (1992), a simple nonparametric test of predictive performance. It takes rows as
        independent: with overlapping forecasts it is an upper bound on the evidence.

    Example:
        >>> signs = np.array([True, False] * 20)
        >>> round(independence(signs, signs), 6), independence(signs, np.ones(40, bool)) is None
        (0.0, True)
    """
    from scipy.special import ndtr

    n = len(first)
    if not n:
        return None
    up, rise = float(np.mean(first)), float(np.mean(second))
    agree, chance = float(np.mean(first == second)), up * rise + (1 - up) * (1 - rise)
    spread = chance * (1 - chance) / n
    expected = ((2 * rise - 1) ** 2 * up * (1 - up) + (2 * up - 1) ** 2 * rise * (1 - rise)) / n
    expected += 4 * up * rise * (1 - up) * (1 - rise) / n**2
    if spread - expected <= 0 or up in (0.0, 1.0) or rise in (0.0, 1.0):
        return None
    return float(ndtr(-(agree - chance) / np.sqrt(spread - expected)))


def balanced_accuracy(implied: Array, realised: Array, *, dead_band: float = DEAD_BAND) -> float | None:
    """Share of rises and of falls that an overlay implied, averaged, so that a trend cannot inflate it.

    Args:
        implied: Standardised moves that the overlay implies; the sign counts; shape `(n,)`.
        realised: Standardised moves that happened, in scales; same shape.
        dead_band: Realised moves within it are left out; where nothing is implied, half a hit is counted.

    Returns:
        In [0, 1], 0.5 is chance; `None` where only rises or only falls happened.

    Source:
        domain reference 4.8; mean of sensitivity and specificity.

    Example:
        >>> balanced_accuracy(np.ones(4), np.array([1.0, 1.0, 1.0, -1.0]))
        0.5
    """
    rose, fell = realised > dead_band, realised < -dead_band
    if not rose.any() or not fell.any():
        return None
    hit = np.where(implied == 0, 0.5, (np.sign(implied) == np.sign(realised)).astype(float))
    return 0.5 * float(hit[rose].mean() + hit[fell].mean())


def _bounds(gain: Array, size: Array, *, block: int, draws: int, seed: int, interval: float) -> tuple[float, float]:
    n = len(gain)
    block = min(block, n)
    starts = np.random.default_rng(seed).integers(n, size=(draws, -(-n // block)))
    drawn = ((starts[:, :, None] + np.arange(block)) % n).reshape(draws, -1)[:, :n]
    sums, sizes = gain[drawn].sum(axis=1), size[drawn].sum(axis=1)
    sampled = 0.5 * (1.0 + sums / np.where(sizes > 0, sizes, 1.0))
    low, high = np.quantile(sampled, [(1 - interval) / 2, (1 + interval) / 2])
    return float(low), float(high)
