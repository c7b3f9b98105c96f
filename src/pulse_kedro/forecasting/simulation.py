"""Replays whole policies of retraining over one history: identical origins, loss, cost, and what they did.

At each origin the forecasts whose targets have arrived are scored, the policy acts, and new forecasts are issued from
what is known then (`forecasting.md` 7, continual rolling origin).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.metrics.comparison import bootstrap_improvement
from pulse_kedro.domain.metrics.competition import scale
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.evidence import nan_mean
from pulse_kedro.forecasting.simulation_policies import Policy

FEWEST = 2
"""Origins without which no policy differs from another."""
FEWEST_ERRORS = 20
"""Scaled errors of one step behind an interval; ours, the outer tenths then rest on two each. Fewer: all steps."""
DRAWS, SEED = 2000, 20261129
"""Resamples of the interval of a difference, and their seed; ours."""
RECOVERED = 1.1
"""A policy has recovered where its loss is at most this multiple of its mean loss before the break; ours."""


class ReplayTooShort(InvalidInput):
    """The history leaves no origins to replay."""

    def __init__(self, periods: int, needed: int, origins: int) -> None:
        """Keep periods, what is needed for two origins, and how many fit."""
        super().__init__(periods, needed, origins)
        self.periods, self.needed, self.origins = periods, needed, origins

    def __str__(self) -> str:
        """Give the numbers and the way out."""
        return (
            f"Replaying a history failed: got {self.periods} periods, which leave {self.origins} origins, expected at "
            f"least {self.needed} periods for {FEWEST} origins. Bring a longer history, a shorter --horizon, or an "
            "earlier --start."
        )


class NothingToScore(InvalidInput):
    """No outcome of a replay can be scored."""

    def __init__(self, series: int, values: int) -> None:
        """Keep how many series there are, and how many values they have."""
        super().__init__(series, values)
        self.series, self.values = series, values

    def __str__(self) -> str:
        """Say what a score needs."""
        return (
            f"Replaying a history failed: got {self.series} series with {self.values} values, none with an outcome "
            "after an origin and a change from one season to the next before it, expected at least one such series. "
            "Bring series that move, or correct --season."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What one policy did: `points` `(K, H, S)`, seconds of computing per origin `(K,)`, and its counters."""

    points: Array
    seconds: Array
    retrainings: int
    alarms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """All policies on the same origins.

    `stops` are the numbers of periods known at each origin, `actual` `(K, H, S)` what came true (`nan` where it has
    not), `scale` `(K, S)` the mean |y[t] - y[t-m]| of what was known.
    """

    stops: tuple[int, ...]
    actual: Array
    scale: Array
    played: Mapping[str, Played]

    def losses(self, name: str) -> Array:
        """Mean absolute scaled error per origin: over the steps, then over the series; shape `(K,)`."""
        return np.asarray(nan_mean(nan_mean(np.abs(self.errors(name)), 1), 1))

    def errors(self, name: str) -> Array:
        """Scaled errors, actual minus forecast; shape `(K, H, S)`."""
        return np.asarray((self.actual - self.played[name].points) / _positive(self.scale)[:, None])


def fewest_periods(*, horizon: int, season: int) -> int:
    """Periods known at an origin, at least: two seasons or two horizons, and one more."""
    return max(2 * season, 2 * horizon) + 1


