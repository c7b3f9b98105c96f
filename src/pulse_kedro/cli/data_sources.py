"""`data sources`: where observations can be fetched from, and whether they answer."""

import click

from pulse_kedro.cli.door import DONE, FAILED, NOTHING_TO_DO, answers, data, env_option, json_option, print_json

ENOUGH = 20
"""Rows that show that a source answers."""


@data.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Fetch a few rows from each source and say what came.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=60.0, help="Seconds for each source; default: 60."
)
@env_option
@json_option
@answers
def sources(*, names: tuple[str, ...], check: bool, timeout: float, env: str | None, as_json: bool) -> int:
    """List the sources that sources.yml names; with --check, ask each of them for a few rows.

    Exit codes: 0 done, 1 a source failed, 2 wrong usage, 3 no source is configured.

    Example: kedro pulse data sources --check
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.sources.configured import chosen
    from pulse_kedro.adapters.sources.last_ingest import last_ingests
    from pulse_kedro.cli.data_sources_answers import ask_all, sources_of
    from pulse_kedro.cli.data_sources_wording import print_sources

    loader = bootstrap.configuration(env)
    asked = chosen(bootstrap.sources(loader), names)
    outcomes = ask_all(asked, enough=ENOUGH, timeout=timeout) if check else {}
    answer = sources_of(asked, last_ingests(bootstrap.stores(loader)), outcomes)
    if as_json:
        print_json(answer)
    else:
        print_sources(answer)
    if not asked:
        return NOTHING_TO_DO
    return FAILED if answer["failed"] else DONE
