"""What `simulate` replays and says about it, to programs and to people."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from pulse_kedro.adapters.replay_files import History
from pulse_kedro.cli.evaluate import FREQUENCIES
from pulse_kedro.cli.printing import number, print_lines, table
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array, Frequency, frequency
from pulse_kedro.domain.training.promotion import PromotionOptions
from pulse_kedro.forecasting.recipe import RecipeOptions
from pulse_kedro.forecasting.simulation import (
    Played,
    Simulation,
    coverage,
    error_blocks,
    gain_between,
    naive_losses,
    plan_stops,
    recovery,
    replay,
    stability,
)
from pulse_kedro.forecasting.simulation_breaks import Break, inject, parse_break
from pulse_kedro.forecasting.simulation_gate import (
    Decide,
    Gate,
    Promotions,
    Threshold,
    served,
    under_naive_rule,
)
from pulse_kedro.forecasting.simulation_learners import Learner, empty_team
from pulse_kedro.forecasting.simulation_policies import GATED, Policy, Recursive, Thinned, make_policy

CHAMPION, CHALLENGER = "the champion", "its challenger"
RULE_OF = {"promotion": "evidence", "threshold": "threshold"}
"""Rule by which a policy promotes."""


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
        return make_policy(name, self.empty, horizon=self.recipe.horizon, season=season)

    def empty(self, y: Array) -> Learner:
        """A team that has learned nothing."""
        return empty_team(self.recipe, series=y.shape[1])

    def rules(self, parameters: Mapping[str, Any]) -> dict[str, Decide]:
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
) -> Plan:
    """A replay, if it is possible.

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


def play(made: Plan, parameters: Mapping[str, Any], step: Callable[[str], None]) -> tuple[Simulation, dict[str, Any]]:
    """All policies, and the promotions of those with a gate, which judge the same two recipes."""
    gated = [name for name in made.names if name in GATED]
    alone = {name: made.policy(name) for name in made.names if name not in GATED}
    if not gated:
        return _replayed(made, alone, step), {}
    alone |= {CHAMPION: Recursive(made.empty), CHALLENGER: made.policy(gated[0])}
    found = _replayed(made, alone, step)
    losses, rules = (found.losses(CHAMPION), found.losses(CHALLENGER)), made.rules(parameters)
    first, second = found.played[CHAMPION], found.played[CHALLENGER]
    kept = {name: one for name, one in found.played.items() if name not in {CHAMPION, CHALLENGER}}
    promotions = {}
    for name in gated:
        swaps = rules[RULE_OF[name]](*losses)
        promotions[name] = (swaps, false_promotions(*losses, swaps))
        kept[name] = Played(
            points=served(first.points, second.points, swaps.promoted),
            seconds=first.seconds + second.seconds,
            retrainings=first.retrainings + second.retrainings,
            alarms=0,
        )
    return Simulation(stops=found.stops, actual=found.actual, scale=found.scale, played=kept), promotions


def _replayed(made: Plan, policies: Mapping[str, Policy], step: Callable[[str], None]) -> Simulation:
    return replay(policies, made.panel, made.stops, horizon=made.recipe.horizon, season=made.season, step=step)


def false_promotions(first: Array, second: Array, found: Promotions) -> int:
    """Promotions whose new champion then lost more than the one it replaced, until the next swap or the end."""
    sides, wrong = [first, second], 0
    for place, stop in zip(found.promoted, [*found.promoted[1:], len(first)], strict=False):
        before, after = (float(np.nansum(side[place:stop])) for side in sides)
        wrong += after > before
        sides.reverse()
    return wrong


def try_equals(made: Plan, parameters: Mapping[str, Any], pairs: int, step: Callable[[str], None]) -> dict[str, Any]:
    """How often each rule promotes a challenger that is as good as the champion.

    Args:
        made: The replay.
        parameters: The settings; `promotion` is read.
        pairs: Pairs of the same recipe, each side learned from a random half of the windows; both roles are tried.
        step: Told what runs.
    """
    rules = {**made.rules(parameters), "naive_2_percent": under_naive_rule}
    tried: dict[str, list[Promotions]] = {name: [] for name in rules}
    for seed in range(pairs):
        policies = {
            f"A/A pair {seed + 1} {side}": Thinned(made.empty, made.recipe.horizon, seed, side=side == "a")
            for side in ("a", "b")
        }
        found = _replayed(made, policies, step)
        first, second = (found.losses(name) for name in policies)
        for sides in ((first, second), (second, first)):
            for name, rule in rules.items():
                tried[name].append(rule(*sides))
    return {"pairs": pairs, **{name: _rate(found) for name, found in tried.items()}}


