"""What is stored: `data snapshots`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pulse_kedro.cli.door import DONE, answers, data, env_option, json_option, nothing_yet, print_json

if TYPE_CHECKING:
    from kedro.config import AbstractConfigLoader
    from sqlalchemy import Engine

NOTHING = "Nothing has been stored yet. Next: `make run`, or `kedro pulse data ingest`."


@data.command()
@click.option("--source", default=None, help="Only snapshots of this source.")
@click.option("--kind", type=click.Choice(["cycle", "stored"]), default=None, help="Taken by cycles, or appended.")
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="Snapshots to show.")
@click.option("--pin", multiple=True, metavar="ID", help="Keep this snapshot, cycle or bundle and all it came from.")
@click.option("--unpin", multiple=True, metavar="ID", help="Leave it to the rules of retention again.")
@click.option("--clean", is_flag=True, help="Delete what the parameters under `retention` let go.")
@click.option("--dry-run", is_flag=True, help="With --clean: say what would be deleted, and delete nothing.")
@env_option
@json_option
@answers
def snapshots(
    *,
    source: str | None,
    kind: str | None,
    limit: int,
    pin: Sequence[str],
    unpin: Sequence[str],
    clean: bool,
    dry_run: bool,
    env: str | None,
    as_json: bool,
) -> int:
    """List the snapshots, pin them, or clean up among them; the newest first.

    A `cycle` snapshot is what one cycle knew, a `stored` one what one append added to a source. A clean-up never
    deletes what the champion, the ones before it or a pin cites, nor the newest of each source, nor a value that
    nothing has replaced.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing stored yet.

    Example: kedro pulse data snapshots --clean --dry-run
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores import inventory
    from pulse_kedro.cli.data_store_answers import NO_SNAPSHOTS, snapshots_of
    from pulse_kedro.cli.data_store_wording import print_snapshots

    if dry_run and not clean:
        message = "--dry-run says what --clean would delete: give both."
        raise click.UsageError(message)
    loader = bootstrap.configuration(env)
    engine = bootstrap.stores(loader)
    if engine is None or not (found := inventory.entries(engine)):
        return nothing_yet(NO_SNAPSHOTS, as_json=as_json, words=NOTHING)
    if clean:
        return _clean(loader, dry_run=dry_run, as_json=as_json)
    if pin or unpin:
        _pin(engine, pin, unpin)
        found = inventory.entries(engine)
    answer = snapshots_of(found, source=source, kind=kind, limit=limit)
    if as_json:
        print_json(answer)
    else:
        print_snapshots(answer)
    return DONE


def _pin(engine: "Engine", pins: Sequence[str], unpins: Sequence[str]) -> None:
    """Pin and unpin; an unknown id stops before anything is changed."""
    from datetime import UTC, datetime

    from pulse_kedro.adapters.stores import inventory

    edges, there = inventory.graph(engine)
    names = sorted({part for edge in edges for part in edge} | there)
    kept, freed = ([inventory.resolve(name, names) for name in given] for given in (pins, unpins))
    for node in kept:
        inventory.pin(engine, node, now=datetime.now(UTC))
    for node in freed:
        inventory.unpin(engine, node)


def _clean(loader: "AbstractConfigLoader", *, dry_run: bool, as_json: bool) -> int:
    """Clean up while no run is at work, or say what would be deleted."""
    from datetime import UTC, datetime

    from pydantic import TypeAdapter

    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.configuration import database_url
    from pulse_kedro.adapters.lock import DataRootLock
    from pulse_kedro.adapters.stores import retention
    from pulse_kedro.adapters.stores.engine import open_for_writing
    from pulse_kedro.cli.data_store_answers import clean_up_of
    from pulse_kedro.cli.data_store_wording import print_clean_up
    from pulse_kedro.domain.data_management.retention import RetentionOptions

    given: Any = loader["parameters"]["retention"]
    rules = TypeAdapter(RetentionOptions).validate_python(given)
    engine, blobs, now = open_for_writing(database_url(loader)), bootstrap.open_snapshots(loader), datetime.now(UTC)
    if dry_run:
        found = retention.look(engine, blobs, rules, now=now)
    else:
        lock = DataRootLock(bootstrap.data_folder(loader))
        try:
            found = retention.clean(engine, blobs, rules, now=now)
        finally:
            lock.release()
    answer = clean_up_of(found, dry_run=dry_run)
    if as_json:
        print_json(answer)
    else:
        print_clean_up(answer)
    return DONE
