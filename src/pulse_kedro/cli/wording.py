"""`status` as people read it, and the words that other answers share with it."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_kedro.cli.printing import grid, number, print_lines, short
from pulse_kedro.cli.rules_wording import spell_rules

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
        yield "champion", f"recipe {short(champion['recipe'])}, revision {champion['revision']}, {reign(champion)}"
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
        yield "rules", spell_rules(answer["rules"])
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
    return [[words(model), *(_score(scores, model, metric) for metric in METRICS)] for model in ranked]


def reign(champion: Answer) -> str:
    """Since when a bundle is in charge, and which one it is.

    Args:
        champion: `champion` of an answer; a challenger that a person promoted has no version.

    Example:
        >>> reign({"since": "2018-12-01", "version": 3, "digest": "ab" * 32})
        'in charge since 2018-12-01 (version 3, bundle abababababab)'
    """
    number_of = "" if champion["version"] is None else f"version {champion['version']}, "
    return f"in charge since {champion['since']} ({number_of}bundle {short(champion['digest'])})"


def words(model: str) -> str:
    """The name of a model as people read it."""
    return model.replace("_", " ")


def _score(scores: Mapping[str, float], model: str, metric: str) -> str:
    return number(scores.get(f"{model}.{metric}"), METRICS[metric][1])
