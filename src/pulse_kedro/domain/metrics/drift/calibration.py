"""How large a statistic gets where nothing changed: a bootstrap in which everything is estimated again.

Centre, season, scale and memory of a reference are estimates. A threshold that takes them as known promises too much,
up to three times on common noise; here each made-up path is measured like the series, from its own reference.
"""

from dataclasses import dataclass

import numpy as np

from pulse_kedro.domain.metrics.drift.statistics import Changes, measure
from pulse_kedro.domain.metrics.drift.whitening import draw_paths
from pulse_kedro.domain.panel import Array

POOL = 400
"""Made-up paths that a series is compared with, its neighbours' included; ours."""
TAIL = 0.1
"""Share of the largest made-up statistics that tell how fast the tail falls; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """Statistics of made-up paths for every series, sorted: shape `(D, pool, S)`."""

    drawn: Array

    @property
    def middle(self) -> Array:
        """Statistic that a series without change passes half of the time; shape `(D, S)`."""
        return self.drawn[:, self.drawn.shape[1] // 2]

    def threshold(self, alpha: float) -> Array:
        """Statistic that a series without change passes with this probability; shape `(D, S)`."""
        start, rate = self._tail()
        beyond = start + rate * np.log(TAIL / alpha)
        return np.where(alpha < TAIL, beyond, np.quantile(self.drawn, 1 - alpha, axis=1))

    def p_values(self, found: Array) -> Array:
        """Probability of a statistic at least as large where nothing changed; shape `(D, S)`."""
        pool = self.drawn.shape[1]
        plain = (1 + (self.drawn >= found[:, None]).sum(axis=1)) / (1 + pool)
        start, rate = self._tail()
        tail = TAIL * np.exp(-np.maximum(found - start, 0) / rate)
        return np.where(found > start, np.minimum(tail, 1.0), plain)

    def _tail(self) -> tuple[Array, Array]:
        """Where the tail begins and the mean excess beyond: sums of a CUSUM fall exponentially, shapes faster."""
        first = int(self.drawn.shape[1] * (1 - TAIL))
        start = self.drawn[:, first]
        return start, np.maximum((self.drawn[:, first:] - start[:, None]).mean(axis=1), np.finfo(float).eps)


def calibrate(
    changes: Changes,
    reference: int,
    window: int,
    *,
    season: int,
    seed: int,
    draws: int = POOL,
    neighbours: int | None = None,
) -> Null:
    """Distribution of the statistics where nothing changed.

    Args:
        changes: What was measured on the series, with their whitening. S is one dimension.
        reference: Values of the reference.
        window: Values after it.
        season: Steps in a season.
        seed: Of the bootstrap.
        draws: Paths that each series is compared with. They come from the series whose memory is nearest to its own.
        neighbours: Series that share their paths, at most; `None` takes as many as there are.

    Source:
        See `draw_paths`.
    """
    series = changes.left.shape[1]
    own = max(2, -(-draws // min(series, draws // 4, neighbours or series)))
    rng = np.random.default_rng(seed)
    paths = draw_paths(changes.whitening, changes.left, reference + window, own, rng)
    drawn = measure(paths.reshape(len(paths), -1), reference, season).found.reshape(-1, own, series)
    order = np.argsort(changes.whitening.memory, kind="stable")
    near = min(series, -(-draws // own))
    first = np.clip(np.arange(series) - near // 2, 0, series - near)
    places = order[first[:, None] + np.arange(near)]
    kinds = len(drawn)
    pooled = np.empty((kinds, own * near, series))
    pooled[:, :, order] = drawn[:, :, places].transpose(0, 1, 3, 2).reshape(kinds, own * near, series)
    return Null(drawn=np.sort(pooled, axis=1))