def _rate(found: Sequence[Promotions]) -> dict[str, Any]:
    tests, promoted = sum(one.tests for one in found), sum(len(one.promoted) for one in found)
    return {
        "decisions": sum(one.decisions for one in found),
        "tests": tests,
        "false_promotions": promoted,
        "false_promotion_rate": promoted / tests if tests else None,
    }


def describe(made: Plan, found: Simulation, promotions: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as plain data."""
    reference = made.names[0]
    overlap = -(-made.recipe.horizon // (made.stops[1] - made.stops[0]))
    losses = {name: found.losses(name) for name in made.names}
    return {
        "n_series": made.panel.shape[1],
        "horizon": made.recipe.horizon,
        "season": made.season,
        "members": [member.name for member in made.recipe.members],
        "origins": [str(when) for when in made.dates] if made.history.dated else list(made.stops),
        "broken": None if made.broken is None else {"kind": made.broken.kind, "origin": made.broken.origin + 1},
        "policies": {name: _figures(made, found, name, promotions) for name in made.names},
        "differences": {
            name: {"against": reference, **gain_between(losses[reference], losses[name], overlap=overlap)}
            for name in made.names[1:]
        },
    }


def _figures(made: Plan, found: Simulation, name: str, promotions: Mapping[str, Any]) -> dict[str, Any]:
    losses, played = found.losses(name), found.played[name]
    gate, wrong = promotions.get(name, (None, 0))
    figures: dict[str, Any] = {
        "mase": _plain(np.nanmean(losses)),
        "cpu_seconds": round(float(played.seconds.sum()), 4),
        "retrainings": played.retrainings,
        "alarms": played.alarms,
        "promotions": len(gate.promoted) if gate else 0,
        "false_promotions": wrong,
        "cycles": len(made.stops),
        "coverage_80": coverage(found, name),
        "smapc": stability(found, name),
        "mase_by_origin": [_plain(loss) for loss in losses],
        "cpu_seconds_by_origin": [round(float(one), 4) for one in played.seconds],
    }
    if made.broken is not None:
        figures["recovered_after"] = recovery(losses, made.broken.origin)
    return figures


def _plain(value: np.floating[Any] | float) -> float | None:
    return float(value) if np.isfinite(value) else None


def print_replay(answer: Mapping[str, Any], plot: Path | None) -> None:
    """A table for people."""
    titles = ["policy", "MASE", "CPU s", "retrainings", "alarms", "promotions", "false", "80 % covers"]
    rows = [
        [
            name,
            number(one["mase"], ".4f"),
            number(one["cpu_seconds"], ".2f"),
            *(str(one[key]) for key in ("retrainings", "alarms", "promotions", "false_promotions")),
            number(one["coverage_80"], ".1%"),
        ]
        for name, one in answer["policies"].items()
    ]
    print_lines(
        f"{answer['n_series']} series, {answer['horizon']} steps ahead, {len(answer['origins'])} origins from "
        f"{answer['origins'][0]} to {answer['origins'][-1]}",
        table(titles, rows, numbers=titles[1:]),
        *(
            f"{name}: {100 * one['gain']:+.2f} % better than {one['against']} "
            f"[{100 * one['low']:+.2f}, {100 * one['high']:+.2f}]"
            for name, one in answer["differences"].items()
        ),
        *_recoveries(answer),
        *_equals(answer.get("aa")),
        *([f"Page: {plot}"] if plot else []),
    )


def _recoveries(answer: Mapping[str, Any]) -> list[str]:
    if answer["broken"] is None:
        return []
    words = [f"Break of the {answer['broken']['kind']} at origin {answer['broken']['origin']}:"]
    for name, one in answer["policies"].items():
        after = one["recovered_after"]
        words.append(f"  {name} " + ("did not recover" if after is None else f"recovered after {after} origins"))
    return words


def _equals(found: Mapping[str, Any] | None) -> list[str]:
    if not found:
        return []
    words = {
        "evidence": "the gate `evidence`",
        "threshold": "the old rule `threshold`",
        "naive_2_percent": "the rule `2 % better`",
    }
    return [
        f"A/A, {found['pairs']} pairs of equal recipes: {words[name]} promoted {found[name]['false_promotions']} times "
        f"in {found[name]['tests']} tests"
        + ("" if found[name]["tests"] else f" ({found[name]['decisions']} decisions found too little evidence to test)")
        + "."
        for name in words
    ]
