"""Replays policies as planned, tries equal recipes, and puts what is said of them into plain data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pulse_kedro.cli.simulate_plan import Plan
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.simulation import (
    Played,
    Simulation,
    coverage,
    gain_between,
    recovery,
    replay,
    stability,
)
from pulse_kedro.forecasting.simulation_gate import Promotions, served, under_naive_rule
from pulse_kedro.forecasting.simulation_policies import GATED, RULED, Policy, Recursive, Thinned
from pulse_kedro.forecasting.simulation_rules import Ruled, Ruling

CHAMPION, CHALLENGER = "the champion", "its challenger"
RULE_OF = {"promotion": "evidence", "threshold": "threshold"}
"""Rule by which a policy promotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All policies on the same origins, promotions of those with a gate and how many were false, and what rules did."""

    simulation: Simulation
    promotions: Mapping[str, tuple[Promotions, int]]
    rulings: Mapping[str, Ruling]


def play(made: Plan, parameters: Mapping[str, Any], step: Callable[[str], None]) -> Outcome:
    """All policies; those with a gate judge the same two recipes.

    Args:
        made: The replay.
        parameters: The settings; `promotion` is read.
        step: Told what runs.
    """
    gated = [name for name in made.names if name in GATED]
    alone = {name: made.policy(name) for name in made.names if name not in GATED}
    if gated:
        alone |= {CHAMPION: Recursive(made.empty), CHALLENGER: made.policy(gated[0])}
    found = _replayed(made, alone, step)
    rulings = {name: policy.ruling for name, policy in alone.items() if isinstance(policy, Ruled)}
    if not gated:
        return Outcome(simulation=found, promotions={}, rulings=rulings)
    kept = {name: one for name, one in found.played.items() if name not in {CHAMPION, CHALLENGER}}
    gates, promotions = made.gates(parameters), {}
    losses = (found.losses(CHAMPION), found.losses(CHALLENGER))
    for name in gated:
        swaps = gates[RULE_OF[name]](*losses)
        promotions[name] = (swaps, false_promotions(*losses, swaps))
        kept[name] = _under_gate(found.played[CHAMPION], found.played[CHALLENGER], swaps)
    return Outcome(simulation=replace(found, played=kept), promotions=promotions, rulings=rulings)


def _under_gate(first: Played, second: Played, swaps: Promotions) -> Played:
    """Whoever served; both were computed."""
    return Played(
        points=served(first.points, second.points, swaps.promoted),
        seconds=first.seconds + second.seconds,
        retrainings=first.retrainings + second.retrainings,
        alarms=0,
    )


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
    rules = {**made.gates(parameters), "naive_2_percent": under_naive_rule}
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


def describe(made: Plan, found: Outcome) -> dict[str, Any]:
    """Everything as plain data."""
    reference = made.names[0]
    plain = {name: name.removesuffix(RULED) for name in found.rulings}
    losses = {name: found.simulation.losses(name) for name in made.names}

    def against(rival: str, name: str) -> dict[str, Any]:
        overlap = -(-made.recipe.horizon // (made.stops[1] - made.stops[0]))
        return {"against": rival, **gain_between(losses[rival], losses[name], overlap=overlap)}

    return {
        "n_series": made.panel.shape[1],
        "horizon": made.recipe.horizon,
        "season": made.season,
        "members": [member.name for member in made.recipe.members],
        "origins": [str(when) for when in made.dates] if made.history.dated else list(made.stops),
        "broken": None if made.broken is None else {"kind": made.broken.kind, "origin": made.broken.origin + 1},
        "policies": {name: _figures(made, found, name) for name in made.names},
        "differences": {name: against(reference, name) for name in made.names[1:]},
        "gains_of_rules": {name: against(bare, name) for name, bare in plain.items() if bare in losses},
    }


def _figures(made: Plan, found: Outcome, name: str) -> dict[str, Any]:
    losses, played = found.simulation.losses(name), found.simulation.played[name]
    gate, wrong = found.promotions.get(name, (None, 0))
    figures: dict[str, Any] = {
        "mase": _plain(np.nanmean(losses)),
        "cpu_seconds": round(float(played.seconds.sum()), 4),
        "retrainings": played.retrainings,
        "alarms": played.alarms,
        "promotions": len(gate.promoted) if gate else 0,
        "false_promotions": wrong,
        "cycles": len(made.stops),
        "coverage_80": coverage(found.simulation, name),
        "smapc": stability(found.simulation, name),
        "mase_by_origin": [_plain(loss) for loss in losses],
        "cpu_seconds_by_origin": [round(float(one), 4) for one in played.seconds],
    }
    if made.broken is not None:
        figures["recovered_after"] = recovery(losses, made.broken.origin)
    return figures | (_rules(found.rulings[name]) if name in found.rulings else {})


def _rules(ruling: Ruling) -> dict[str, Any]:
    return {
        "warm_up_origins": ruling.warm_up_origins,
        "rules_applied": ruling.applied,
        "rule_sets_tried": ruling.tried,
        "rule_sets_passed": ruling.passed,
        "rules_dropped": ruling.dropped,
        "rules": list(ruling.rules),
        "rulebook": ruling.reason,
    }


def _plain(value: np.floating[Any] | float) -> float | None:
    return float(value) if np.isfinite(value) else None
