"""Scenes whose errors are chosen, terms as the project has them, and rules in few words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml
from pydantic import TypeAdapter

from pulse_kedro.domain.rules.context import Scene
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.domain.rules.rule import Rule, one_of, rule_of, within
from pulse_kedro.domain.rules.rulebook import Look, Rulebook, RuleTrial, Watchfulness, empty_rulebook

FIRST = 28
"""Periods before the first cutoff: four weeks."""
STARTS = np.datetime64("2020-01-06", "D")
"""A Monday."""
PARAMETERS = Path(__file__).parents[1] / "conf" / "base" / "parameters_rules.yml"
TERMS: RuleOptions = TypeAdapter(RuleOptions).validate_python(yaml.safe_load(PARAMETERS.read_text())["rules"])
"""What the project ships."""
LATER: Rule = rule_of([within("step", at_least=2)], 1.0)
"""Holds for every step but the first."""
MONDAYS: Rule = rule_of([one_of("weekday", "1")], 0.5)


def a_scene(errors: np.ndarray, *, horizon: int = 7, stride: int | None = None, known: int | None = None) -> Scene:
    """Daily forecasts of 0 that err by `errors`, in units of a scale of 1.

    Args:
        errors: By period and series; the first four weeks are before every cutoff.
        horizon: Steps of each forecast.
        stride: Periods between cutoffs, the horizon when not given.
        known: Periods that are known by now, all when not given.
    """
    known = len(errors) if known is None else known
    places = np.arange(FIRST, known + 1, stride or horizon)
    at = places[:, None] + np.arange(horizon)
    values = np.concatenate([errors, np.full((horizon, errors.shape[1]), np.nan)])
    actual = np.where((at < known)[:, :, None], values[np.minimum(at, len(values) - 1)], np.nan)
    dates = (STARTS + np.arange(len(errors) + horizon)).astype("datetime64[s]")
    return Scene(
        y=errors[:known],
        places=places,
        points=np.zeros(actual.shape),
        actual=actual,
        scale=np.ones((len(places), errors.shape[1])),
        ids=tuple("abcdefgh"[: errors.shape[1]]),
        season=7,
        frequency="daily",
        cutoffs=dates[places - 1],
        targets=dates[at],
    )


def leaning(rng: np.random.Generator, windows: int, *, lean: float, series: int = 2, day: int = 0) -> np.ndarray:
    """Noise of standard deviation 1 in weekly windows of a week, with a lean on one day; shape `(periods, series)`."""
    errors = rng.normal(size=(FIRST + 7 * windows, series))
    errors[day::7] += lean
    return errors


def on_trial(*rules: Rule) -> Rulebook:
    """A set whose trial begins with the first window."""
    opens = "2020-01-01T00:00:00"
    return replace(empty_rulebook("r"), trial=RuleTrial(rules=rules, opens=opens), opens=opens)


PASSED = Look(
    windows=20,
    gain=0.02,
    relative=0.05,
    low=0.01,
    high=0.03,
    p=0.004,
    running_bias=0.001,
    clipped=0.0,
    passed=True,
)


def in_force(*rules: Rule, recipe: str = "r1", opens: str = "2020-01-01T00:00:00") -> Rulebook:
    """A set that has passed its trial; the trial began at `opens`, what comes after it is watched."""
    later = "2099-01-01T00:00:00"
    earned = RuleTrial(rules=rules, opens=opens, looks=(PASSED,))
    watch = Watchfulness(unit=0.1, expected=0.5, missing=1.25, opens=later)
    book = empty_rulebook(recipe, "Passed its trial: gain 5.0 % over 20 new windows, p = 0.004.")
    return replace(book, rules=rules, earned=earned, watch=watch, opens=later)
