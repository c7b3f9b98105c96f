"""`why` as people read it: paragraphs, the numbers of the gate, its guards, and who acted since."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_kedro.cli.past_wording import BRIEF
from pulse_kedro.cli.printing import grid, number, print_lines, short, spell_verdict, table
from pulse_kedro.cli.rules_wording import spell_rules
from pulse_kedro.cli.wording import reign, words

Answer = Mapping[str, Any]

RIVALS = ("seasonal_drift", "seasonal_naive", "naive")
GUARDS = ("guard", "", "figure", "limit", "what was found")


def print_why(answer: Answer) -> None:
    """Print why a decision was made.

    Args:
        answer: What `why_of` gave.
    """
    numbers, guards = list(number_rows(answer)), [guard_row(one) for one in answer["guards"]]
    print_lines(
        who(answer),
        "",
        reason(answer),
        *(["", grid(numbers)] if numbers else []),
        *(["", table(GUARDS, guards, numbers=("figure", "limit"))] if guards else []),
        "",
        backtest(answer),
        "",
        live(answer),
        *([""] if answer["transitions"] else []),
        *followed(answer),
        "",
        change(answer),
    )


def who(answer: Answer) -> str:
    """Who is, or was, put in charge.

    Args:
        answer: What `why_of` gave.
    """
    champion = answer["champion"]
    if answer["asked"] is not None:
        return _who_then(answer)
    text = f"Champion: recipe {short(champion['recipe'])} in revision {champion['revision']}, {reign(champion)}."
    if champion["chosen"] is None:
        return f"{text} It knows the data up to {answer['as_of']} (cycle {answer['cycle']})."
    return (
        f"{text} {champion['chosen']['actor']} put it in charge ({champion['chosen']['kind']}, "
        f"{champion['chosen']['at']}): {champion['reason']}. The newest cycle, {answer['cycle']} as of "
        f"{answer['as_of']}, made bundle {short(champion['chosen']['from'])}, which does not serve; the next cycle "
        "builds on what serves."
    )


def reason(answer: Answer) -> str:
    """The decision that put the recipe in charge, and the decision that was asked for where it is another one.

    Args:
        answer: What `why_of` gave.
    """
    chosen, now, lines = answer["chosen"], answer["decision"], []
    if chosen is not None:
        lines.append(f"Why this recipe: {_decided(chosen['decision'], chosen['as_of'])}")
    if chosen is None or chosen["cycle"] != answer["cycle"]:
        title = "Newest decision" if answer["asked"] is None else "This decision"
        lines.append(f"{title}: {_decided(now, answer['as_of'])}")
    return "\n".join([*lines, f"What was trained: {answer['plan'].get('cause', 'not recorded')}."])


def number_rows(answer: Answer) -> Iterator[tuple[str, str]]:
    """What the gate rests on, name and text.

    Args:
        answer: What `why_of` gave; nothing comes of a decision without a gate.
    """
    if answer["probation"]:
        yield "probation", _probation(answer["probation"])
    found = answer["numbers"]
    if found is None:
        return
    yield "compared", f"challenger {short(found['challenger'])} with champion {short(found['champion'])}"
    yield "loss", f"{found['loss']}: {_loss(found, 'challenger')} against {_loss(found, 'champion')}"
    if found["gain"] is not None:
        interval = f"[{_share(found['low'])}, {_share(found['high'])}]"
        yield "gain", f"{_share(found['gain'])} {interval}, smallest detectable {_share(found['detectable'])}"
    if found["p"] is not None:
        tested = f"at level {number(found['alpha'], '.2g')}" if found["alpha"] else "not tested"
        yield "p", f"{found['p']:.2g}, {tested}"
    missing = f"; {found['missing']:,} more needed" if found["missing"] else ""
    worth = f"{found['n']:,} count as {found['n_eff']:,} that do not overlap"
    overlap = f"(horizon {found['horizon']}, step {found['step']})"
    yield "cutoffs", f"{worth} {overlap}, {found['n_new_eff']:,} of them new{missing}"
    if found["budget_left"] is not None:
        yield "budget", f"{found['budget_left']:.2g} expected false promotions left this year"
    yield "rule", f"{found['policy']}, seed {found['seed']}, evaluation set {short(found['evaluation_set']) or '-'}"


def guard_row(guard: Answer) -> list[str]:
    """One guard: name, state, figure, limit, words.

    Args:
        guard: An entry of `guards`.

    Example:
        >>> guard_row({"name": "bias", "state": "FAIL", "value": 0.071, "limit": 0.05, "detail": "0.1 against 0.03"})
        ['bias', 'fail', '0.071', '0.05', '0.1 against 0.03']
    """
    figures = [number(guard[name], ".3g") for name in ("value", "limit")]
    return [guard["name"], guard["state"].lower(), *figures, guard["detail"]]


def backtest(answer: Answer) -> str:
    """How the champion did in the backtest, beside its rivals.

    Args:
        answer: What `why_of` gave.
    """
    scores = answer["scores"]
    own = scores.get("champion.mase")
    if own is None:
        return "Compared with: nothing, for the history is too short for a backtest."
    it = "it" if answer["scored"] == answer["champion"]["recipe"] else f"recipe {short(answer['scored'])}"
    text = f"Compared with: over the last backtest{_extent(answer['backtest'])} {it} has MASE {own:.3f}"
    rivals = [name for name in RIVALS if scores.get(f"{name}.mase")]
    if rivals:
        text += ", " + ", ".join(
            f"{words(name)} {scores[f'{name}.mase']:.3f} ({_percent(own / scores[f'{name}.mase'] - 1)})"
            for name in rivals
        )
    held = [
        f"{100 * scores[key]:.1f} % fell into the {level} % interval"
        for level, key in (("80", "champion.coverage_80"), ("95", "champion.coverage_95"))
        if key in scores
    ]
    return f"{text}. MASE 1 is the usual change from one season to the next." + (
        f" Of the actual values {' and '.join(held)}." if held else ""
    )


def live(answer: Answer) -> str:
    """How issued forecasts did, as far as the cycle knew.

    Args:
        answer: What `why_of` gave.
    """
    ledger, found = answer["ledger"], answer["live"]
    text = "Issued so far" if answer["asked"] is None else "Issued by then"
    text += f": {ledger['issued']:,} forecasts, of which {ledger['resolved']:,} have come due"
    if "champion.mase" in found:
        text += f" with MASE {found['champion.mase']:.3f}"
        if "champion.coverage_80" in found:
            text += f", {100 * found['champion.coverage_80']:.1f} % of them inside the 80 % interval"
    return f"{text}; {ledger['pending']:,} are open. Rules that shift them: {spell_rules(answer['rules']).rstrip('.')}."


def followed(answer: Answer) -> Iterator[object]:
    """Changes of who serves that concern the bundle, or were made while its cycle was the newest.

    Args:
        answer: What `why_of` gave.
    """
    events = answer["transitions"]
    if events:
        people = any(one["by_cycle"] is None for one in events)
        yield "Who served:" if people else "Who served, changed by nobody but cycles:"
        yield grid(map(event_row, events))


def event_row(one: Answer) -> tuple[str, str]:
    """One change of who serves: when, and who did what; why, where a person did it.

    Args:
        one: An entry of `transitions`.
    """
    by = one["actor"] if one["by_cycle"] is None else f"cycle {one['by_cycle'][: BRIEF + 1]}"
    before = "nothing" if one["from"] is None else f"bundle {short(one['from'])}"
    text = f"{one['kind']} by {by}: {before} to bundle {short(one['to'])}"
    return one["at"][:16].replace("T", " "), text + (f", because: {one['reason']}" if one["by_cycle"] is None else "")


def change(answer: Answer) -> str:
    """What would change the decision, or would have been needed for another one.

    Args:
        answer: What `why_of` gave.
    """
    lacked = " ".join(_lacked(answer))
    if answer["asked"] is not None:
        return f"What another decision would have taken: {lacked or _first(answer)}"
    terms = answer["terms"] or {}
    text = (
        "What would change it: another `recipe` under conf/. The next cycle trains it as a challenger and replays both "
        "recipes over the same past cutoffs."
    )
    if terms:
        text += (
            f" It takes over when its loss is at least {100 * terms['effect_floor']:g} % smaller by more than chance "
            f"(level {terms['alpha']:g} or less), on at least {terms['min_effective_origins']} cutoffs whose forecasts "
            "do not overlap."
        )
    return f"{text} {lacked}".strip()


def _who_then(answer: Answer) -> str:
    champion, asked = answer["champion"], answer["asked"]
    bundle = f"bundle {short(champion['digest'])}" if answer["place"] == "replay" else reign(champion)
    text = (
        f"Cycle {answer['cycle']}, as of {answer['as_of']}, {_PLACES[answer['place']]}. It decided for recipe "
        f"{short(champion['recipe'])} in revision {champion['revision']}, {bundle}."
    )
    if not asked["served"]:
        text += (
            f" Bundle {short(asked['bundle'])}, recipe {short(asked['recipe'])}, which it did not put in charge, was "
            f"{_ROLES.get(asked['role'], asked['role'])}."
        )
    return text


_ROLES = {
    "challenger": "its challenger",
    "champion": "the next revision of the champion that it sent back",
    "predecessor": "kept beside the champion that is on probation",
}


_PLACES = {
    "head": "the newest of the main line",
    "main": "on the main line",
    "superseded": "superseded by a newer run of the same period",
    "replay": "a replay beside the main line, which put nothing in charge",
}


def _lacked(answer: Answer) -> Iterator[str]:
    """Sentences on what a challenger lacked."""
    needed, numbers = answer["needed"], answer["numbers"] or {}
    if needed["frozen"]:
        yield "Promotions are frozen until a person decides: `kedro pulse promote challenger --reason …`."
    if needed["problems"]:
        yield f"Its bundle has to pass its checks: {'; '.join(needed['problems'])}."
    if needed["guards"]:
        yield f"The challenger has to pass {', '.join(needed['guards'])}."
    if needed["cutoffs"]:
        yield f"A test takes {needed['cutoffs']:,} more cutoffs."
    if needed["in_all"]:
        yield f"A gain of the observed size takes about {needed['in_all']:,} cutoffs; there were {numbers['n']:,}."
    if needed["due"]:
        yield f"The decision on recipe {short(numbers['challenger'])} comes up again as of {needed['due']}."


def _first(answer: Answer) -> str:
    if answer["decision"].get("verdict") == "ERROR":
        return "a comparison that does not fail."
    if answer["numbers"] is None:
        return "a challenger; this cycle had none, so no gate had to decide."
    return "nothing more: the challenger took over."


def _decided(decision: Answer, as_of: str) -> str:
    return f"{spell_verdict(decision.get('verdict'))} as of {as_of}. {decision.get('reason')}"


def _probation(found: Answer) -> str:
    text = f"since {found['since'][:10]}, beside recipe {short(found['predecessor'])}"
    if not found["k"]:
        return f"{text}: nothing came true since"
    losses = f"{number(found['new'], '.4g')} against {number(found['old'], '.4g')}"
    bound = f"sum of differences {number(found['total'], '.3g')}, sent back at {number(found['boundary'], '.3g')}"
    return f"{text}: mean loss one period ahead {losses} over {found['k']:,} forecasts, {bound}"


def _loss(found: Answer, side: str) -> str:
    return f"{side} {number(found[f'{side}_loss'], '.4g')}"


def _extent(known: Mapping[str, float]) -> str:
    return f" ({known['cutoffs']:.0f} cutoffs, {known['series']:.0f} series)" if known else ""


def _percent(share: float) -> str:
    return f"{100 * abs(share):.0f} % {'less' if share < 0 else 'more'} error"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{100 * share + 0.0:.1f} %"
