"""The rulebook of the serving recipe, after what became known since the cycle before."""

from collections.abc import Callable, Mapping

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.history import History
from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.rules.bias import groups
from pulse_kedro.domain.rules.learning import advance, shifts_of
from pulse_kedro.domain.rules.mining import Mined
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.domain.rules.rulebook import Rulebook, empty_rulebook, read_rulebook
from pulse_kedro.domain.rules.scene import scene_of, tabulate_shifts

EVALUATION_TYPES = {
    "rule": "str",
    "family": "str",
    "fingerprint": "str",
    "mined_gain": "float64",
    "lower_bound": "float64",
    "later_gain": "float64",
    "p": "float64",
    "cutoffs": "int64",
    "kept": "bool",
}
"""Columns of `rule_evaluations`; gains are falls of the mean absolute error, in units of the scale."""
Rulebooks = Callable[[str], Mapping[str, object]]
"""Hash of a rulebook to its record."""


def learn_rules(
    *,
    backtest: pd.DataFrame,
    open_windows: pd.DataFrame,
    panel: pd.DataFrame,
    series: pd.DataFrame,
    promotion_decision: Mapping[str, str],
    history: History,
    rulebooks: Rulebooks,
    period: Period,
    rules: RuleOptions,
) -> tuple[dict[str, object], pd.DataFrame, pd.DataFrame]:
    """Rulebook of the serving recipe, what was tried for it in this cycle, and what its rules add to forecasts.

    Everything rests on unruled forecasts, so a rule never feeds its own conditions.
    """
    recipe = promotion_decision["recipe"]
    scene = scene_of(
        backtest,
        open_windows,
        panel,
        recipe=recipe,
        freq=frequency(period.frequency),
        as_of=period.as_of,
        groups=groups(series),
    )
    step = advance(book_before(recipe, history, rulebooks, period), scene, rules)
    shifts = tabulate_shifts(shifts_of(step.book, scene, rules), scene)
    return step.book.record(), tabulate_tries(step.mined), shifts


def book_before(recipe: str, history: History, rulebooks: Rulebooks, period: Period) -> Rulebook:
    """The newest rulebook of a recipe among the ancestors of a cycle, an empty one where it never served.

    A recipe that comes back by a rollback finds the book it had: windows that were looked at once are never looked at
    again, and those since then decide whether its rules stay.

    Raises:
        BrokenRulebook: The book is not what was kept.
    """
    served = (history.committed(key) for key in period.ancestors)
    newest = next((cycle.rulebook for cycle in served if cycle.recipe == recipe), None)
    record = rulebooks(newest) if newest is not None else {}
    return read_rulebook(record) if record else empty_rulebook(recipe)


def tabulate_tries(mined: Mined | None) -> pd.DataFrame:
    """One row per rule that was tried, in the order of the tries; none where nothing was mined."""
    rows = [
        (
            str(one.rule),
            one.rule.family,
            one.rule.fingerprint,
            one.mined,
            one.lower,
            one.selected,
            one.p,
            one.cutoffs,
            one.kept,
        )
        for one in (mined.tries if mined else ())
    ]
    return pd.DataFrame(rows, columns=list(EVALUATION_TYPES)).astype(EVALUATION_TYPES)
