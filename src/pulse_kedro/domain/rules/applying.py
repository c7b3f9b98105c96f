"""Where rules hold, and how far they shift a forecast: one function for learning, testing and serving."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.rules.rule import SHIFT_DIGITS, OneOf, Rule
from pulse_kedro.domain.rules.variables import VARIABLES

Mask = npt.NDArray[np.bool_]
Context = Mapping[str, npt.NDArray[np.generic]]
"""Facts by name; each array broadcasts to `(cutoffs, steps, series)`. A missing number is `nan`, a category `""`."""


def holds(rule: Rule, context: Context) -> Mask:
    """Where all conditions of a rule hold; a fact that is missing holds nowhere. Broadcasts as the facts do."""
    found: Mask = np.ones((1, 1, 1), dtype=bool)
    for condition in rule.when:
        if condition.variable not in context:
            return np.zeros((1, 1, 1), dtype=bool)
        fact = context[condition.variable]
        if isinstance(condition, OneOf):
            found = found & np.isin(fact, condition.values)
            continue
        number = np.asarray(fact, dtype=float)
        found = found & np.isfinite(number)
        if condition.low is not None:
            found = found & (number >= condition.low)
        if condition.high is not None:
            whole = VARIABLES[condition.variable].kind == "integer"
            found = found & (number <= condition.high if whole else number < condition.high)
    return np.asarray(found)


def total_shift(rules: Sequence[Rule], context: Context, shape: tuple[int, int, int], *, cap: float) -> Array:
    """Sum of the shifts of all rules that hold, at most `cap` either way.

    Args:
        rules: In any order.
        context: The facts.
        shape: Cutoffs, steps, series.
        cap: Largest sum, in units of the scale.

    Returns:
        Shape `shape`, in units of the scale of each series.
    """
    unit = 10**SHIFT_DIGITS
    summed = np.zeros(shape, dtype=np.int64)  # whole numbers, so that the order of the rules does not matter at all
    for rule in rules:
        summed += holds(rule, context) * np.int64(round(rule.shift * unit))
    return np.asarray(np.clip(summed / unit, -cap, cap))
