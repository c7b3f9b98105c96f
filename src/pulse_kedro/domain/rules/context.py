"""Facts that are known when forecasts are made, for many cutoffs at once.

What comes after a cutoff changes none of its facts: past values enter through sums up to the cutoff, past errors only
once their targets have arrived.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.rules.applying import Context

FADING = 0.1
"""Weight of the newest error in `last_bias`, per distance of two cutoffs (reference of rules, 2 and 10)."""
LEAST_SPAN = 4
"""Periods that a mean of the newest values covers where a season is shorter; ours."""
MANY_SERIES = 64
"""Series beyond which none is told apart by name; as many values as a condition may list."""
CALENDAR = {
    "hourly": ("hour", "weekday"),
    "daily": ("weekday", "month"),
    "weekly": ("month",),
    "monthly": ("month",),
    "quarterly": ("quarter",),
}
"""Facts of the target's date, by frequency."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Unruled forecasts of a panel at several cutoffs, and what was known at each.

    `y` `(periods, series)` is the history, gaps `nan`; `places` `(cutoffs,)`, ascending, how many of its periods were
    known. `points` and `actual` are `(cutoffs, steps, series)`, `nan` where there is no forecast or no outcome yet.
    `scale` `(cutoffs, series)` is the usual seasonal change up to each cutoff. `cutoffs` `(cutoffs,)` and `targets`
    `(cutoffs, steps)` are period starts; `dated` says that they mean something in a calendar. `groups` names the group
    of each series, `None` for one group.
    """

    y: Array
    places: npt.NDArray[np.int64]
    points: Array
    actual: Array
    scale: Array
    ids: tuple[str, ...]
    season: int
    frequency: str
    cutoffs: npt.NDArray[np.datetime64]
    targets: npt.NDArray[np.datetime64]
    dated: bool = True
    groups: tuple[str, ...] | None = None

    @property
    def z(self) -> Array:
        """Errors of the unruled forecasts in units of the scale, positive where they are too low; as `points`."""
        return np.asarray((self.actual - self.points) / _positive(self.scale)[:, None])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cutoffs, steps, series."""
        cutoffs, steps, series = self.points.shape
        return cutoffs, steps, series

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Cutoffs all of whose targets have arrived; shape `(cutoffs,)`."""
        return np.asarray(self.places + self.points.shape[1] <= len(self.y))

    @property
    def overlap(self) -> int:
        """Cutoffs that share targets, at least 1; from the usual distance of cutoffs."""
        return -(-self.points.shape[1] // self.stride)

    @property
    def stride(self) -> int:
        """Usual number of periods between two cutoffs."""
        return max(1, int(np.median(np.diff(self.places)))) if len(self.places) > 1 else self.points.shape[1]


def context_of(scene: Scene) -> Context:
    """All facts of a scene; each broadcasts to `(cutoffs, steps, series)`."""
    horizon, series = scene.points.shape[1:]
    facts: dict[str, npt.NDArray[np.generic]] = {"step": np.arange(1.0, horizon + 1)[None, :, None]}
    if 1 < series <= MANY_SERIES:
        facts["series"] = np.array(scene.ids)[None, None, :]
    if scene.groups is not None and 1 < len(set(scene.groups)) < series:
        facts["group"] = np.array(scene.groups)[None, None, :]
    if scene.dated:
        facts |= {name: _date_part(scene.targets, name) for name in CALENDAR.get(scene.frequency, ())}
    return facts | _state(scene)


def _date_part(targets: npt.NDArray[np.datetime64], name: str) -> npt.NDArray[np.str_]:
    when = pd.DatetimeIndex(targets.ravel())
    number = when.weekday + 1 if name == "weekday" else getattr(when, name)
    width = 2 if name in {"hour", "month"} else 1
    written = np.array([f"{value:0{width}d}" for value in range(32)])
    return np.asarray(written[np.asarray(number)].reshape(*targets.shape, 1))


def _state(scene: Scene) -> dict[str, npt.NDArray[np.generic]]:
    """What the newest values, the newest errors and the forecast itself say, in units of the scale."""
    y, places, scale, m = scene.y, scene.places, _positive(scene.scale), scene.season
    span = max(m, LEAST_SPAN)
    newest, before = _mean_of(y, places, span), _mean_of(y, places - span, span)
    change = np.full_like(y, np.nan)
    change[m:] = np.abs(y[m:] - y[:-m])
    horizon = scene.points.shape[1]
    at = places[:, None] + np.arange(horizon) % m - m
    naive = np.where((at >= 0)[:, :, None], y[np.maximum(at, 0)], np.nan)
    return {
        "last_bias": _fading_mean(scene)[:, None],
        "trend": ((newest - before) / scale)[:, None],
        "volatility": (_mean_of(change, places, span) / scale)[:, None],
        "rise": (scene.points - newest[:, None]) / scale[:, None],
        "beyond_naive": (scene.points - naive) / scale[:, None],
    }


def _mean_of(values: Array, ends: npt.NDArray[np.int64], span: int) -> Array:
    """Mean of the known values among the `span` rows before each end; shape `(ends, columns)`, `nan` without any."""
    zero = np.zeros((1, values.shape[1]))
    known = np.isfinite(values)
    sums = np.concatenate([zero, np.cumsum(np.where(known, values, 0.0), axis=0)])
    counts = np.concatenate([zero, np.cumsum(known, axis=0)])
    stop, start = np.maximum(ends, 0), np.maximum(ends - span, 0)
    count = counts[stop] - counts[start]
    return np.asarray(np.where(count > 0, sums[stop] - sums[start], np.nan) / np.maximum(count, 1))


def _fading_mean(scene: Scene) -> Array:
    """Mean of the errors whose targets had arrived at each cutoff, older ones fading; shape `(cutoffs, series)`."""
    z, horizon = scene.z, scene.points.shape[1]
    first = int(scene.places[0])
    at = (scene.places - first)[:, None] + np.arange(horizon)
    length = int(at.max()) + 1
    sums, counts = np.zeros((length, z.shape[2])), np.zeros((length, z.shape[2]))
    np.add.at(sums, at, np.nan_to_num(z))
    np.add.at(counts, at, np.isfinite(z))
    by_time = np.where(counts > 0, sums, np.nan) / np.maximum(counts, 1)
    alpha = 1 - (1 - FADING) ** (1 / scene.stride)
    faded = pd.DataFrame(by_time).ewm(alpha=alpha, ignore_na=True).mean().to_numpy()
    known = np.minimum(scene.places - first - 1, length - 1)
    return np.where((known >= 0)[:, None], faded[np.maximum(known, 0)], np.nan)


def _positive(values: Array) -> Array:
    return np.where(values > 0, values, np.nan)