def plan_stops(periods: int, *, horizon: int, season: int, start: int | None, every: int | None) -> tuple[int, ...]:
    """Numbers of periods that are known at each origin; the last one has all of its targets.

    Args:
        periods: Of the whole history.
        horizon: Steps ahead.
        season: Longest season; the first origin knows at least two of it and two horizons.
        start: Periods known at the first origin; `None` takes half of the history.
        every: Periods between two origins; `None` takes the horizon.

    Raises:
        ReplayTooShort: Fewer than two origins fit.
    """
    least = fewest_periods(horizon=horizon, season=season)
    first = max(least, periods // 2) if start is None else start
    step = every or horizon
    stops = tuple(range(first, periods - horizon + 1, step))
    if first < least or len(stops) < FEWEST:
        raise ReplayTooShort(
            periods, max(first, least) + step * (FEWEST - 1) + horizon, 0 if first < least else len(stops)
        )
    return stops


def replay(
    policies: Mapping[str, Policy],
    y: Array,
    stops: Sequence[int],
    *,
    horizon: int,
    season: int,
    step: Callable[[str], None] = lambda _: None,
) -> Simulation:
    """Every policy at every origin.

    Args:
        policies: By name; each keeps its own state and is used once.
        y: The panel, gaps as `nan`. Shape `(periods, series)`.
        stops: Periods known at each origin, ascending.
        horizon: Steps ahead.
        season: m of the scale that errors are divided by.
        step: Told the name of a policy and the origin before each.

    Raises:
        NothingToScore: No series has a scale and an outcome at any origin.
    """
    actual = np.stack([y[stop : stop + horizon] for stop in stops])
    scales = np.stack([scale(y[:stop], season) for stop in stops])
    if not (np.isfinite(actual) & (scales > 0)[:, None]).any():
        raise NothingToScore(y.shape[1], int(np.isfinite(y).sum()))
    played = {}
    for name, policy in policies.items():
        points: list[Array] = []
        seconds: list[float] = []
        for k, stop in enumerate(stops):
            step(f"{name}, origin {k + 1} of {len(stops)}")
            errors = known_errors(points, actual, scales, stops, now=stop, season=season)
            began = time.process_time()
            points.append(policy.act(y[:stop], errors))
            seconds.append(time.process_time() - began)
        played[name] = Played(
            points=np.stack(points),
            seconds=np.array(seconds),
            retrainings=policy.retrainings,
            alarms=policy.alarms,
        )
    return Simulation(stops=tuple(stops), actual=actual, scale=scales, played=played)


def naive_losses(y: Array, stops: Sequence[int], *, horizon: int, season: int) -> Array:
    """Mean absolute scaled error of the seasonal naive forecast per origin, as `Simulation.losses`; shape `(K,)`."""
    places = np.arange(horizon) % season - season
    units = [_positive(scale(y[:stop], season)) for stop in stops]
    errors = np.stack(
        [(y[stop : stop + horizon] - y[stop + places]) / unit for stop, unit in zip(stops, units, strict=True)]
    )
    return np.asarray(nan_mean(nan_mean(np.abs(errors), 1), 1))


def _positive(values: Array) -> Array:
    return np.where(values > 0, values, np.nan)


def known_errors(
    points: Sequence[Array], actual: Array, scales: Array, stops: Sequence[int], *, now: int, season: int
) -> Array:
    """Mean scaled errors of the forecasts whose targets have all arrived, in blocks of one season.

    Returns:
        Shape `(blocks, series)`, oldest first; a forecast shorter than two seasons is one block.
    """
    blocks = error_blocks(actual.shape[1], season)
    found = []
    for made, true, unit, stop in zip(points, actual, scales, stops, strict=False):
        if stop + len(true) <= now:
            errors = (true - made) / _positive(unit)
            found += [nan_mean(part, 0) for part in np.array_split(errors, blocks)]
    return np.stack(found) if found else np.empty((0, actual.shape[2]))


def error_blocks(horizon: int, season: int) -> int:
    """Blocks that the errors of one forecast are averaged in."""
    return max(1, horizon // max(season, 1)) if season > 1 else 1


def coverage(simulation: Simulation, name: str, *, level: float = 0.8) -> float | None:
    """Share of outcomes inside an interval made of the policy's own earlier errors.

    The interval of a step holds the middle `level` of the scaled errors that were known at the origin, pooled over
    series, and over steps while there are few. `None` where no origin had any.
    """
    errors, stops = simulation.errors(name), np.asarray(simulation.stops)
    horizon = errors.shape[1]
    inside = total = 0
    for k, stop in enumerate(stops):
        past = errors[stops + horizon <= stop]
        if past.size < FEWEST_ERRORS:
            continue
        axes = (0, 2) if past.shape[0] * past.shape[2] >= FEWEST_ERRORS else None
        low, high = np.nanquantile(past, [(1 - level) / 2, (1 + level) / 2], axis=axes)
        now = errors[k]
        inside += int(((now >= np.reshape(low, (-1, 1))) & (now <= np.reshape(high, (-1, 1)))).sum())
        total += int((~np.isnan(now)).sum())
    return inside / total if total else None


def stability(simulation: Simulation, name: str) -> float | None:
    """sMAPC: mean of 200 |f_o - f_(o-1)| / (|f_o| + |f_(o-1)|) over targets that successive origins share.

    `None` where origins lie a horizon or more apart, so that none are shared.

    Source:
        `forecasting.md` 7.
    """
    points, found = simulation.played[name].points, []
    for k, (before, now) in enumerate(pairwise(simulation.stops)):
        shared = points.shape[1] - (now - before)
        if shared > 0:
            old, new = points[k][-shared:], points[k + 1][:shared]
            size = np.abs(old) + np.abs(new)
            found.append(200 * np.abs(new - old) / np.where(size > 0, size, np.nan))
    return float(np.nanmean(np.stack(found))) if found else None


def recovery(losses: Array, broken: int) -> int | None:
    """Origins after a break until the loss is near what it was before; `None` where it never is.

    Args:
        losses: Per origin.
        broken: Place of the first origin whose targets are broken, at least 1.
    """
    usual = float(np.nanmean(losses[:broken]))
    back = np.flatnonzero(losses[broken:] <= RECOVERED * usual)
    return int(back[0]) if len(back) else None


def gain_between(first: Array, second: Array, *, overlap: int) -> dict[str, float]:
    """Relative gain of the second loss over the first, with a 95 % interval; paired by origin.

    Args:
        first: Losses per origin.
        second: Losses of the rival.
        overlap: Origins whose forecasts overlap; no block of the bootstrap is shorter.
    """
    known = ~np.isnan(first) & ~np.isnan(second)
    first, second = first[known], second[known]
    block = max(overlap, round(len(first) ** (1 / 3)))
    drawn = bootstrap_improvement(first, second, block=block, draws=DRAWS, seed=SEED)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"gain": float(1 - second.mean() / first.mean()), "low": float(low), "high": float(high)}
