"""Policies with rules: a rulebook is learned from their forecasts, tried, applied and watched while they are replayed.

Rules see unruled forecasts only, and so does the policy: both worlds share everything but the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.metrics.competition import scale
from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.rules.context import Scene
from pulse_kedro.domain.rules.learning import Step, advance, shifts_now
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.domain.rules.rulebook import Rulebook, empty_rulebook
from pulse_kedro.forecasting.simulation import fewest_periods, known_errors
from pulse_kedro.forecasting.simulation_policies import (
    GATED,
    RULED,
    Factory,
    Policy,
    Recursive,
    UnknownPolicy,
    make_policy,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """What a replay knows beside the values.

    `times` `(periods + horizon,)` are period starts, `dated` says that they mean something in a calendar; `season` is m
    of the scale, `every` the periods between two origins, `frequency` the name of the step.
    """

    ids: tuple[str, ...]
    season: int
    horizon: int
    every: int
    frequency: str
    times: npt.NDArray[np.datetime64]
    dated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What rules did in a replay.

    `warm_up_origins` lie before the first origin and were only learned from. `applied` counts origins with rules in
    force; sets of rules were `tried` on later windows, `passed` that trial, and were `dropped` again. `rules` are the
    words of the set that is in force at the end, `reason` what the rulebook says of itself there.
    """

    warm_up_origins: int
    applied: int
    tried: int
    passed: int
    dropped: int
    rules: tuple[str, ...]
    reason: str


@dataclass(slots=True, kw_only=True)
class Ruled:
    """A policy whose forecasts are shifted by the rules in force.

    `inner` acts as it would alone: it is told the errors of its own, unruled forecasts. `backtest` forecasts at the
    earlier origins, as a cycle has a backtest behind it.
    """

    inner: Policy
    backtest: Policy
    around: Surroundings
    options: RuleOptions
    retrainings: int = 0
    alarms: int = 0
    book: Rulebook = field(default_factory=lambda: empty_rulebook("replay"))
    _stops: list[int] = field(default_factory=list)
    _points: list[Array] = field(default_factory=list)
    _scales: list[Array] = field(default_factory=list)
    _errors: list[Array] = field(default_factory=list)
    _judged: int = 0
    _warm: int | None = None
    _applied: int = 0
    _tried: int = 0
    _passed: int = 0
    _dropped: int = 0

    def act(self, y: Array, errors: Array) -> Array:  # noqa: ARG002  # those of ruled forecasts: the policy sees its own
        """Forecast as the policy does, move the rulebook on with the outcomes that are known by now, and shift."""
        if self._warm is None:
            self._warm = self._judged = self._warm_up(y)
        points = self.inner.act(y, self._own_errors(y))
        self.retrainings, self.alarms = self.inner.retrainings, self.inner.alarms
        self._keep(y, points)
        scene = self._scene(y)
        self._move(advance(self.book, scene, self.options))
        shift = shifts_now(self.book, scene, self.options)
        return np.asarray(np.where(shift != 0, points + shift * self._scales[-1], points))

    @property
    def unruled(self) -> Array:
        """What the policy forecast at the origins so far, before rules; shape `(origins, horizon, series)`."""
        return np.stack(self._points[self._warm or 0 :])

    @property
    def ruling(self) -> Ruling:
        """What rules did so far."""
        return Ruling(
            warm_up_origins=self._warm or 0,
            applied=self._applied,
            tried=self._tried,
            passed=self._passed,
            dropped=self._dropped,
            rules=tuple(map(str, self.book.rules)),
            reason=self.book.reason,
        )

    def _warm_up(self, y: Array) -> int:
        """Forecasts at earlier origins of the same distance, from what was known at each; how many."""
        around = self.around
        least = fewest_periods(horizon=around.horizon, season=around.season)
        stops = range(len(y) - around.every, least - 1, -around.every) if self.options.enabled else ()
        for stop in reversed(stops):
            self._keep(y[:stop], self.backtest.act(y[:stop], np.empty((0, y.shape[1]))))
        return len(stops)

    def _keep(self, y: Array, points: Array) -> None:
        self._stops.append(len(y))
        self._points.append(points)
        self._scales.append(scale(y, self.around.season))

    def _own_errors(self, y: Array) -> Array:
        """Errors of the unruled forecasts since the first origin, as `simulation.replay` tells a policy."""
        kept = slice(self._judged, None)
        stops = self._stops[kept]
        if stops:
            actual, scales = self._actual(y, stops), np.stack(self._scales[kept])
            season, points = self.around.season, self._points[kept]
            new = known_errors(points, actual, scales, stops, now=len(y), season=season)
            self._errors += list(new)
            self._judged += sum(stop + self.around.horizon <= len(y) for stop in stops)
        return np.stack(self._errors) if self._errors else np.empty((0, y.shape[1]))

    def _actual(self, y: Array, stops: Sequence[int]) -> Array:
        """What came true after each origin, `nan` where it has not; shape `(origins, horizon, series)`."""
        places = np.asarray(stops)[:, None] + np.arange(self.around.horizon)
        known = places < len(y)
        return np.where(known[:, :, None], y[np.where(known, places, 0)], np.nan)

    def _scene(self, y: Array) -> Scene:
        around, places = self.around, np.asarray(self._stops)
        return Scene(
            y=y,
            places=places,
            points=np.stack(self._points),
            actual=self._actual(y, self._stops),
            scale=np.stack(self._scales),
            ids=around.ids,
            season=around.season,
            frequency=around.frequency,
            cutoffs=around.times[places - 1],
            targets=around.times[places[:, None] + np.arange(around.horizon)],
            dated=around.dated,
        )

    def _move(self, step: Step) -> None:
        """Take the next rulebook, and count what became of sets of rules."""
        for before, after in pairwise((self.book, *step.through)):
            self._tried += before.trial is None and after.trial is not None
            self._passed += not before.rules and bool(after.rules)
            self._dropped += bool(before.rules) and not after.rules
        self._applied += bool(step.book.rules)
        self.book = step.book


def make_ruled(name: str, make: Factory, *, around: Surroundings, options: RuleOptions, season: int) -> Policy:
    """A policy by its name; with rules where it ends in `+rules`, such as `recursive:1000+rules`.

    Args:
        name: As `simulation_policies.make_policy` takes it, and perhaps `+rules`.
        make: Gives an empty learner.
        around: What the replay knows beside the values.
        options: The terms of rules.
        season: Blocks of errors in one cycle, for `drift`.

    Raises:
        UnknownPolicy: No such policy, or one with a gate and rules: a gate compares recipes without rules.
    """
    plain = name.removesuffix(RULED)
    if plain == name:
        return make_policy(name, make, horizon=around.horizon, season=season)
    if plain.partition(":")[0] in GATED:
        raise UnknownPolicy(name)
    try:
        inner = make_policy(plain, make, horizon=around.horizon, season=season)
    except UnknownPolicy as error:
        raise UnknownPolicy(name) from error
    half_life = inner.half_life if isinstance(inner, Recursive) else None
    return Ruled(inner=inner, backtest=Recursive(make, half_life=half_life), around=around, options=options)
