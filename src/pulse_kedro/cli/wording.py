"""The answers as people read them: tables for `status`, paragraphs for `why`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, number, print_lines, short, spell_verdict

Answer = Mapping[str, Any]

METRICS = {
    "mase": ("MASE", ".3f"),
    "rmsse": ("RMSSE", ".3f"),
    "smape": ("sMAPE", ".2f"),
    "theil_u2": ("Theil U2", ".3f"),
    "wis": ("WIS", ".3f"),
    "coverage_80": ("in 80 %", ".1%"),
    "coverage_95": ("in 95 %", ".1%"),
}
RIVALS = ("seasonal_drift", "seasonal_naive", "naive")


def print_status(answer: Answer) -> None:
    """Print where things stand, as tables.

    Args:
        answer: What `status_of` gave.
    """
    from rich.table import Table

    print_lines(grid(facts_of(answer)))
    if answer["scores"]:
        scores = Table("last backtest", box=None, padding=(0, 2, 0, 0))
        for title, _ in METRICS.values():
            scores.add_column(title, justify="right")
        for row in score_rows(answer["scores"]):
            scores.add_row(*row)
        print_lines("", scores)


def print_why(answer: Answer) -> None:
    """Print why this champion is in charge.

    Args:
        answer: What `why_of` gave.
    """
    print_lines(explain(answer))


def facts_of(answer: Answer) -> Iterator[tuple[str, str]]:
    """What `status` tells, line by line.

    Args:
        answer: What `status_of` gave.

    Yields:
        The name of a fact and the fact.
    """
    champion, cycle, ledger, faults = (answer[name] for name in ("champion", "cycle", "ledger", "faults"))
    if answer["as_of"] is None:
        yield "cycle", "none committed yet; next: `make run`, or `kedro run --params as_of=YYYY-MM-DD`"
    else:
        took = "" if cycle["seconds"] is None else f" in {cycle['seconds']:.1f} s"
        yield "as of", answer["as_of"]
        yield "cycle", f"{cycle['key']}, committed {cycle['committed_at']}{took}"
        yield "champion", f"recipe {short(champion['recipe'])}, revision {champion['revision']}, {_reign(champion)}"
        if champion["chosen"] is not None:
            yield "chosen", "by {actor}, {at} ({kind})".format(**champion["chosen"])
        yield "reason", str(champion["reason"])
        yield "ledger", "{issued:,} issued, {resolved:,} resolved, {pending:,} pending".format(**ledger)
        if skill := answer["trust"].get("skill"):
            yield (
                "trust",
                "{mean:.2f}, 90 % interval {low:.2f} to {high:.2f}, from {windows:,} period{many}".format(
                    **skill, many="s" * (skill["windows"] != 1)
                ),
            )
        yield "rules", f"{answer['rules']['active']} active"
        if answer["drift"]["rung"] is not None:
            yield "drift", "{rung}: {reason}".format(**answer["drift"])
    yield "faults", f"{faults['open']} open"
    if faults["newest"] is not None:
        yield "newest fault", "{at} {code} in {node}: {message} Next: {next_step}".format(**faults["newest"])
    if answer["attempt"]["status"] is not None:
        yield "last run", "{status}, started {at}: {command}".format(**answer["attempt"])


def score_rows(scores: Mapping[str, float]) -> list[list[str]]:
    """Models with their scores, the smallest MASE first.

    Args:
        scores: Numbers under `<model>.<metric>`.

    Returns:
        Name and one text per entry of `METRICS`; a dash where a model has no such score.

    Example:
        >>> score_rows({"naive.mase": 0.5, "champion.mase": 0.371, "champion.coverage_80": 0.801})[0]
        ['champion', '0.371', '-', '-', '-', '-', '80.1%', '-']
    """
    models = {name.rpartition(".")[0] for name in scores}
    ranked = sorted(models, key=lambda model: (scores.get(f"{model}.mase", float("inf")), model))
    return [[_words(model), *(_score(scores, model, metric) for metric in METRICS)] for model in ranked]


def explain(answer: Answer) -> str:
    """Why this champion, in plain words.

    Args:
        answer: What `why_of` gave.

    Returns:
        Five paragraphs: who, why, compared with what, how its forecasts did, what would change it.
    """
    paragraphs = (_who(answer), _reason(answer), _backtest(answer), _live(answer), _change(answer))
    return "\n\n".join(paragraphs)


def _who(answer: Answer) -> str:
    champion = answer["champion"]
    who = f"Champion: recipe {short(champion['recipe'])} in revision {champion['revision']}, {_reign(champion)}."
    if champion["chosen"] is None:
        return f"{who} It knows the data up to {answer['as_of']} (cycle {answer['cycle']})."
    return (
        f"{who} {champion['chosen']['actor']} put it in charge ({champion['chosen']['kind']}, "
        f"{champion['chosen']['at']}): {champion['reason']}. The newest cycle, {answer['cycle']} as of "
        f"{answer['as_of']}, made bundle {short(champion['chosen']['from'])}, which does not serve; the next cycle "
        "builds on what serves."
    )


def _reason(answer: Answer) -> str:
    chosen, now = answer["chosen"], answer["decision"]
    text = (
        f"Why this recipe: {_verdict(chosen['decision'])} as of {chosen['as_of']}. {chosen['decision'].get('reason')}"
    )
    if chosen["cycle"] != answer["cycle"]:
        text += f"\nNewest decision: {_verdict(now)} as of {answer['as_of']}. {now.get('reason')}"
    return f"{text}\nWhat was trained: {answer['plan'].get('cause', 'not recorded')}."


def _backtest(answer: Answer) -> str:
    scores = answer["scores"]
    own = scores.get("champion.mase")
    if own is None:
        return "Compared with: nothing, for the history is too short for a backtest."
    text = f"Compared with: over the last backtest{_extent(answer['backtest'])} it has MASE {own:.3f}"
    rivals = [name for name in RIVALS if scores.get(f"{name}.mase")]
    if rivals:
        text += ", " + ", ".join(
            f"{_words(name)} {scores[f'{name}.mase']:.3f} ({_percent(own / scores[f'{name}.mase'] - 1)})"
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


def _live(answer: Answer) -> str:
    ledger, live = answer["ledger"], answer["live"]
    text = f"Issued so far: {ledger['issued']:,} forecasts, of which {ledger['resolved']:,} have come due"
    if "champion.mase" in live:
        text += f" with MASE {live['champion.mase']:.3f}"
        if "champion.coverage_80" in live:
            text += f", {100 * live['champion.coverage_80']:.1f} % of them inside the 80 % interval"
    return f"{text}; {ledger['pending']:,} are open."


def _change(answer: Answer) -> str:
    gate, terms = answer["decision"].get("gate"), answer["terms"] or {}
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
    if gate and gate.get("due"):
        text += f" The decision on recipe {short(gate.get('challenger'))} comes up again as of {gate['due'][:10]}."
    return text


def _reign(champion: Answer) -> str:
    return f"in charge since {champion['since']} (version {champion['version']}, bundle {short(champion['digest'])})"


def _extent(backtest: Mapping[str, float]) -> str:
    return f" ({backtest['cutoffs']:.0f} cutoffs, {backtest['series']:.0f} series)" if backtest else ""


def _verdict(decision: Answer) -> str:
    return spell_verdict(decision.get("verdict"))


def _percent(share: float) -> str:
    return f"{100 * abs(share):.0f} % {'less' if share < 0 else 'more'} error"


def _score(scores: Mapping[str, float], model: str, metric: str) -> str:
    return number(scores.get(f"{model}.{metric}"), METRICS[metric][1])


def _words(model: str) -> str:
    return model.replace("_", " ")
