"""Policies of retraining behind one protocol: what is done at an origin before its forecasts are issued."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from pulse_kedro.domain.errors import InvalidInput, nearest
from pulse_kedro.domain.metrics.drift import find_drift
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.simulation_learners import Learner

POLICIES = ("never", "full", "recursive", "drift", "promotion", "threshold")
GATED = ("promotion", "threshold")
"""Policies of two recursive recipes, the second forgets; the gate `evidence`, or the old rule, says which serves."""
RULED = "+rules"
"""End of the name of a policy whose forecasts are shifted by rules; those with a gate are replayed without."""
KEPT_AFTER_DRIFT = 0.1
"""Share that what was learned before an alarm keeps; ours, new windows outweigh the past after a tenth of it."""
HALF_LIFE = 8.0
"""Horizons after which a window counts half in a recipe that forgets, where no number is given; ours."""
REFERENCE, LEAST = 60, 24
"""Blocks of errors that the drift check takes as normal, at most and at least; ours."""
Factory = Callable[[Array], Learner]
"""An empty learner from everything known at the first origin."""


class UnknownPolicy(InvalidInput):
    """A policy was asked for that nobody replays."""

    def __init__(self, name: str) -> None:
        """Keep the name."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Say what is known and what is nearest."""
        kind = self.name.removesuffix(RULED).partition(":")[0]
        return (
            f"Replaying a policy failed: got {self.name!r}, expected one of {', '.join(POLICIES)}."
            f"{nearest(kind, list(POLICIES))} Give a number after a colon, such as full:4 (origins between two refits) "
            "or recursive:1000 (half-life), and +rules after a policy without a gate, such as recursive:1000+rules."
        )


class Policy(Protocol):
    """Something that decides at every origin what is learned, and forecasts.

    `retrainings` counts fits from nothing, `alarms` origins at which a change of the errors was seen.
    """

    retrainings: int
    alarms: int

    def act(self, y: Array, errors: Array) -> Array:
        """Points `(horizon, series)` made at an origin.

        Args:
            y: Everything known at the origin. Shape `(periods, series)`.
            errors: This policy's own scaled errors that are known by now, in blocks of time. Shape `(blocks, series)`.
        """
        ...


@dataclass(slots=True)
class Never:
    """Fits once, at the first origin, and then only reads the newest history."""

    make: Factory
    retrainings: int = 0
    alarms: int = 0
    _learner: Learner | None = None

    def act(self, y: Array, errors: Array) -> Array:  # noqa: ARG002  # the protocol of policies
        """Forecast with the first weights."""
        if self._learner is None:
            self._learner, self.retrainings = self.make(y).learn(y, len(y)).solve(), 1
        return self._learner.forecast(y)


@dataclass(slots=True)
class Full:
    """Fits from nothing at every n-th origin."""

    make: Factory
    every: int = 1
    retrainings: int = 0
    alarms: int = 0
    _learner: Learner | None = None
    _age: int = 0

    def act(self, y: Array, errors: Array) -> Array:  # noqa: ARG002  # the protocol of policies
        """Refit when it is time."""
        if self._learner is None or self._age % self.every == 0:
            self._learner = self.make(y).learn(y, len(y)).solve()
            self.retrainings += 1
        self._age += 1
        return self._learner.forecast(y)


@dataclass(slots=True)
class Recursive:
    """Adds the newest windows to its sums at every origin; with a half-life older ones count less."""

    make: Factory
    half_life: float | None = None
    retrainings: int = 0
    alarms: int = 0
    _learner: Learner | None = None
    _seen: int = 0

    def act(self, y: Array, errors: Array) -> Array:  # noqa: ARG002  # the protocol of policies
        """Update, solve, forecast."""
        new = len(y) - self._seen
        if self._learner is None:
            self._learner, self.retrainings = self.make(y), 1
        elif self.half_life is not None:
            self._learner = self._learner.forget(float(2.0 ** (-new / self.half_life)))
        self._learner, self._seen = self._learner.learn(y, new).solve(), len(y)
        return self._learner.forecast(y)


@dataclass(slots=True)
class DriftGated:
    """Keeps its sums up to date, but takes new weights only after an alarm, and then forgets most of the past.

    `season` counts the blocks of errors that make one cycle of them.
    """

    make: Factory
    season: int
    keep: float = KEPT_AFTER_DRIFT
    retrainings: int = 0
    alarms: int = 0
    _learner: Learner | None = None
    _seen: int = 0
    _blocks: int = 0

    def act(self, y: Array, errors: Array) -> Array:
        """Look for a change among the newest errors."""
        if self._learner is None:
            self._learner, self.retrainings = self.make(y).learn(y, len(y)).solve(), 1
        else:
            learner = self._learner.learn(y, len(y) - self._seen)
            if self._changed(errors):
                self.alarms += 1
                self.retrainings += 1
                learner = learner.forget(self.keep).solve()
            self._learner = learner
        self._seen = len(y)
        return self._learner.forecast(y)

    def _changed(self, errors: Array) -> bool:
        """Whether the panel raised an alarm among the errors that are new at this origin."""
        if len(errors) <= LEAST:
            return False
        padded = np.concatenate([errors, np.full((1, errors.shape[1]), np.nan)])
        found = find_drift(padded, season=self.season, reference=REFERENCE, least=LEAST)
        fresh, self._blocks = found.panel[self._blocks + 1 :], len(errors)
        return bool(fresh.any())


@dataclass(slots=True)
class Thinned:
    """Learns a random half of all blocks of new windows, and solves at every origin: one side of an A/A comparison.

    Two of them with the same seed and opposite `side` see disjoint halves. Which half is which is a coin, so neither
    can be better than the other except by luck.
    """

    make: Factory
    block: int
    seed: int
    side: bool
    retrainings: int = 0
    alarms: int = 0
    _learner: Learner | None = None
    _seen: int = 0
    _rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        """Toss the same coins on both sides."""
        self._rng = np.random.default_rng(self.seed)

    def act(self, y: Array, errors: Array) -> Array:  # noqa: ARG002  # the protocol of policies
        """Learn what the coins give to this side."""
        if self._learner is None:
            self._learner, self.retrainings = self.make(y), 1
        learner = self._learner
        for start in range(self._seen, len(y), self.block):
            stop = min(start + self.block, len(y))
            if bool(self._rng.random() < 0.5) == self.side:  # noqa: PLR2004  # a fair coin
                learner = learner.learn(y[:stop], stop - start)
        self._learner, self._seen = learner.solve(), len(y)
        return self._learner.forecast(y)


def make_policy(name: str, make: Factory, *, horizon: int, season: int) -> Policy:
    """A policy by its name, such as `never`, `full:4` or `recursive:1000`.

    Args:
        name: Kind, and after a colon the origins between refits (`full`) or a half-life in periods (`recursive`).
        make: Gives an empty learner.
        horizon: Steps ahead.
        season: Blocks of errors in one cycle, for `drift`.

    Raises:
        UnknownPolicy: No such policy, or a number that is none.
    """
    kind, _, given = name.partition(":")
    try:
        number = float(given) if given else None
    except ValueError as error:
        raise UnknownPolicy(name) from error
    if kind not in POLICIES or (number is not None and (not number >= 1 or kind not in {"full", "recursive"})):
        raise UnknownPolicy(name)
    if kind == "full":
        return Full(make, every=int(number or 1))
    if kind == "recursive":
        return Recursive(make, half_life=number)
    if kind in GATED:
        return Recursive(make, half_life=HALF_LIFE * horizon)
    return DriftGated(make, season=season) if kind == "drift" else Never(make)
