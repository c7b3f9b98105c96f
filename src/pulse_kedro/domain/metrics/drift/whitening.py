"""Noise without memory: phases of the season are standardised, then an autoregression of the reference is taken out.

Tests for independent data raise an alarm in half of all stationary series with a memory of .8 (K2); what is left here
is close enough to independent for a test, and a bootstrap measures the rest.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array

ORDERS = 6
"""Longest memory that is looked for, in steps; `forecasting.md` 6."""
CLIPPED = 4.0
"""Largest standardised value that counts; ours, as in `watching`."""
PER_PHASE = 5
"""Values of each phase without which the season is left in; ours."""
BORROWED = 24.0
"""Values of its own that weigh as much as the whole reference in the scale of a phase; ours."""
NORMAL_MAD = 1.4826
"""Standard deviation of normal values over their median absolute deviation."""
LARGEST_ROOT = 0.99
"""Largest sum of coefficients that a made-up path may have; ours, beyond it a path has no level to return to."""
Phases = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitening:
    """What is taken out of a series, fitted on its reference only. `S` stands for any shape of series.

    `centre` and `scale` `(m, S)` standardise each phase, `coefficients` `(ORDERS, S)` are those of the autoregression,
    `noise` `(S,)` is the standard deviation of what is left. `memory` is the sum of the coefficients.
    """

    centre: Array
    scale: Array
    coefficients: Array
    noise: Array

    @property
    def memory(self) -> Array:
        """Sum of the coefficients: 0 without memory, near 1 close to a random walk. Shape `(S,)`."""
        return np.asarray(self.coefficients.sum(axis=0))

    def standardised(self, values: Array) -> Array:
        """Values `(T, S)` without season, in robust deviations, drawn in to `CLIPPED`; the first one has phase 0."""
        phases = len(self.centre)
        places = np.arange(len(values)) % phases
        return np.asarray(np.clip((values - self.centre[places]) / self.scale[places], -CLIPPED, CLIPPED))

    def whiten(self, values: Array) -> Array:
        """Innovations in standard deviations, drawn in to `CLIPPED`; `nan` where a value is unknown.

        The first `ORDERS` of them rest on fewer values. A missing value counts as the centre for those after it.

        Args:
            values: Reference and what followed it, oldest first. Shape `(T, S)`.
        """
        z = self.standardised(values)
        return np.clip(innovations(z, self.coefficients) / self.noise, -CLIPPED, CLIPPED)


def fit_whitening(reference: Array, season: int) -> Whitening:
    """Season, scale and memory of a reference.

    Args:
        reference: Normal values, oldest first, in phase 0 at the start. Shape `(n, S)`, `nan` where unknown.
        season: Steps in a season; it is left in where a phase has fewer than `PER_PHASE` values.

    Source:
        Burg (1975) for the coefficients, Akaike (1974) for their number.
    """
    centre, scale = _phases(reference, season if len(reference) >= PER_PHASE * season else 1)
    draft = Whitening(centre=centre, scale=scale, coefficients=centre[:0], noise=scale[0])
    z = draft.standardised(reference)
    coefficients = _burg(np.nan_to_num(z))
    left = innovations(z, coefficients)[ORDERS:]
    noise = _deviation(left)
    return Whitening(
        centre=centre, scale=scale, coefficients=coefficients, noise=np.where(noise > 0, noise, np.inf).astype(z.dtype)
    )


def innovations(z: Array, coefficients: Array) -> Array:
    """What an autoregression leaves of standardised values `(T, S)`; `nan` where the value itself is unknown."""
    filled = np.nan_to_num(z)
    left = z.copy()
    for lag, weight in enumerate(coefficients, start=1):
        left[lag:] -= weight * filled[:-lag]
    return left


def _phases(reference: Array, phases: int) -> tuple[Array, Array]:
    """Centre and scale of each phase: one step of a robust mean, and its deviation shrunk to that of all phases."""
    n, shape = len(reference), reference.shape[1:]
    padded = np.full((-(-n // phases) * phases, *shape), np.nan, dtype=reference.dtype)
    padded[:n] = reference
    folded = padded.reshape(-1, phases, *shape)
    known = ~np.isnan(folded)
    count = known.sum(axis=0)
    middle = _median(folded)
    away = folded - middle
    width = NORMAL_MAD * _median(np.abs(away.reshape(-1, *shape)))
    width = np.where(width > 0, width, _deviation(away.reshape(-1, *shape)))
    drawn = np.clip(away, -CLIPPED * width, CLIPPED * width)
    step = np.where(known, drawn, 0).sum(axis=0) / np.maximum(count, 1)
    squares = (np.where(known, drawn - step, 0) ** 2).sum(axis=0)
    whole = squares.sum(axis=0) / np.maximum(count.sum(axis=0), 1)
    scale = np.sqrt((squares + BORROWED * whole) / (count + BORROWED))
    centre = np.where(count > 0, middle + step, np.nan_to_num(_median(reference)))
    return centre.astype(reference.dtype), np.where(scale > 0, scale, np.inf).astype(reference.dtype)


def _median(values: Array) -> Array:
    """Median over the first axis of what is known; 0 where nothing is."""
    if not np.isnan(values).any():
        return np.asarray(np.median(values, axis=0))
    some = (~np.isnan(values)).any(axis=0)
    return np.asarray(np.nanmedian(np.where(some, values, 0), axis=0))


def _deviation(values: Array) -> Array:
    """Root mean square over the first axis of what is known; 0 where nothing is."""
    known = ~np.isnan(values)
    squares = (np.where(known, values, 0) ** 2).sum(axis=0)
    return np.asarray(np.sqrt(squares / np.maximum(known.sum(axis=0), 1)))


def _burg(z: Array) -> Array:
    """Coefficients of the order with the least AIC, zero beyond it; shape `(ORDERS, S)`."""
    n, shape = len(z), z.shape[1:]
    current = np.zeros((ORDERS, *shape), dtype=z.dtype)
    best = current.copy()
    power = np.maximum((z**2).mean(axis=0), np.finfo(z.dtype).tiny)
    least = n * np.log(power)
    forward, backward = z[1:], z[:-1]
    for order in range(1, min(ORDERS, n // 4) + 1):
        energy = (forward**2 + backward**2).sum(axis=0)
        product = 2 * (forward * backward).sum(axis=0)
        reflection = np.divide(product, energy, out=np.zeros_like(energy), where=energy > 0)
        updated = current.copy()
        updated[order - 1] = reflection
        updated[: order - 1] = current[: order - 1] - reflection * current[: order - 1][::-1]
        current = updated
        power = power * np.maximum(1 - reflection**2, np.finfo(z.dtype).eps)
        criterion = n * np.log(power) + 2 * order
        better = criterion < least
        best = np.where(better, current, best)
        least = np.where(better, criterion, least)
        forward, backward = forward[1:] - reflection * backward[1:], backward[:-1] - reflection * forward[:-1]
    return best


def draw_paths(whitening: Whitening, left: Array, length: int, draws: int, rng: np.random.Generator) -> Array:
    """Made-up paths with the memory of each series and blocks of its own innovations.

    Args:
        whitening: Of S series.
        left: Innovations of their references, in standard deviations. Shape `(n, S)`, `nan` where unknown.
        length: Values of a path.
        draws: Paths of each series.
        rng: Source of random numbers.

    Returns:
        Shape `(length, draws, S)`, in the units of standardised values.

    Source:
        Buehlmann (1997) for the sieve, Politis & Romano (1992) for the circular blocks, and the first-order bias of an
        autoregression's memory, (1 + 3 memory) / n, of Kendall (1954), which is put back before paths are drawn.
    """
    n, series = left.shape
    block, warm = max(2, round(n ** (1 / 3))), 8 * ORDERS
    total = length + warm
    starts = rng.integers(0, n, size=(-(-total // block), 1, draws))
    rows = ((starts + np.arange(block)[:, None]).reshape(-1, draws)[:total]) % n
    known = np.where(np.isnan(left), 0, left - mean_of_known(left))
    shocks = (known * np.where(np.isfinite(whitening.noise), whitening.noise, 0))[rows].astype(left.dtype)
    weights = _corrected(whitening, n)
    paths = np.zeros((total + ORDERS, draws, series), dtype=left.dtype)
    for at in range(total):
        step = shocks[at].copy()
        for lag, weight in enumerate(weights, start=1):
            if weight.any():
                step += weight * paths[at + ORDERS - lag]
        paths[at + ORDERS] = step
    return paths[ORDERS + warm :]


def _corrected(whitening: Whitening, n: int) -> Array:
    """Coefficients whose memory is what it was before the estimate lost some of it."""
    memory = whitening.memory
    wanted = np.minimum(memory + np.where(memory > 0, (1 + 3 * memory) / n, 0), LARGEST_ROOT)
    weights = whitening.coefficients.copy()
    weights[0] += np.where(memory > 0, wanted - memory, 0)
    return np.asarray(weights)


def mean_of_known(values: Array) -> Array:
    """Mean over the first axis of what is known; 0 where nothing is."""
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
