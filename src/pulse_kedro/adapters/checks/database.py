"""The stores: can they be read, are they sound, what was committed, which faults are open."""

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import DatabaseError

from pulse_kedro.adapters.checks.findings import Finding, failure, ok, warning
from pulse_kedro.adapters.stores import journal
from pulse_kedro.adapters.stores.engine import HEAD_REVISION, open_for_reading
from pulse_kedro.adapters.stores.past import Past
from pulse_kedro.adapters.stores.processes import start_of

BEGIN = "`make run`, or `kedro run --params as_of=YYYY-MM-DD`."
INTEGRITY = 5
"""Severity of a fault that touches what is already committed."""
LISTED = 3


def check_database(url: str, bundles: Path) -> Finding:
    """Whether the database can be reached, has the tables of this version, and is sound.

    Args:
        url: SQLAlchemy URL; its password is not shown.
        bundles: Folder of all bundles; where it holds some, there must be a database.
    """
    where = make_url(url).render_as_string(hide_password=True)
    file = make_url(url).database
    try:
        engine = open_for_reading(url)
        found = None if engine is None else _examine(engine)
    except DatabaseError as error:
        advice = f"Move {file} away and restore it from a backup; without one, the next run begins a new history."
        local = where.startswith("sqlite")
        wait = "Start the server, or mend PULSE_DATABASE_URL; `kedro pulse doctor` tells when it answers."
        return failure("database", f"{where}: {_flat(error.orig or error)}", advice if local else wait)
    if found is None:
        return _absent(where, bundles)
    facts, problems = found
    if problems:
        return failure("database", f"{where}: {'; '.join(problems)}", f"Restore {file} from a backup.")
    return ok("database", f"{where}: {facts}")


def check_commits(past: Past) -> Finding:
    """What was committed, and who is the head.

    Args:
        past: All committed cycles.
    """
    head = next((cycle for cycle in past.cycles if cycle.key == past.head), None)
    if head is None:
        return ok("cycles", "none committed yet", f"Begin: {BEGIN}")
    main = sum(cycle.line == "main" for cycle in past.cycles)
    found = f"{len(past.cycles)} committed, {main} on the main line; head {head.key}, as of {head.period}"
    return ok("cycles", found)


def check_faults(engine: Engine) -> list[Finding]:
    """Faults that no cycle has resolved yet, each with its next step.

    Args:
        engine: Any engine on the stores.
    """
    kept = journal.open_faults(engine)
    if not kept:
        return [ok("faults", "none open")]
    return [*map(_fault, kept[:LISTED]), *_more(len(kept))]


def check_last_run(engine: Engine) -> Finding:
    """How the last run ended.

    Args:
        engine: Any engine on the stores.
    """
    last = next(iter(journal.newest_attempts(engine, 1)), None)
    if last is None:
        return ok("last run", "none yet", f"Begin: {BEGIN}")
    told = f"{last.command}, started {last.started.isoformat(timespec='seconds')}"
    if last.status == "RUNNING" and last.host == socket.gethostname() and start_of(last.pid) is None:
        return warning(
            "last run", f"was killed: {told}", "Run the same command again: nothing half-done was committed."
        )
    if last.status in {"FAILED", "INTERRUPTED"}:
        return warning("last run", f"{last.status.lower()}: {told}", "Mend its fault, then run the same command again.")
    return ok("last run", f"{last.status.lower()}: {told}")


def check_control(broken: Sequence[str]) -> list[Finding]:
    """Whether the invariants hold that the database and the bundles can be asked about.

    Args:
        broken: What `invariants.broken` found.
    """
    if not broken:
        return [ok("invariants", "one champion, its files whole, epochs rising, every change on record and protected")]
    advice = "Restore the database or the bundles from a backup, or put a whole version back: `kedro pulse rollback`."
    return [failure("invariants", one, advice) for one in broken]


def check_orphans(orphans: Sequence[str], bundles: Path) -> Finding:
    """Whether bundles lie on disk that no cycle made (I9).

    Args:
        orphans: What `invariants.orphans` found.
        bundles: Folder of all bundles.
    """
    if not orphans:
        return ok("orphans", "no bundle without a cycle")
    found = f"{len(orphans)} bundles that no cycle names, such as {orphans[0][:12]}"
    return warning("orphans", found, f"Nothing reads them: killed runs left them. Delete those folders in {bundles}.")


def _examine(engine: Engine) -> tuple[str, list[str]]:
    """Facts about a database, and what is wrong with its content."""
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            answer = str(connection.execute(text("SELECT version()")).scalar_one())
            return f"{answer.partition(' on ')[0]}, revision {HEAD_REVISION}", []
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
        mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
        problems = list(_sqlite_problems(connection))
    return f"SQLite {version}, journal mode {mode}, revision {HEAD_REVISION}, integrity ok", problems


def _sqlite_problems(connection: Connection) -> Iterator[str]:
    said = [str(row[0]) for row in connection.execute(text(f"PRAGMA integrity_check({LISTED})"))]
    yield from (_flat(line) for line in said if line != "ok")
    strays = connection.execute(text("PRAGMA foreign_key_check")).all()
    if strays:
        yield f"{len(strays)} rows refer to rows that are gone, the first in table {strays[0][0]}"


def _absent(where: str, bundles: Path) -> Finding:
    kept = sum(1 for path in bundles.glob("*") if not path.name.startswith(".")) if bundles.is_dir() else 0
    if kept:
        advice = "Restore it from a backup; without one, the next run begins a new history and knows no champion."
        return failure("database", f"{where}: not there, though {kept} bundles are in {bundles}", advice)
    return ok("database", f"{where}: not there yet", f"The first run makes it: {BEGIN}")


def _fault(kept: journal.KeptFault) -> Finding:
    fault = kept.fault
    where = f" in {fault.node}" if fault.node else ""
    told = f"{kept.at.isoformat(timespec='seconds')} {fault.code}{where}: {fault.message}"
    level = failure if fault.severity >= INTEGRITY else warning
    return level("fault", told, f"{fault.next_step} A cycle that is committed closes it.")


def _more(count: int) -> list[Finding]:
    if count <= LISTED:
        return []
    return [warning("faults", f"{count - LISTED} older ones are open", "A cycle that is committed closes them, too.")]


def _flat(words: object) -> str:
    return " ".join(str(words).split())
