"""Changes in forecast errors: two-sided CUSUM on their mean and size, thresholds from a bootstrap of earlier errors.

numpy only; an alarm at a cutoff rests on errors that were known at it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.metrics.drift.whitening import mean_of_known
from pulse_kedro.domain.panel import Array

ALLOWANCE = 0.25
"""Slack of the CUSUM in standard deviations, the lower end of what is usual (`forecasting.md` 6)."""
CLIPPED = 4.0
"""Largest standardised error that is summed; ours: one broken value must not raise an alarm alone."""
DRAWS = 100
"""Bootstrap paths behind a threshold; ours."""
QUIET = 240
"""Cutoffs between two false alarms, on average; ours, twenty years of months."""
WATCHED = 2
"""Seasons after which a watch begins anew with a newer reference; ours."""
MOST = 2.0
"""Largest share of its own threshold that one series adds to the alarm of the panel; ours."""
SMALLEST = 100.0
"""Most that errors shrink in one step, which keeps a scale above zero; ours."""
BORROWED = 24.0
"""Errors of its own that weigh as much as the panel's when a series is measured anew; ours."""
NORMAL_MAD = 1.4826
"""Standard deviation of normal errors over their median absolute deviation."""
SERIES_BLOCK = 1024
"""Series whose paths are drawn at once; ours, twenty megabytes."""
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """Where errors changed: `panel` `(K,)` for the panel as a whole, `series` `(K, S)` for single series."""

    panel: Mask
    series: Mask

    def at(self, cutoff: int) -> Mask:
        """Series that drifted by a cutoff: all where the panel did; shape `(S,)`."""
        return np.asarray(self.series[cutoff] | self.panel[cutoff])


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A CUSUM per series: how errors are standardised, what was summed, and from where on it is an alarm.

    `centre`, `scale`, `size`, `width` and `limits` have shape `(S,)`: median and robust deviation of the reference,
    mean and deviation of its standardised absolute errors, and the threshold of each series. `limit` is that of the
    panel's mean share. `sums` `(4, S)` are the mean up and down, the size up and down.
    """

    centre: Array
    scale: Array
    size: Array
    width: Array
    limits: Array
    limit: float
    sums: Array

    def learn(self, errors: Array) -> "Watch":
        """State after the errors `(S,)` of one period; `nan` leaves a series as it is."""
        moves = _moves(self, errors)
        return replace(self, sums=_add(self.sums, moves))

    @property
    def shares(self) -> Array:
        """Largest sum of each series as a share of its threshold; above 1 is an alarm. Shape `(S,)`."""
        return np.asarray(self.sums.max(axis=0) / self.limits)

    @property
    def panel(self) -> bool:
        """Whether the mean share of the panel passes its threshold."""
        return bool(np.minimum(self.shares, MOST).mean() > self.limit)


def find_drift(errors: Array, *, season: int, reference: int, least: int, seed: int = 0) -> Alarms:
    """Cutoffs by which errors had changed their mean or their size.

    A watch lasts two seasons and compares with the `reference` errors before it. After an alarm of the panel it is
    quiet for two seasons, whose errors are the new normal. Thresholds make one false alarm in `QUIET` cutoffs where
    centre and size are known; on made-up noise, where they have to be measured, it were up to three of a single series.

    Args:
        errors: One-step errors over their scale, oldest cutoff first; the error of a cutoff is known at the next one.
            Shape `(K, S)`, `nan` where unknown.
        season: Steps in a season.
        reference: Errors that are taken as normal, at most.
        least: Errors without which there is no watch.
        seed: Of the bootstrap.

    Returns:
        Alarms at each cutoff; those at cutoff j rest on errors before j.

    Source:
        Page (1954) for the CUSUM; Politis & Romano (1992) for the circular block bootstrap.
    """
    cutoffs, series = errors.shape
    panel, found = np.zeros(cutoffs, dtype=bool), np.zeros((cutoffs, series), dtype=bool)
    watch: Watch | None = None
    begun = since = 0
    least = max(least, 2 * season)
    for j in range(least, cutoffs):
        if watch is not None and j > begun:
            watch = watch.learn(errors[j - 1])
            panel[j], found[j] = watch.panel, watch.shares > 1
            sums = np.where(found[j], 0.0, watch.sums)
            watch = replace(watch, sums=sums)
        if panel[j]:
            begun, since = j + WATCHED * season, j
        elif watch is None or j == begun or j - begun >= WATCHED * season:
            known = errors[max(since, j - reference) : j]
            watch, begun = (rescaled(watch, known) if watch and len(known) < least else begin(known, season, seed)), j
    return Alarms(panel=panel, series=found)


def begin(known: Array, season: int, seed: int) -> Watch:
    """A watch whose thresholds come from a reference.

    Args:
        known: Errors that are normal. Shape `(n, S)`, `nan` where unknown.
        season: Steps in a season; a watch lasts two.
        seed: Of the bootstrap.
    """
    series = known.shape[1]
    draft = Watch(**_standards(known), limits=np.ones(series), limit=1.0, sums=np.zeros((4, series)))
    length = WATCHED * season
    rows = _circular(len(known), length, max(2 * season, round(len(known) ** (1 / 3))), np.random.default_rng(seed))
    level = max(0.5, 1 - length / QUIET)
    limits, shares = np.ones(series), np.zeros((length, DRAWS))
    for columns in _blocks(series):
        part = _part(draft, columns)
        paths = np.stack(list(_paths(part, known[:, columns], rows)))
        limits[columns] = np.maximum(np.quantile(paths.max(axis=0), level, axis=0), 2 * ALLOWANCE)
        shares += np.minimum(paths / limits[columns], MOST).sum(axis=2)
    return replace(draft, limits=limits, limit=float(np.quantile(shares.max(axis=0) / series, level)))


def rescaled(watch: Watch, known: Array) -> Watch:
    """A watch with the same thresholds over errors whose centre and size moved.

    Args:
        watch: As before the move.
        known: Errors since then. Shape `(n, S)`; n may be small, so that each series borrows from the panel's median.
    """
    z = np.clip((known - watch.centre) / watch.scale, -2 * CLIPPED, 2 * CLIPPED)
    n = (~np.isnan(z)).sum(axis=0)
    shift = _borrowed(mean_of_known(z), n)
    away = mean_of_known(np.abs(z - shift))
    ratio = _borrowed(np.divide(away, watch.size, out=np.ones_like(away), where=watch.size > 0), n)
    return replace(
        watch,
        centre=watch.centre + shift * np.where(np.isfinite(watch.scale), watch.scale, 0.0),
        scale=watch.scale * np.maximum(ratio, 1 / SMALLEST),
        sums=np.zeros_like(watch.sums),
    )


def _borrowed(own: Array, n: npt.NDArray[np.int64]) -> Array:
    """Values of the series, shrunk to the panel's median by how many errors they rest on."""
    panel = float(np.median(own[n > 0])) if (n > 0).any() else 0.0
    return np.asarray((n * own + BORROWED * panel) / (n + BORROWED))


