"""What `simulate` is to replay: the ground it stands on, its policies, and where the origins lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from pulse_kedro.adapters.replay_files import History
from pulse_kedro.cli.evaluate import FREQUENCIES
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array, Frequency, frequency
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.domain.training.promotion import PromotionOptions
from pulse_kedro.forecasting.recipe import RecipeOptions
from pulse_kedro.forecasting.simulation import error_blocks, naive_losses, plan_stops
from pulse_kedro.forecasting.simulation_breaks import Break, inject, parse_break
from pulse_kedro.forecasting.simulation_gate import Decide, Gate, Threshold
from pulse_kedro.forecasting.simulation_learners import Learner, empty_team
from pulse_kedro.forecasting.simulation_policies import GATED, Policy
from pulse_kedro.forecasting.simulation_rules import Surroundings, make_ruled


class StartOutside(InvalidInput):
    """A replay was to begin where there is no history."""

    def __init__(self, start: str, first: str, last: str) -> None:
        """Keep what was asked for and what there is."""
        super().__init__(start, first, last)
        self.start, self.first, self.last = start, first, last

    def __str__(self) -> str:
        """Give the range."""
        return (
            f"Replaying a history failed: got --start {self.start}, expected a number of periods, or a date from "
            f"{self.first} to {self.last}. Leave it out to begin in the middle."
        )


class FileUndescribed(InvalidInput):
    """A file was to be replayed without saying what a step of it is, or how far ahead it is forecast."""

    def __init__(self, path: str, missing: str) -> None:
        """Keep the file and the option that is missing."""
        super().__init__(path, missing)
        self.path, self.missing = path, missing

    def __str__(self) -> str:
        """Name the option and the way out."""
        return (
            f"Replaying {self.path} failed: got no {self.missing}, expected one beside --data. Add, for example, "
            "--freq H --horizon 24, or leave --data out to replay the source of this project."
        )


def ground(
    data: Path | None, freq: str | None, horizon: int | None, parameters: Mapping[str, Any]
) -> tuple[Frequency, int]:
    """Length of a step and steps ahead: as said, else, where the project's own source is replayed, those of a cycle.

    Raises:
        FileUndescribed: A file comes without one of them.
    """
    if data is not None:
        for name, value in (("--freq", freq), ("--horizon", horizon)):
            if value is None:
                raise FileUndescribed(str(data), name)
    said = parameters["source"]["frequency"] if freq is None else freq
    step = frequency(FREQUENCIES.get(said.upper(), said.lower()))
    return step, horizon or parameters["recipe"]["horizon"] or step.horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One replay: the history, what forecasts it, the policies by name, and where the origins lie."""

    history: History
    freq: Frequency
    recipe: RecipeOptions
    season: int
    names: tuple[str, ...]
    stops: tuple[int, ...]
    broken: Break | None
    terms: RuleOptions

    @property
    def panel(self) -> Array:
        """The panel, with its break if it has one."""
        y = self.history.panel
        return y if self.broken is None else inject(y, self.broken.kind, self.stops[self.broken.origin], self.season)

    @property
    def dates(self) -> list[pd.Timestamp]:
        """Newest known period of each origin."""
        return [self.history.date(self.freq, stop - 1) for stop in self.stops]

    def sides(self, pairs: int) -> int:
        """Learners that are replayed: one per policy, two for all that have a gate, and two per pair of equals."""
        gated = [name for name in self.names if name in GATED]
        return len(self.names) - len(gated) + 2 * bool(gated) + 2 * pairs

    def policy(self, name: str) -> Policy:
        """A fresh policy."""
        season = max(4, error_blocks(self.recipe.horizon, self.season))
        return make_ruled(name, self.empty, around=self.around, options=self.terms, season=season)

    @property
    def around(self) -> Surroundings:
        """What rules know beside the values."""
        history, horizon = self.history, self.recipe.horizon
        newest = history.date(self.freq, len(history.panel) + horizon - 1)
        return Surroundings(
            ids=history.ids,
            season=self.season,
            horizon=horizon,
            every=self.stops[1] - self.stops[0],
            frequency=self.freq.name,
            times=self.freq.grid(history.start, newest).to_numpy(dtype="datetime64[s]"),
            dated=history.dated,
        )

    def empty(self, y: Array) -> Learner:
        """A team that has learned nothing."""
        return empty_team(self.recipe, series=y.shape[1])

    def gates(self, parameters: Mapping[str, Any]) -> dict[str, Decide]:
        """The rules `evidence` and `threshold` with the options of the settings, by name."""
        gate = Gate(
            dates=self.dates,
            freq=self.freq,
            horizon=self.recipe.horizon,
            options=TypeAdapter(PromotionOptions).validate_python(parameters["promotion"]),
            series=self.panel.shape[1],
        )
        naive = naive_losses(self.panel, self.stops, horizon=self.recipe.horizon, season=self.season)
        return {"evidence": gate, "threshold": Threshold(gate=gate, naive=naive)}


def plan(
    history: History,
    freq: Frequency,
    recipe: RecipeOptions,
    *,
    names: Sequence[str],
    start: str | None,
    every: int | None,
    broken: str | None,
    parameters: Mapping[str, Any],
) -> Plan:
    """A replay, if it is possible.

    Args:
        history: The series.
        freq: Length of a step.
        recipe: What forecasts.
        names: Policies.
        start: Newest period known at the first origin, a date or a number of periods; `None` takes the middle.
        every: Periods between two origins; `None` takes the horizon.
        broken: Break to inject.
        parameters: The settings; `rules` is read.

    Raises:
        UnknownPolicy: A name is none.
        StartOutside: The first origin lies outside the history.
        ReplayTooShort: Fewer than two origins fit.
        UnknownBreak: The break cannot be injected.
    """
    season = recipe.season_length
    stops = plan_stops(
        len(history.panel),
        horizon=recipe.horizon,
        season=season,
        start=None if start is None else first_stop(history, freq, start),
        every=every,
    )
    made = Plan(
        history=history,
        freq=freq,
        recipe=recipe,
        season=season,
        names=tuple(dict.fromkeys(names)),
        stops=stops,
        broken=None if broken is None else parse_break(broken, len(stops)),
        terms=TypeAdapter(RuleOptions).validate_python(parameters["rules"]),
    )
    for name in made.names:
        made.policy(name)
    return made


def first_stop(history: History, freq: Frequency, start: str) -> int:
    """Periods known at the first origin, from their number or from the newest known period.

    Raises:
        StartOutside: Neither, or outside the history.
    """
    rows = len(history.panel)
    outside = StartOutside(start, str(history.start.date()), str(history.date(freq, rows - 1).date()))
    if start.isascii() and start.isdigit():
        stop = int(start)
    else:
        try:
            when = pd.Timestamp(start)
        except ValueError as error:
            raise outside from error
        stop = freq.distance(history.start, pd.Period(when, freq=freq.period).start_time) + 1
    if not 0 < stop < rows:
        raise outside
    return stop
