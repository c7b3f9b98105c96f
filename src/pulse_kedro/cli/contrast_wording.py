"""`compare` as people read it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulse_kedro.cli.printing import grid, number, print_lines, short, spell_verdict, table
from pulse_kedro.cli.wording import METRICS

Answer = Mapping[str, Any]
KINDS = {"backtest": "last backtest", "live": "forecasts that came due"}
SIDES = ("A", "B")
SCORES = ("score", *SIDES, "change", "best", "nearer")
FINER = {".3f": ".4f", ".2f": ".3f", ".1%": ".2%"}
"""A digit more than elsewhere, for two cycles may differ by little."""
LEVEL = 0.05
"""Two-sided level, for all tests together, at which a difference is called more than chance; the usual one."""
CHANCE = ("by chance?", "cutoffs", "worth", "gain of B", "90 % interval", "p", "p of all", "")
"""Cutoffs that both kept, those that do not overlap, and p before and after the correction for the number of tests."""
GAINS = ("gain", "low", "high")
WHOLE = {".3f": "g", ".2f": "g", ".1%": ".0%"}


def print_comparison(answer: Answer) -> None:
    """Print how two cycles differ.

    Args:
        answer: What `comparison_of` gave.
    """
    print_lines(
        grid((side, introduce(answer[side.lower()])) for side in SIDES),
        "",
        *_recipe(answer["recipe"]),
        "",
        table(SCORES, map(score_row, answer["scores"]), numbers=SCORES[1:5]),
        *(["", table(CHANCE, chances, numbers=CHANCE[1:7])] if (chances := chance_rows(answer["scores"])) else []),
        *(["", *untested] if (untested := list(untested_lines(answer["scores"]))) else []),
        *(["", caveat] if (caveat := data_caveat(answer)) else []),
        "",
        series_line(answer["series"]),
        "",
        *_forecasts(answer["forecasts"]),
    )


def introduce(side: Answer) -> str:
    """Who one side is.

    Args:
        side: `a` or `b` of the answer.
    """
    place = "head" if side["head"] else side["line"]
    return (
        f"{side['key']}, as of {side['as_of']}, {place}: recipe {short(side['recipe'])} in revision "
        f"{side['revision']}, bundle {short(side['bundle'])}, {spell_verdict(side['verdict'])}"
    )


def score_row(row: Answer) -> list[str]:
    """One score: name, both values, the change relative to A, the value it should have, and who is nearer to it.

    Args:
        row: An entry of `scores`.

    Example:
        >>> row = {"kind": "live", "metric": "coverage_80", "target": 0.8, "a": 0.8, "b": 0.7, "relative": -0.125}
        >>> score_row(row | {"better": "a"})
        ['in 80 %, forecasts that came due', '80.00%', '70.00%', '-12.5%', '80%', 'A']
    """
    title, form = METRICS[row["metric"]]
    values = [number(row[name], FINER[form]) for name in ("a", "b")]
    best = format(row["target"], WHOLE[form])
    return [
        f"{title}, {KINDS[row['kind']]}",
        *values,
        number(row["relative"], "+.1%"),
        best,
        (row["better"] or "-").upper(),
    ]


def chance_rows(scores: Sequence[Answer]) -> list[list[str]]:
    """What chance could do to each score that was tested.

    Args:
        scores: `scores` of the answer.

    Example:
        >>> facts = {"cutoffs": 60, "worth": 5, "unit": "points", "gain": 0.012, "low": -0.01, "high": 0.034}
        >>> row = facts | {"kind": "backtest", "metric": "coverage_80", "p": 0.2, "p_holm": 0.4}
        >>> chance_rows([row])
        [['in 80 %', '60', '5', '+1.20 points', '-1.00 to +3.40', '0.2', '0.4', 'chance would do as much']]
    """
    return [_chance_row(row) for row in scores if row["p"] is not None]


def untested_lines(scores: Sequence[Answer]) -> Iterator[str]:
    """Which scores were not tested, and why; a reason that holds for several is given once.

    Args:
        scores: `scores` of the answer.
    """
    reasons: dict[str, list[str]] = {}
    for row in scores:
        if row["untested"] is not None:
            reasons.setdefault(row["untested"], []).append(f"{METRICS[row['metric']][0]}, {KINDS[row['kind']]}")
    for why, names in reasons.items():
        yield f"Not tested: {'; '.join(names)}: {why}."


def _chance_row(row: Answer) -> list[str]:
    points = row["unit"] == "points"
    form, word = ("+.2f", " points") if points else ("+.2%", "")
    gain, low, high = (number(_hundredfold(row[name]) if points else row[name], form) for name in GAINS)
    meaning = "more than chance" if row["p_holm"] <= LEVEL else "chance would do as much"
    counts = [f"{row[name]:,}" for name in ("cutoffs", "worth")]
    title = METRICS[row["metric"]][0]
    return [title, *counts, gain + word, f"{low} to {high}", f"{row['p']:.2g}", f"{row['p_holm']:.2g}", meaning]


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else 100 * value


def data_caveat(answer: Answer) -> str:
    """What has to be known before scores are read; empty when both sides know the same data and forecast as far."""
    if not all(row["comparable"] for row in answer["scores"]):
        return "The two forecast different numbers of steps, so neither their scores nor their series compare."
    if answer["same_data"]:
        return ""
    return "The two know different data, so their backtests end at different cutoffs: scores differ by that, too."


def series_line(series: Answer) -> str:
    """For how many series each side is better.

    Args:
        series: `series` of the answer.
    """
    if not series["compared"]:
        return "By series: nothing to compare, for no series was scored by both."
    text = (
        f"By series (MASE of the last backtest, {series['compared']:,} series): A is better for "
        f"{series['better_a']:,}, B for {series['better_b']:,}"
    )
    text += f", {series['equal']:,} are equal" if series["equal"] else ""
    alone = [f"{series[f'only_{side.lower()}']:,} only by {side}" for side in SIDES if series[f"only_{side.lower()}"]]
    text += f"; scored {' and '.join(alone)}" if alone else ""
    return f"{text}. `kedro pulse why` tells what the promotion gate found."


def _recipe(recipe: Answer) -> Iterator[object]:
    if recipe["same"]:
        yield "Recipe: the same."
    elif not recipe["known"]:
        yield "Recipe: another one. What differs is not known, for the files of a bundle are gone."
    else:
        yield "Recipe: another one."
        rows = ([row["field"], row["a"] or "-", row["b"] or "-"] for row in recipe["differences"])
        yield table(("field", *SIDES), rows)


def _forecasts(changes: Answer) -> Iterator[object]:
    if not changes["common"]:
        yield "Forecasts: the two have no target in common."
        return
    text = f"Forecasts: {changes['common']:,} targets in common"
    if changes["mean"] is not None:
        either = f"{changes['mean_absolute']:.2%} either way"
        text += f"; from A to B they moved by {changes['mean']:+.2%} on average, {either}"
    if changes["without_share"]:
        text += f"; {changes['without_share']:,} were exactly 0 in A and have no share"
    yield f"{text}."
    if changes["largest"]:
        titles = ("largest changes", "period", *SIDES, "change")
        yield table(titles, map(change_row, changes["largest"]), numbers=titles[2:])


def change_row(row: Answer) -> list[str]:
    """One target that both sides forecast: series, period, both points, and the change relative to A.

    Args:
        row: An entry of `largest`.
    """
    return [row["series"], row["ds"], f"{row['a']:,.6g}", f"{row['b']:,.6g}", f"{row['share']:+.1%}"]