def _standards(known: Array) -> dict[str, Array]:
    """Centre and robust scale of each series, and mean and deviation of the standardised absolute errors."""
    filled = np.where((~np.isnan(known)).any(axis=0), known, 0.0)
    centre = np.nanmedian(filled, axis=0)
    away = np.abs(filled - centre)
    scale = NORMAL_MAD * np.nanmedian(away, axis=0)
    scale = np.where(scale > 0, scale, np.nanmean(away, axis=0))
    scale = np.where(scale > 0, scale, np.inf)
    share = np.minimum(away / scale, CLIPPED)
    size, width = np.nanmean(share, axis=0), np.nanstd(share, axis=0)
    return {
        "centre": centre,
        "scale": scale,
        "size": size,
        "width": np.where(width > 0, width, np.inf),
    }


def _moves(watch: Watch, errors: Array) -> Array:
    """What one period adds: shape `(4, ..., S)` for errors `(..., S)`, `nan` where unknown."""
    z = np.clip((errors - watch.centre) / watch.scale, -CLIPPED, CLIPPED)
    grown = np.minimum((np.abs(z) - watch.size) / watch.width, CLIPPED)
    return np.asarray(np.stack([z, -z, grown, -grown]) - ALLOWANCE)


def _add(sums: Array, moves: Array) -> Array:
    return np.where(np.isnan(moves), sums, np.maximum(0.0, sums + moves))


def _paths(watch: Watch, known: Array, rows: npt.NDArray[np.int64]) -> Iterator[Array]:
    """Largest sum of each drawn path and series, period by period; each of shape `(draws, S)`."""
    sums = np.zeros((4, rows.shape[1], known.shape[1]))
    for row in rows:
        sums = _add(sums, _moves(watch, known[row]))
        yield sums.max(axis=0)


def _circular(n: int, length: int, block: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows of blocks that wrap around the end; shape `(length, DRAWS)`."""
    starts = rng.integers(0, n, size=(-(-length // block), 1, DRAWS))
    return np.asarray((starts + np.arange(block)[:, None]).reshape(-1, DRAWS)[:length] % n)


def _blocks(series: int) -> Iterator[slice]:
    return (slice(start, min(start + SERIES_BLOCK, series)) for start in range(0, series, SERIES_BLOCK))


def _part(watch: Watch, columns: slice) -> Watch:
    """The same for some series."""
    names = ("centre", "scale", "size", "width", "limits")
    return replace(watch, **{name: getattr(watch, name)[columns] for name in names}, sums=watch.sums[:, columns])
