"""What was made from what: `lineage`, which is `data lineage`, too."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pulse_kedro.cli.data_store import NOTHING
from pulse_kedro.cli.door import DONE, answers, data, env_option, json_option, nothing_yet, print_json, pulse

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from pulse_kedro.cli.lineage_answers import Answer, Way


@data.command()
@click.argument("name", metavar="ID")
@click.option("--up", "way", flag_value="up", help="Only what it was made from.")
@click.option("--down", "way", flag_value="down", help="Only what was made from it.")
@click.option("--mermaid", "as_diagram", is_flag=True, help="Print a Mermaid diagram, and nothing else.")
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="Names in each list.")
@env_option
@json_option
@answers
def lineage(*, name: str, way: "Way | None", as_diagram: bool, limit: int, env: str | None, as_json: bool) -> int:
    """Show what something was made from and what was made from it.

    ID is `champion`, `previous`, `challenger`, a period, a version such as v3, a source, or the beginning of the id of
    a snapshot, cycle, bundle, recipe or rulebook, with its kind before a colon where the id alone is not enough.
    `forecast:CYCLE/SERIES` is the forecast of one series, `transition:3` the third change of who serves. What was
    deleted since is marked `gone`.

    Exit codes: 0 done, 1 failed or a circle was met, 2 wrong usage or no such id, 3 nothing stored yet.

    Example: kedro pulse data lineage champion --up, or the same without `data`
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.cli.lineage_answers import NO_LINEAGE
    from pulse_kedro.cli.lineage_wording import print_lineage

    if as_diagram and as_json:
        message = "--mermaid and --json are two forms of one answer, and the second holds the diagram: give one."
        raise click.UsageError(message)
    loader = bootstrap.configuration(env)
    engine = bootstrap.stores(loader)
    if engine is None:
        return nothing_yet(NO_LINEAGE, as_json=as_json, words=NOTHING)
    answer = _look(engine, bootstrap.place(loader, "champion", "path"), name, way or "both")
    if as_json:
        print_json(answer)
    elif as_diagram:
        click.echo(answer["mermaid"])
    else:
        print_lineage(answer, limit)
    return DONE


pulse.add_command(lineage)


def _look(engine: "Engine", bundles: Path, name: str, way: "Way") -> "Answer":
    """Find out what a name means; one that means nothing or several things is wrong usage."""
    from pulse_kedro.adapters.stores.ancestry import NoSuchForecast, read_graph, with_forecast
    from pulse_kedro.adapters.stores.inventory import BUNDLE, AmbiguousId, UnknownId
    from pulse_kedro.adapters.stores.past import read_past
    from pulse_kedro.cli.lineage_answers import lineage_of
    from pulse_kedro.cli.naming import AmbiguousName, UnknownName, find_node

    past = read_past(engine)
    graph = read_graph(engine, past)
    try:
        found = find_node(past, graph.names, name)
        node = found
        if not isinstance(found, str):
            graph, node = with_forecast(engine, graph, past, *found)
    except (AmbiguousId, AmbiguousName, NoSuchForecast, UnknownId, UnknownName) as error:
        raise click.UsageError(str(error)) from error

    def is_lost(one: str) -> bool:
        kind, _, digest = one.partition(":")
        return kind == BUNDLE and not (bundles / digest).is_dir()

    return lineage_of(graph, str(node), way, is_lost)
