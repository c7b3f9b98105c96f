"""`data quarantine`: rows that were set aside, and what can be done with them."""

import getpass
from typing import TYPE_CHECKING, Any

import click

from pulse_kedro.cli.door import DONE, FAILED, NOTHING_TO_DO, answers, data, env_option, json_option, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro.config import AbstractConfigLoader

    from pulse_kedro.adapters.quarantine_work import Decided, Declared

NOTHING = "No row waits in the quarantine."


@data.group()
def quarantine() -> None:
    """Look at rows that were set aside; correct them, let them try again, or give them up.

    Nothing is ever deleted: each decision is kept with its moment and who took it.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do.
    """


@quarantine.command(name="list")
@click.option("--source", default=None, help="Only rows of this source.")
@click.option("--rule", default=None, help="Only rows that break this rule.")
@click.option("--ingest", type=int, default=None, help="Only rows of the ingest with this number.")
@click.option(
    "--state",
    type=click.Choice(["waiting", "closed", "all"]),
    default="waiting",
    show_default=True,
    help="Rows that wait, rows about which everything is decided, or both.",
)
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="Rows to show.")
@env_option
@json_option
@answers
def list_rows(
    *,
    source: str | None,
    rule: str | None,
    ingest: int | None,
    state: Any,  # noqa: ANN401  # click gives one of the words
    limit: int,
    env: str | None,
    as_json: bool,
) -> int:
    """List rows in the order in which they were set aside, with the rule that they break and the reason.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such row.

    Example: kedro pulse data quarantine list --source us_employment
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores import quarantine as store
    from pulse_kedro.cli.data_quarantine_answers import list_of
    from pulse_kedro.cli.data_quarantine_wording import print_list

    engine = bootstrap.stores(bootstrap.configuration(env))
    wanted = store.Wanted(source=source, rule=rule, ingest=ingest, state=state)
    answer = list_of(store.count(engine, wanted), store.rows(engine, wanted, limit=limit))
    if as_json:
        print_json(answer)
    elif answer["total"]:
        print_list(answer)
    else:
        click.echo(NOTHING)
    return DONE if answer["total"] else NOTHING_TO_DO


@quarantine.command()
@click.argument("row", metavar="ID")
@env_option
@json_option
@answers
def show(*, row: str, env: str | None, as_json: bool) -> int:
    """Show a row as it came, why it was set aside, and every decision about it. ID may be the beginning of an id.

    Exit codes: 0 done, 1 there is no such row, 2 wrong usage.

    Example: kedro pulse data quarantine show q1a2b3
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores import quarantine as store
    from pulse_kedro.cli.data_quarantine_answers import row_of
    from pulse_kedro.cli.data_quarantine_wording import print_row

    answer = row_of(store.one(bootstrap.stores(bootstrap.configuration(env)), row))
    if as_json:
        print_json(answer)
    else:
        print_row(answer)
    return DONE


@quarantine.command()
@click.argument("row", metavar="ID")
@click.option("--set", "cells", multiple=True, required=True, metavar="COLUMN=VALUE", help="A corrected cell.")
@env_option
@json_option
@answers
def fix(*, row: str, cells: tuple[str, ...], env: str | None, as_json: bool) -> int:
    """Correct cells of a row and let it try again; where it keeps every rule now, it is stored.

    VALUE is read as JSON where it is JSON (1.5, true, null), else as text. Repeat --set for several cells.

    Exit codes: 0 stored, 1 it still breaks a rule or cannot be changed, 2 wrong usage.

    Example: kedro pulse data quarantine fix q1a2b3 --set y=1520.5
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters import quarantine_work
    from pulse_kedro.cli.data_quarantine_answers import cells_of

    loader = bootstrap.configuration(env)
    given = cells_of(cells)
    made = quarantine_work.fix(row, given, _declared(loader), bootstrap.desk(loader), actor=_actor())
    return _tell(made, as_json=as_json)


@quarantine.command()
@click.argument("rows", nargs=-1, metavar="[ID]...")
@click.option("--source", default=None, help="All waiting rows of this source.")
@click.option("--rule", default=None, help="All waiting rows that break this rule.")
@click.option("--ingest", type=int, default=None, help="All waiting rows of the ingest with this number.")
@env_option
@json_option
@answers
def release(
    *,
    rows: tuple[str, ...],
    source: str | None,
    rule: str | None,
    ingest: int | None,
    env: str | None,
    as_json: bool,
) -> int:
    """Let rows try again as they came, under the rules and settings of today; those that keep them are stored.

    Exit codes: 0 all of them are stored, 1 some still break a rule, 2 wrong usage, 3 no such row waits.

    Example: kedro pulse data quarantine release --rule out_of_range
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters import quarantine_work
    from pulse_kedro.adapters.stores import quarantine as store

    if bool(rows) == (source is not None or rule is not None or ingest is not None):
        message = "Name rows by their ids, or choose them by --source, --rule or --ingest."
        raise click.UsageError(message)
    loader = bootstrap.configuration(env)
    desk = bootstrap.desk(loader)
    wanted = store.Wanted(source=source, rule=rule, ingest=ingest)
    held = tuple(store.one(desk.engine, row) for row in rows) or store.rows(desk.engine, wanted)
    if not held:
        return _nothing(as_json=as_json)
    return _tell(quarantine_work.release(held, _declared(loader), desk, actor=_actor()), as_json=as_json)


@quarantine.command()
@click.argument("row", metavar="ID")
@click.option("--reason", required=True, help="Why the row is given up; kept with it.")
@env_option
@json_option
@answers
def drop(*, row: str, reason: str, env: str | None, as_json: bool) -> int:
    """Give a row up. It stays in the quarantine, marked, with the reason.

    Exit codes: 0 done, 1 there is no such row or no reason, 2 wrong usage.

    Example: kedro pulse data quarantine drop q1a2b3 --reason "a test of the supplier"
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters import quarantine_work

    desk = bootstrap.desk(bootstrap.configuration(env))
    return _tell(quarantine_work.drop(row, desk, reason=reason, actor=_actor()), as_json=as_json)


def _declared(loader: "AbstractConfigLoader") -> "Mapping[str, Declared]":
    """What sources.yml declares of each source."""
    from dataclasses import replace

    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.quarantine_work import Declared

    return {
        name: Declared(options=replace(source.table, name=name), contract=source.contract)
        for name, source in bootstrap.sources(loader).items()
        if source.table is not None
    }


def _actor() -> str:
    """Who types; a container may know no names."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _tell(made: "Decided", *, as_json: bool) -> int:
    from pulse_kedro.cli.data_quarantine_answers import decided_of
    from pulse_kedro.cli.data_quarantine_wording import print_decided

    answer = decided_of(made)
    if as_json:
        print_json(answer)
    else:
        print_decided(answer)
    return FAILED if answer["outcomes"].get("broken") else DONE


def _nothing(*, as_json: bool) -> int:
    if as_json:
        print_json({"rows": 0, "outcomes": {}, "reasons": {}, "snapshots": []})
    else:
        click.echo(NOTHING)
    return NOTHING_TO_DO
