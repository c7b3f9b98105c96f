"""The rulebook of a recipe: rules in force, a set on trial, and what every forecast cites them by.

A set is mined and chosen on past cutoffs, tried on later ones, looked at twice, and then applied or dropped. A set in
force is watched and dropped when its gain is gone. Nothing is looked at twice: what a trial has used can be learned
from, and only newer cutoffs choose and try again.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.rules.rule import Rule

SCHEMA_VERSION: Literal[2] = 2
CONFIG = ConfigDict(extra="forbid")
WORDED = frozenset({"hash", "words", "trial_words"})
"""What a record says about itself beside its content."""


class BrokenRulebook(InvalidInput):
    """A stored rulebook is not what was stored."""

    def __init__(self, got: str, place: str) -> None:
        """Keep what is wrong, and where."""
        super().__init__(got, place)
        self.got, self.place = got, place

    def __str__(self) -> str:
        """Say what to do."""
        return (
            f"Reading a rulebook failed: got {self.got!r} at {self.place}, expected rules under the hash of their "
            "content. Run `kedro pulse doctor`, or restore the database from its copy."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Look:
    """One look at a trial: its windows, the gain of the set over all forecasts, and the p value of "no gain".

    Gains are falls of the mean absolute error in units of the scale; `relative` divides by the error without rules.
    `running_bias` is the gain that correcting by the running mean of errors would have had. `clipped` is the share of
    forecasts whose rules together ask for more than the cap.
    """

    windows: int
    gain: float
    relative: float
    low: float
    high: float
    p: float
    running_bias: float
    clipped: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class RuleTrial:
    """A set that is not applied yet; only cutoffs from `opens` (a period start) try it."""

    rules: tuple[Rule, ...]
    opens: str
    looks: tuple[Look, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Watchfulness:
    """What a set in force should gain per window, in standard deviations, and how much of it has been missing.

    `unit` is the long-run standard deviation of a window's gain, `expected` the mean gain of the trial over it,
    `missing` the running sum, `opens` the first cutoff that has not been counted.
    """

    unit: float
    expected: float
    missing: float
    opens: str


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Rulebook:
    """Rules of one recipe. `rules` are applied; `trial` is not; `opens` is where cutoffs begin that chose nothing yet.

    `earned` is the trial that the rules in force have passed, with its looks. `reason` says in a sentence why the book
    is as it is.
    """

    recipe: str
    reason: str
    rules: tuple[Rule, ...] = ()
    trial: RuleTrial | None = None
    earned: RuleTrial | None = None
    watch: Watchfulness | None = None
    opens: str | None = None
    schema_version: Literal[2] = SCHEMA_VERSION

    @property
    def hash(self) -> str:
        """Hash over everything it says, 64 hexadecimal digits."""
        return digest(_content(self))

    def record(self) -> dict[str, Any]:
        """Plain values for JSON, with the hash and each rule in words, in force and on trial.

        Example:
            >>> read_rulebook(empty_rulebook("3f2a").record()) == empty_rulebook("3f2a")
            True
        """
        on_trial = self.trial.rules if self.trial else ()
        words = {"words": [*map(str, self.rules)], "trial_words": [*map(str, on_trial)], "hash": self.hash}
        content: dict[str, Any] = json.loads(json.dumps(_content(self)))
        return {**content, **words}


def empty_rulebook(recipe: str, reason: str = "Nothing has been learned yet.") -> Rulebook:
    """Rulebook without a rule: raw and ruled forecasts are the same.

    Args:
        recipe: Digest of the recipe it belongs to; rules learned on one recipe's residuals do not fit another's.
        reason: Why it has none.
    """
    return Rulebook(recipe=recipe, reason=reason)


def read_rulebook(record: Mapping[str, Any]) -> Rulebook:
    """A rulebook from plain values.

    Raises:
        BrokenRulebook: A rule breaks the language, a field is unknown or missing, the version is a newer one, or the
            hash is another one's.
    """
    content = {name: value for name, value in record.items() if name not in WORDED}
    if content.get("schema_version") == 1:  # those had no rules
        if not isinstance(content.get("recipe"), str):
            raise BrokenRulebook(repr(content.get("recipe")), "recipe")
        return empty_rulebook(content["recipe"])
    try:
        book: Rulebook = TypeAdapter(Rulebook).validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise BrokenRulebook(first["msg"], ".".join(map(str, first["loc"]))) from error
    except InvalidInput as error:  # a condition of the rule language, which pydantic lets through
        raise BrokenRulebook(str(error), "rules") from error
    if book.hash != record.get("hash"):
        raise BrokenRulebook(book.hash, str(record.get("hash")))
    return book


def without_rules(book: Rulebook, reason: str, *, opens: str | None) -> Rulebook:
    """The same book with nothing in force or on trial; only cutoffs from `opens` choose again."""
    return replace(book, rules=(), trial=None, earned=None, watch=None, reason=reason, opens=opens)


def _content(book: Rulebook) -> dict[str, Any]:
    return asdict(book)
