"""What `why` answers, as plain data: exactly what `--json` prints."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pulse_kedro.adapters.stores.account import Account, Event, first_of_reign, what_followed
from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.past import Past, PastCycle, role_of
from pulse_kedro.adapters.stores.scoreboard import Panel
from pulse_kedro.adapters.tracking import named_scores
from pulse_kedro.cli.rules_answers import rules_in_brief

Answer = dict[str, object]
NO_REASON: Mapping[str, object] = {"as_of": None, "cycle": None}
"""The answer before the first cycle."""
NUMBERS = (
    *("champion", "challenger", "loss", "champion_loss", "challenger_loss", "gain", "low", "high", "detectable"),
    *("p", "alpha", "n", "n_eff", "n_new_eff", "missing", "needed", "horizon", "step", "wait", "due", "budget_left"),
    *("policy", "evaluation_set", "seed"),
)
"""What the gate rests on, as `PromotionDecision` names it."""


def why_of(past: Past, version: PastCycle | None, account: Account, parameters: Mapping[str, object]) -> Answer:
    """Why a decision was made, with the numbers that were known then.

    Args:
        past: All committed cycles; there is a head.
        version: The cycle or challenger that was asked for; `None` asks for the newest decision and who serves now.
        account: What the cycle knew.
        parameters: Parameters of the environment; `promotion` says what a challenger has to show today.

    Returns:
        `as_of`, `cycle`, `place`, `asked` (bundle, its role, and
        whether the cycle put it in charge; null for the newest), `champion`, `decision`, `chosen` (the
        decision that put the recipe in charge; null where only a person did), `plan`, `scores` of the recipe `scored`
        and extent of the `backtest`, `live` scores of issued forecasts, `ledger`, `rules`, the gate's `terms`,
        `numbers` and `guards`, the `probation`, what was `needed`, and the `transitions` that followed.
    """
    by_key = {one.key: one for one in past.cycles}
    cycle = by_key[str(past.head) if version is None else version.key]
    serving = cycle if version is not None else past.serving or cycle
    recipe = serving.recipe if _is_scored(account.scores, serving.recipe) else cycle.recipe
    gate: Any = cycle.decision.get("gate") or {}
    return {
        "as_of": cycle.period,
        "cycle": cycle.key,
        "place": "head" if cycle.key == past.head else cycle.line,
        "asked": None if version is None else _asked(version, cycle),
        "champion": _champion(serving, None if version is not None else past),
        "decision": plain(cycle.decision),
        "chosen": _chosen(past, serving) if by_key[serving.key].bundle == serving.bundle else None,
        "plan": plain(account.plan),
        "scored": recipe,
        "scores": named_scores(account.scores, recipe),
        "backtest": _extent(account.scores, recipe),
        "live": named_scores(account.live_scores, cycle.recipe),
        "ledger": asdict(account.ledger) | {"pending": account.ledger.pending},
        "rules": rules_in_brief(account.rulebook),
        "terms": plain(parameters.get("promotion")),
        "numbers": {name: gate.get(name) for name in NUMBERS} if gate else None,
        "guards": list(gate.get("guards") or ()),
        "probation": plain(cycle.decision.get("probation")),
        "needed": needed_of(cycle.decision),
        "transitions": [_event(one) for one in what_followed(past, version or serving)],
    }


def needed_of(decision: Mapping[str, Any]) -> Answer:
    """What a challenger lacked.

    Args:
        decision: Of the cycle.

    Returns:
        `cutoffs` (further ones without which nothing is tested), `in_all` (cutoffs that would confirm a gain of the
        observed size), `due` (period of the next decision on the same recipes), `guards` that failed, `problems` of
        the challenger's bundle, `frozen` (whether promotions wait for a person); null or empty where there is no such
        thing.

    Example:
        >>> needed_of({"verdict": "INSUFFICIENT_EVIDENCE", "gate": {"missing": 3, "due": "2020-05-01T00:00:00"}})
        {'cutoffs': 3, 'in_all': None, 'due': '2020-05-01', 'guards': [], 'problems': [], 'frozen': False}
    """
    gate = decision.get("gate") or {}
    checks = ((decision.get("checks") or {}).get("bundles") or {}).get("challenger") or []
    waiting = gate.get("due") if gate and decision.get("verdict") not in ("PROMOTE", "ERROR") else None
    return {
        "cutoffs": gate.get("missing") or None,
        "in_all": gate.get("needed") if decision.get("verdict") == "INSUFFICIENT_EVIDENCE" else None,
        "due": waiting and str(waiting).removesuffix("T00:00:00"),
        "guards": [one["name"] for one in gate.get("guards") or () if one["state"] == "FAIL"],
        "problems": list(checks) if gate else [],
        "frozen": bool(decision.get("frozen")),
    }


def _asked(version: PastCycle, cycle: PastCycle) -> Answer:
    served = version.bundle == cycle.bundle
    return {"bundle": version.bundle, "recipe": version.recipe, "role": role_of(version), "served": served}


def _chosen(past: Past, serving: PastCycle) -> Answer:
    """The decision that put a recipe in charge."""
    first = first_of_reign(past, serving)
    return {"as_of": first.period, "cycle": first.key, "decision": plain(first.decision)}


def _is_scored(scores: Panel, recipe: str) -> bool:
    return any(recipe.startswith(owner) and model == "combination" for owner, model in scores)


def _champion(cycle: PastCycle, past: Past | None) -> Answer:
    chosen = None if past is None else past.chosen
    return {
        "digest": cycle.bundle,
        "version": cycle.version,
        "recipe": cycle.recipe,
        "revision": cycle.revision,
        "since": cycle.since,
        "reason": cycle.decision.get("reason") if chosen is None else chosen.reason,
        "chosen": None
        if chosen is None
        else {
            "kind": chosen.kind,
            "actor": chosen.actor,
            "at": chosen.at.isoformat(timespec="seconds"),
            "from": chosen.from_bundle,
        },
    }


def _extent(scores: Panel, recipe: str) -> dict[str, float]:
    """How many series and cutoffs the backtest of a recipe rests on; empty where there was none."""
    found = next((values for (owner, _), values in scores.items() if recipe.startswith(owner)), {})
    return {name: value for name in ("cutoffs", "series") if (value := found.get(name)) is not None}


def _event(event: Event) -> Answer:
    one = event.transition
    return {
        "id": one.id,
        "at": one.at.isoformat(timespec="seconds"),
        "kind": one.kind,
        "actor": one.actor,
        "reason": one.reason,
        "from": one.from_bundle,
        "to": one.to_bundle,
        "by_cycle": event.by_cycle,
    }
