"""What `compare` answers, as plain data: exactly what `--json` prints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from pulse_kedro.adapters.stores.contrast import Changes, Tally
from pulse_kedro.adapters.stores.metric_history import Contrast
from pulse_kedro.adapters.stores.past import Past, PastCycle, spell_period
from pulse_kedro.adapters.tracking import flatten
from pulse_kedro.domain.metrics.targets import TARGETS, better

Answer = dict[str, object]
Scores = Mapping[str, Sequence[Contrast]]
Recipe = Mapping[str, object]
NOTHING: Mapping[str, object] = {
    "a": None,
    "b": None,
    "recipe": None,
    "scores": [],
    "series": None,
    "forecasts": None,
    "same_data": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two that are compared: what a person called it, and what is known about it.

    `recipe` is `None` where the files of the bundle are gone.
    """

    name: str
    cycle: PastCycle
    recipe: Recipe | None


def comparison_of(past: Past, a: Side, b: Side, scores: Scores, *, series: Tally, changes: Changes) -> Answer:
    """How two cycles differ.

    Args:
        past: All committed cycles.
        a: What counts as before.
        b: What counts as after.
        scores: Metric by metric, under `backtest` and `live`.
        series: For how many series each scores better.
        changes: How far the forecasts of common targets moved from A to B.

    Returns:
        `a`, `b`, `recipe`, `scores`, `series`, `forecasts`, and `same_data`: whether both know the same data, so
        that scores differ by recipe alone.
    """
    return {
        "a": _side(a, past),
        "b": _side(b, past),
        "recipe": {
            "same": a.cycle.recipe == b.cycle.recipe,
            "known": a.recipe is not None and b.recipe is not None,
            "differences": list(recipe_differences(a.recipe or {}, b.recipe or {})) if a.recipe and b.recipe else [],
        },
        "scores": [_score(kind, one) for kind, found in scores.items() for one in found],
        "series": asdict(series) | {"metric": "mase", "compared": series.compared},
        "forecasts": _changes(changes),
        "same_data": a.cycle.snapshot == b.cycle.snapshot,
    }


def recipe_differences(a: Recipe, b: Recipe) -> Iterator[Answer]:
    """Fields in which two recipes differ.

    Args:
        a: Plain values of one recipe.
        b: Plain values of the other.

    Yields:
        `field` with a dotted name, `a` and `b`; `None` where a recipe has no such field. Members are compared by name,
        whatever their order, and the order itself is a field.

    Example:
        >>> one = {"horizon": 12, "members": [{"kind": "naive"}, {"kind": "level_ridge", "look_back": 24}]}
        >>> two = {"horizon": 6, "members": [{"kind": "naive"}]}
        >>> for difference in recipe_differences(one, two):
        ...     print(difference)
        {'field': 'horizon', 'a': '12', 'b': '6'}
        {'field': 'members.level_ridge_24', 'a': 'yes', 'b': None}
    """
    left, right = _fields(a), _fields(b)
    for name in dict.fromkeys([*left, *right]):
        if left.get(name) != right.get(name):
            yield {"field": name, "a": left.get(name), "b": right.get(name)}
    names = _members(a), _members(b)
    if names[0] != names[1] and sorted(names[0]) == sorted(names[1]):
        yield {"field": "order of members", "a": ", ".join(names[0]), "b": ", ".join(names[1])}


def _fields(recipe: Recipe) -> dict[str, str]:
    rest = {name: value for name, value in recipe.items() if name != "members"}
    plain = {key: text for name, value in rest.items() for key, text in flatten(value, name).items()}
    return plain | {f"members.{name}": "yes" for name in _members(recipe)}


def _members(recipe: Recipe) -> list[str]:
    """Names of members, as every table spells them: kind, then its settings."""
    members = recipe.get("members")
    if not isinstance(members, list | tuple):
        return []
    return ["_".join(str(value) for value in member.values() if value is not None) for member in members]


def _side(side: Side, past: Past) -> Answer:
    cycle = side.cycle
    return {
        "name": side.name,
        "key": cycle.key,
        "as_of": cycle.period,
        "line": cycle.line,
        "head": cycle.key == past.head,
        "recipe": cycle.recipe,
        "revision": cycle.revision,
        "since": cycle.since,
        "bundle": cycle.bundle,
        "verdict": cycle.decision.get("verdict"),
        "reason": cycle.decision.get("reason"),
    }


def _score(kind: str, one: Contrast) -> Answer:
    return {
        "kind": kind,
        "metric": one.metric,
        "target": TARGETS[one.metric],
        "a": one.base,
        "b": one.comparison,
        "better": better(one.metric, one.base, one.comparison) if one.evidence.comparable else None,
        "difference": one.absolute,
        "relative": one.relative,
        "is_improvement": one.is_improvement,
        **asdict(one.evidence),
    }


def _changes(changes: Changes) -> Answer:
    largest = [asdict(change) | {"ds": spell_period(change.ds)} for change in changes.largest]
    return asdict(changes) | {"largest": largest}
