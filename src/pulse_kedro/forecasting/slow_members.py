"""Members that cost seconds rather than milliseconds: they join a trial in order, as long as its budget lasts.

Experts have a model per series, so a few series tell what all of them will cost, and the work can end between two.
Networks are in `slow_networks`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.costs import cpu_seconds
from pulse_kedro.forecasting.experts import Expert
from pulse_kedro.forecasting.forecaster import Failure
from pulse_kedro.forecasting.kinds import EXPERT_KINDS, NETWORK_KINDS, SHORT_SEASON
from pulse_kedro.forecasting.members import create_member
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions
from pulse_kedro.forecasting.sizing import USABLE
from pulse_kedro.forecasting.slow_networks import Lessons, OverBudget, spend_on_network
from pulse_kedro.forecasting.windows import window_schema

WARM_UP, SAMPLE, CHUNK = 1, 4, 16
"""Series worked on at once: one that pays for imports, some that tell the cost, then the rest; ours."""
NO_BUDGET = "slow: it joins only where --budget-seconds allows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Slow members in the order in which they may join, and what a whole trial may cost.

    `seconds` of CPU time count from `started`, a value of `cpu_seconds`; `lessons` say how networks are trained.
    """

    lessons: Lessons | None = None
    members: tuple[MemberOptions, ...] = ()
    seconds: float = 0.0
    started: float = 0.0

    def left(self) -> float:
        """CPU seconds that may still be spent."""
        return self.seconds - (cpu_seconds() - self.started)


NOTHING_SLOW = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Slow members that ended in time: `points` of each `(stops, H, S)`, CPU seconds; `skipped` says why others not."""

    members: tuple[str, ...]
    points: tuple[Array, ...]
    seconds: tuple[float, ...]
    skipped: dict[str, str]


Work = Callable[[npt.NDArray[np.intp]], Array]
"""Forecasts `(stops, H, columns)` of some columns."""


def join_slow_members(
    budget: Budget,
    recipe: RecipeOptions,
    values: Array,
    stops: Sequence[int],
    *,
    step: Callable[[str], None] = lambda _: None,
) -> Joined:
    """Forecasts of the slow members that fit into what is left of a budget.

    Args:
        budget: Members and CPU seconds.
        recipe: Horizon and season.
        values: What is known. Shape `(rows, series)`.
        stops: Numbers of known rows at the origins, ascending; the last one is all of them.
        step: Told the name of each member where there is a budget.
    """
    names, points, seconds, skipped = [], [], [], {}
    for member in budget.members:
        if budget.seconds > 0:
            step(member.name)
        reason = unfit(member, recipe, budget, values) or ("" if budget.seconds > 0 else NO_BUDGET)
        if reason:
            skipped[member.name] = reason
            continue
        started = cpu_seconds()
        found = _spend_on(member, recipe, values, stops, budget)
        if isinstance(found, OverBudget):
            skipped[member.name] = found.reason
        elif np.isnan(found).all():
            skipped[member.name] = "it had too little to learn from"
        else:
            names.append(member.name)
            points.append(found)
            seconds.append(cpu_seconds() - started)
    return Joined(members=tuple(names), points=tuple(points), seconds=tuple(seconds), skipped=skipped)


def _spend_on(
    member: MemberOptions, recipe: RecipeOptions, values: Array, stops: Sequence[int], budget: Budget
) -> Array | OverBudget:
    """Forecasts `(stops, H, S)` of a member that can join."""
    if budget.lessons is not None and member.kind in NETWORK_KINDS:
        return spend_on_network(member, recipe, values, stops, lessons=budget.lessons, left=budget.left)
    work = _work_of(member, recipe, values, stops)
    return spend(work, order_of(values), budget.left, shape=(len(stops), recipe.horizon))


def unfit(member: MemberOptions, recipe: RecipeOptions, budget: Budget, values: Array) -> str:
    """Why a member cannot join whatever its cost; empty where it can."""
    if member.kind in NETWORK_KINDS and budget.lessons is not None:
        median = float(np.median((~np.isnan(values)).sum(axis=0)))
        history = window_schema(member, recipe).history
        return "" if history <= USABLE * median - recipe.horizon else f"windows of {history} steps are too long here"
    if member.kind not in EXPERT_KINDS:
        return "only experts and networks join here"
    if member.kind == "auto_ets" and recipe.season_length > SHORT_SEASON:
        return f"a season of {recipe.season_length} steps is longer than the {SHORT_SEASON} it can follow"
    return ""


def order_of(values: Array) -> npt.NDArray[np.intp]:
    """Columns in the order of work: the first ones are spread evenly over short and long histories."""
    by_length = np.argsort((~np.isnan(values)).sum(axis=0), kind="stable")
    first = np.unique(np.linspace(0, len(by_length) - 1, WARM_UP + SAMPLE).round().astype(int))
    first = np.roll(first, -(len(first) // 2))  # the middle one warms up
    return np.asarray(np.concatenate([by_length[first], np.delete(by_length, first)]))


def spend(
    work: Work, order: npt.NDArray[np.intp], left: Callable[[], float], *, shape: tuple[int, int]
) -> Array | OverBudget:
    """All forecasts of a member, unless they cost too much.

    Args:
        work: Makes the forecasts of some columns.
        order: Columns, those first whose cost stands for all.
        left: CPU seconds that may still be spent.
        shape: Stops and horizon.

    Returns:
        Shape `(*shape, series)`; or why there is nothing: the budget was spent before it began or before it ended, or
        the first series cost so much that all would not fit.
    """
    made = np.full((*shape, len(order)), np.nan)
    edges = [WARM_UP, *range(WARM_UP + SAMPLE, len(order), CHUNK)]
    done = 0
    for columns in filter(len, np.split(order, edges)):
        before = left()
        if before <= 0:
            return OverBudget(reason=f"the budget was spent after {done} of {len(order)} series")
        made[..., columns] = work(columns)
        if done == WARM_UP:
            rest = (before - left()) / len(columns) * (len(order) - done - len(columns))
            if rest > left():
                return OverBudget(reason=f"the rest would take about {rest:.1f} CPU s, {max(0.0, left()):.1f} are left")
        done += len(columns)
    return made


def _work_of(options: MemberOptions, recipe: RecipeOptions, values: Array, stops: Sequence[int]) -> Work:
    """An expert learned at the first stop and at the last one, and moved on between them."""
    generations = sorted({stops[0], stops[-1]})

    def work(columns: npt.NDArray[np.intp]) -> Array:
        part = values[:, columns]
        expert = cast("Expert", create_member(options, recipe, series=len(columns)))
        for known in generations:
            expert = expert.learn(part, known)
        points, failures = expert.recall_openly(part, stops)
        for failure in failures:
            points[_rows_of(failure, stops, generations), :, failure.column] = np.nan
        return points

    return work


def _rows_of(failure: Failure, stops: Sequence[int], generations: Sequence[int]) -> list[int]:
    """Stops at which a fallback, which is no forecast of this member, stands."""
    if failure.stop is not None:
        return [row for row, stop in enumerate(stops) if stop == failure.stop]
    later = min((known for known in generations if known > failure.trained_until), default=stops[-1] + 1)
    return [row for row, stop in enumerate(stops) if failure.trained_until <= stop < later]


def within(budget: Budget) -> int:
    """How many slow members are looked at: for a progress bar."""
    return len(budget.members) if budget.seconds > 0 else 0
