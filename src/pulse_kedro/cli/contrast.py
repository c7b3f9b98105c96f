"""How two cycles differ: `compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pulse_kedro.cli.door import DONE, answers, env_option, json_option, nothing_yet, print_json, pulse

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from pulse_kedro.adapters.stores.past import Past
    from pulse_kedro.cli.contrast_answers import Answer, Side


@pulse.command()
@click.argument("a")
@click.argument("b")
@env_option
@json_option
@answers
def compare(*, a: str, b: str, env: str | None, as_json: bool) -> int:
    """Show how two cycles differ: recipe, scores, series, forecasts.

    A and B are each `champion`, `previous`, a period such as 2019-01-01, or the beginning of a cycle key or bundle
    digest. Where several cycles share a period, the one on the main line is meant.

    Each score says which side lies nearer to the best value: 0 for errors, the level for coverages. Forecasts are
    compared where both speak of the same series and period; changes count from A to B.

    Exit codes: 0 done, 1 failed, 2 wrong usage or no such cycle, 3 no cycle yet.

    Example: kedro pulse compare previous champion
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.past import read_past
    from pulse_kedro.cli.contrast_answers import NOTHING
    from pulse_kedro.cli.contrast_wording import print_comparison

    loader = bootstrap.configuration(env)
    engine = bootstrap.stores(loader)
    past = read_past(engine)
    if engine is None or not past.cycles:
        return nothing_yet(NOTHING, as_json=as_json)
    answer = _compare(engine, past, bootstrap.place(loader, "champion", "path"), (a, b))
    if as_json:
        print_json(answer)
    else:
        print_comparison(answer)
    return DONE


def _compare(engine: "Engine", past: "Past", bundles: Path, names: tuple[str, str]) -> "Answer":
    from pulse_kedro.adapters.stores.contrast import compare_forecasts, tally
    from pulse_kedro.cli.contrast_answers import comparison_of

    a, b = (_side(engine, past, bundles, name) for name in names)
    series = tally(engine, a.cycle, b.cycle)
    return comparison_of(past, a, b, series, compare_forecasts(engine, a.cycle.key, b.cycle.key))


def _side(engine: "Engine", past: "Past", bundles: Path, name: str) -> "Side":
    """What is known about the cycle that a name means; an unknown name is wrong usage."""
    from pulse_kedro.adapters.bundles import recipe_of
    from pulse_kedro.adapters.stores.scoreboard import overall
    from pulse_kedro.adapters.tracking import named_scores
    from pulse_kedro.cli.contrast_answers import Side
    from pulse_kedro.cli.naming import AmbiguousName, UnknownName, find

    try:
        cycle = find(past, name)
    except (AmbiguousName, UnknownName) as error:
        raise click.UsageError(str(error)) from error
    return Side(
        name=name,
        cycle=cycle,
        recipe=recipe_of(bundles, cycle.bundle),
        backtest=named_scores(overall(engine, cycle.key), cycle.recipe),
        live=named_scores(overall(engine, cycle.key, "live"), cycle.recipe),
    )
