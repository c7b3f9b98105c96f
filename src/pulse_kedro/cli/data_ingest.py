"""`data ingest`: fetch sources and store what is new of them."""

import click

from pulse_kedro.cli.door import DONE, FAILED, NOTHING_TO_DO, answers, data, env_option, json_option, print_json


@data.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Ingest every source that declares its columns.")
@click.option("--start", default=None, help="First period wanted, such as 2019-01-01; default: the first there is.")
@click.option("--end", default=None, help="Last period wanted; default: the last there is.")
@click.option("--since-watermark", is_flag=True, help="Begin at the newest period that is stored of each source.")
@click.option("--as-of", default=None, help="Moment (UTC) whose knowledge is wanted, where a source keeps revisions.")
@click.option("--variables", default=None, help="Ids of the series wanted, separated by commas; default: all.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=300.0, help="Seconds for each source.")
@env_option
@json_option
@answers
def ingest(
    *,
    names: tuple[str, ...],
    everything: bool,
    start: str | None,
    end: str | None,
    since_watermark: bool,
    as_of: str | None,
    variables: str | None,
    timeout: float,
    env: str | None,
    as_json: bool,
) -> int:
    """Fetch sources of sources.yml and store what is new; rows that break a rule are set aside with the reason.

    Each row that comes is stored, a duplicate, or set aside: the numbers add up. The same data again change nothing.

    Exit codes: 0 done, 1 a source failed or was refused, 2 wrong usage, 3 no source to ingest.

    Example: kedro pulse data ingest us_employment
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.ingest import ingest as ingest_sources
    from pulse_kedro.adapters.progress import StepBar
    from pulse_kedro.adapters.sources.configured import chosen
    from pulse_kedro.cli.data_ingest_answers import Asked, answer_of, requests_of
    from pulse_kedro.cli.data_ingest_wording import print_ingested

    if bool(names) == everything:
        message = "Name the sources to ingest, or say --all. `kedro pulse data sources` lists them."
        raise click.UsageError(message)
    loader = bootstrap.configuration(env)
    known = bootstrap.sources(loader)
    wanted = chosen(known, names)
    if everything:
        wanted = {name: source for name, source in wanted.items() if source.table is not None}
    if not wanted:
        return _nothing(as_json=as_json)
    desk = bootstrap.desk(loader)
    asked = Asked(start=start, end=end, as_of=as_of, variables=variables, since_watermark=since_watermark)
    bar = StepBar(2 * len(wanted))
    try:
        made = ingest_sources(
            wanted,
            desk,
            requests_of(wanted, asked, desk.engine),
            timeout=timeout,
            fetched=lambda name: bar.begin(f"fetched {name}"),
            done=lambda one: bar.begin(f"stored {one.source}"),
        )
    finally:
        bar.stop()
    answer = answer_of(made)
    if as_json:
        print_json(answer)
    else:
        print_ingested(answer)
    return FAILED if answer["failed"] else DONE


def _nothing(*, as_json: bool) -> int:
    if as_json:
        print_json({"sources": [], "failed": 0})
    else:
        click.echo("No source declares its columns. Write `table` into its entry of sources.yml.")
    return NOTHING_TO_DO
