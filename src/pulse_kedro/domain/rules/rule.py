"""A rule: IF facts that are known when a forecast is made, THEN shift the forecast by a bounded number of its scale.

Rules are data: nothing in them is evaluated as code. Two rules that treat every forecast alike have one fingerprint.
"""

from math import ceil, copysign, floor, isfinite
from typing import Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.rules.variables import Kind, variable

DIGITS = 6
"""Significant digits of a bound: enough to tell quantiles apart, short enough to read (reference of rules, 2)."""
SHIFT_DIGITS = 4
"""Decimals of a shift (reference of rules, 2)."""
LARGEST = 3.0
"""Largest shift that a rule may state, in units of the scale (reference of rules, 2)."""
FINGERPRINT = 16
STRICT = ConfigDict(extra="forbid", strict=True)


class UnfitCondition(InvalidInput):
    """A condition is written in a form that the rule language does not have."""

    def __init__(self, name: str, got: str, expected: str) -> None:
        """Keep the variable, what was said, and the form that is right."""
        super().__init__(name, got, expected)
        self.name, self.got, self.expected = name, got, expected

    def __str__(self) -> str:
        """Say what a condition on this variable looks like."""
        return (
            f"Reading a condition on {self.name} failed: got {self.got}, expected {self.expected}. "
            "Correct the condition; docs/explanation/rules.md has the language."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class OneOf:
    """The fact is one of some categories."""

    variable: str
    values: tuple[str, ...] = Field(min_length=1, max_length=64)

    @model_validator(mode="after")
    def _canonical(self) -> Self:
        if variable(self.variable).kind != "category":
            raise UnfitCondition(self.variable, "categories", "bounds, for it is a number")
        if "" in self.values or tuple(sorted(set(self.values))) != self.values:
            raise UnfitCondition(self.variable, repr(self.values), "sorted, different, non-empty categories")
        closed = variable(self.variable).values
        if closed and not set(self.values) < set(closed):
            raise UnfitCondition(self.variable, repr(self.values), f"some, not all, of {', '.join(closed)}")
        return self

    def __str__(self) -> str:
        """Read as the rule language writes it."""
        return f"{self.variable} IN {{{', '.join(self.values)}}}"


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Within:
    """The fact is a number from `low` (included) to `high` (left out; for integers included); `None` has no bound."""

    variable: str
    low: float | None = Field(default=None, allow_inf_nan=False)
    high: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _canonical(self) -> Self:
        kind, bounds = variable(self.variable).kind, [b for b in (self.low, self.high) if b is not None]
        if kind == "category":
            raise UnfitCondition(self.variable, "bounds", "categories")
        if not bounds:
            raise UnfitCondition(self.variable, "no bound", "at least one")
        if len(bounds) > 1 and not (bounds[0] <= bounds[1] if kind == "integer" else bounds[0] < bounds[1]):
            raise UnfitCondition(self.variable, f"{bounds[0]:g} to {bounds[1]:g}", "a lower bound below the upper one")
        if any(bound != rounded(self.variable, bound) for bound in bounds):
            raise UnfitCondition(self.variable, repr(bounds), f"integers, or {DIGITS} significant digits")
        if any(bound == 0 and copysign(1, bound) < 0 for bound in bounds):
            raise UnfitCondition(self.variable, "a zero below zero", "0")
        least = variable(self.variable).least
        if least is not None and (not _says_something(self.low, least) or not _can_hold(self.high, least, kind)):
            raise UnfitCondition(self.variable, str(self), f"a lower bound above {least:g}, an upper one not below it")
        return self

    def __str__(self) -> str:
        """Read as the rule language writes it."""
        below = "<=" if variable(self.variable).kind == "integer" else "<"
        if self.low is None:
            return f"{self.variable} {below} {self.high:g}"
        if self.high is None:
            return f"{self.variable} >= {self.low:g}"
        return f"{self.low:g} <= {self.variable} {below} {self.high:g}"


def _says_something(low: float | None, least: float) -> bool:
    return low is None or low > least


def _can_hold(high: float | None, least: float, kind: Kind) -> bool:
    return high is None or high > least or (kind == "integer" and high == least)


Condition = OneOf | Within


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Rule:
    """A conjunction of conditions on different variables, sorted by name, and the shift where all of them hold.

    `shift` is in units of the scale of a series and is added to every quantile of the forecast.
    """

    when: tuple[Condition, ...] = Field(min_length=1, max_length=4)
    shift: float = Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)

    @model_validator(mode="after")
    def _canonical(self) -> Self:
        names = [condition.variable for condition in self.when]
        if sorted(set(names)) != names:
            raise UnfitCondition(", ".join(names), "this order", "different variables in the order of their names")
        if self.shift == 0 or round(self.shift, SHIFT_DIGITS) != self.shift:
            raise UnfitCondition(", ".join(names), f"a shift of {self.shift}", f"one of {SHIFT_DIGITS} decimals, not 0")
        return self

    def __str__(self) -> str:
        """Read as the rule language writes it.

        Example:
            >>> str(rule_of([one_of("weekday", "7", "6"), within("step", above=6)], 0.25))
            'IF step >= 7 AND weekday IN {6, 7} THEN forecast += 0.25 scale'
        """
        sign = "+" if self.shift > 0 else "-"
        return f"IF {' AND '.join(map(str, self.when))} THEN forecast {sign}= {abs(self.shift):g} scale"

    @property
    def family(self) -> str:
        """16 hexadecimal digits that rules with the same conditions share, whatever their shift."""
        return digest({"when": _plain(self.when)})[:FINGERPRINT]

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that only rules share which treat every forecast alike."""
        return digest({"when": _plain(self.when), "shift": self.shift})[:FINGERPRINT]


def one_of(name: str, *values: str) -> OneOf:
    """Condition on a category; the order of the values, and repeating one, do not matter."""
    return OneOf(variable=name, values=tuple(sorted(set(values))))


def within(
    name: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> Within:
    """Condition on a number in its one written form; a lower bound that every value passes is left out.

    Args:
        name: A numeric variable.
        at_least: Lower bound, included; unit of the variable.
        above: Lower bound of an integer, left out.
        below: Upper bound, left out.
        at_most: Upper bound of an integer, included.

    Raises:
        UnfitCondition: No bound; bounds that leave nothing; a form that only integers have; a bound that is no number.

    Example:
        >>> within("step", above=6) == within("step", at_least=7) == within("step", at_least=6.5)
        True
    """
    given = [bound for bound in (at_least, above, below, at_most) if bound is not None]
    if not all(map(isfinite, given)):
        raise UnfitCondition(name, ", ".join(map(str, given)), "finite bounds")
    if variable(name).kind != "integer":
        if above is not None or at_most is not None:
            raise UnfitCondition(name, "a lower bound left out or an upper bound included", "at_least, or below")
        return Within(variable=name, low=_lower(name, at_least), high=_bound(name, below))
    lows = [ceil(bound) for bound in (at_least,) if bound is not None]
    lows += [floor(bound) + 1 for bound in (above,) if bound is not None]
    highs = [floor(bound) for bound in (at_most,) if bound is not None]
    highs += [ceil(bound) - 1 for bound in (below,) if bound is not None]
    return Within(
        variable=name,
        low=_lower(name, float(max(lows)) if lows else None),
        high=float(min(highs)) if highs else None,
    )


def rule_of(when: list[Condition] | tuple[Condition, ...], shift: float) -> Rule:
    """A rule in its one written form: conditions by name, the shift to four decimals."""
    return Rule(when=tuple(sorted(when, key=lambda one: one.variable)), shift=round(float(shift), SHIFT_DIGITS))


def _bound(name: str, bound: float | None) -> float | None:
    return None if bound is None else rounded(name, bound)


def _lower(name: str, bound: float | None) -> float | None:
    """A lower bound in its written form, none where no value is below it."""
    rounded, least = _bound(name, bound), variable(name).least
    return None if rounded is None or (least is not None and rounded <= least) else rounded


def rounded(name: str, bound: float) -> float:
    """A bound as rules write it: a whole number for integers, else six significant digits."""
    if variable(name).kind == "integer":
        return float(round(bound))
    return float(f"{bound:.{DIGITS}g}") + 0.0  # which makes 0 of -0


def _plain(when: tuple[Condition, ...]) -> list[dict[str, object]]:
    return [
        {"variable": one.variable, "values": list(one.values)}
        if isinstance(one, OneOf)
        else {"variable": one.variable, "low": one.low, "high": one.high}
        for one in when
    ]
