"""How two cycles differ: `compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pulse_kedro.cli.door import DONE, answers, env_option, json_option, nothing_yet, print_json, pulse

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from pulse_kedro.adapters.stores.past import Past
    from pulse_kedro.cli.contrast_answers import Answer


@pulse.command()
@click.argument("a")
@click.argument("b")
@click.option("--metric", "metrics", multiple=True, help="Only this score, such as mase; may be repeated.")
@env_option
@json_option
@answers
def compare(*, a: str, b: str, metrics: tuple[str, ...], env: str | None, as_json: bool) -> int:
    """Show how two cycles differ: recipe, scores, series, forecasts, and whether the scores could differ by chance.

    A, the base, and B are each `champion`, `previous`, a period such as 2019-01-01, a version such as v3, or the
    beginning of a cycle key or bundle digest. Where several cycles share a period, the one on the main line is meant.

    Each score says which side lies nearer to the best value: 0 for errors, the level for coverages. Scores of the
    backtest are tested on the cutoffs that both cycles kept, from three horizons on: the gain of B with its interval, a
    two-sided p value, and the same corrected for the number of scores. What is not tested says why. Forecasts are
    compared where both speak of the same series and period; changes count from A to B.

    Exit codes: 0 done, 1 failed, 2 wrong usage, no such cycle or no such score, 3 no cycle yet.

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
    answer = _compare(engine, past, bootstrap.place(loader, "champion", "path"), (a, b), metrics)
    if as_json:
        print_json(answer)
    else:
        print_comparison(answer)
    return DONE


def _compare(
    engine: "Engine", past: "Past", bundles: Path, names: tuple[str, str], metrics: tuple[str, ...]
) -> "Answer":
    from pulse_kedro.adapters.bundles import recipe_of
    from pulse_kedro.adapters.stores.contrast import compare_forecasts, tally
    from pulse_kedro.adapters.stores.metric_history import MetricNotKept
    from pulse_kedro.adapters.stores.metric_history import compare as compare_scores
    from pulse_kedro.cli.contrast_answers import Side, comparison_of
    from pulse_kedro.cli.naming import choose

    first, second = (choose(past, name) for name in names)
    try:
        backtest, live = (compare_scores(engine, first, second, metrics, kind=kind) for kind in ("backtest", "live"))
    except MetricNotKept as error:
        raise click.UsageError(str(error)) from error
    a, b = (
        Side(name=name, cycle=cycle, recipe=recipe_of(bundles, cycle.bundle))
        for name, cycle in zip(names, (first, second), strict=True)
    )
    scores = {"backtest": backtest, "live": live}
    changes = compare_forecasts(engine, first.key, second.key)
    return comparison_of(past, a, b, scores, series=tally(engine, first, second), changes=changes)
