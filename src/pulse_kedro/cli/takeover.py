"""A person decides who serves: `promote` and `rollback`."""

from typing import TYPE_CHECKING, Any

import click

from pulse_kedro.cli.door import DONE, answers, env_option, json_option, nothing_yet, print_json, pulse

if TYPE_CHECKING:
    from kedro.config import AbstractConfigLoader
    from sqlalchemy import Engine

    from pulse_kedro.adapters.stores.past import Past, PastCycle
    from pulse_kedro.adapters.takeover import Kind

reason_option = click.option("--reason", required=True, metavar="TEXT", help="Why; kept with your name, for ever.")


@pulse.command()
@click.option("--to", "name", default=None, metavar="NAME", help="Version to put back; default: one step, `previous`.")
@reason_option
@env_option
@json_option
@answers
def rollback(*, name: str | None, reason: str, env: str | None, as_json: bool) -> int:
    """Put the version back that served before; the next cycle builds on it.

    One step undoes one version: a revision, or the promotion of a recipe. Again is one step further. NAME is a period,
    or the beginning of a cycle key or bundle digest, as in `versions`. The bundle is verified in a new process first.

    Exit codes: 0 done, 1 failed or no version before, 2 wrong usage or no such version, 3 no cycle yet.

    Example: kedro pulse rollback --reason "the newest values were typed in wrong"
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.past import read_past
    from pulse_kedro.adapters.takeover import NoPreviousVersion

    loader = bootstrap.configuration(env)
    past = read_past(bootstrap.stores(loader))
    if past.bundle is None:
        return nothing_yet(NOTHING, as_json=as_json)
    version = past.previous if name is None else _find(past, name)
    if version is None:
        raise NoPreviousVersion(past.bundle)
    return _swap(loader, past, version, kind="rollback", reason=reason, as_json=as_json)


@pulse.command()
@click.argument("name")
@reason_option
@click.option("--force", is_flag=True, help="Also a version of another horizon, frequency, or without some series.")
@env_option
@json_option
@answers
def promote(*, name: str, reason: str, force: bool, env: str | None, as_json: bool) -> int:
    """Put a version in charge, whatever the promotion gate said; the next cycle builds on it.

    NAME is a version of the past (a period, or the beginning of a cycle key or bundle digest), `challenger` for the one
    that the newest cycle did not put in charge, or the beginning of a challenger's digest. The bundle is verified in a
    new process first.

    Exit codes: 0 done, 1 failed, 2 wrong usage or no such version, 3 no cycle yet.

    Example: kedro pulse promote challenger --reason "the new network is wanted before the holidays"
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.past import read_past
    from pulse_kedro.adapters.takeover import require_comparable

    loader = bootstrap.configuration(env)
    past = read_past(bootstrap.stores(loader))
    if past.bundle is None:
        return nothing_yet(NOTHING, as_json=as_json)
    version = _find(past, name)
    if not force:
        require_comparable(bootstrap.place(loader, "champion", "path"), past.bundle, version.bundle)
    return _swap(loader, past, version, kind="promote", reason=reason, as_json=as_json)


def _find(past: "Past", name: str) -> "PastCycle":
    """The version that a name means; an unknown name is wrong usage."""
    from pulse_kedro.cli.naming import AmbiguousName, UnknownName, find_version

    try:
        return find_version(past, name)
    except (AmbiguousName, UnknownName) as error:
        raise click.UsageError(str(error)) from error


def _swap(
    loader: "AbstractConfigLoader", past: "Past", version: "PastCycle", *, kind: "Kind", reason: str, as_json: bool
) -> int:
    """Do it while no run is at work in the data root, tell MLflow, and say what serves now."""
    from datetime import UTC, datetime

    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.configuration import database_url, tracking_uri
    from pulse_kedro.adapters.lock import DataRootLock
    from pulse_kedro.adapters.stores.engine import open_for_writing
    from pulse_kedro.adapters.takeover import project, put_in_charge

    if not reason.strip():
        message = "--reason needs words: they are what a reader of the history has."
        raise click.UsageError(message)
    engine, check = open_for_writing(database_url(loader)), bootstrap.bundle_check(loader)
    lock = DataRootLock(bootstrap.data_folder(loader))
    try:
        put_in_charge(engine, past, version, kind=kind, reason=reason.strip(), now=datetime.now(UTC), check=check)
    finally:
        lock.release()
    bundles, told = bootstrap.place(loader, "champion", "path"), None
    if bootstrap.is_tracked():
        told = project(engine, bundles, tracking_uri(loader))
    answer = answer_of(engine, kind, tracked=told)
    if as_json:
        print_json(answer)
    else:
        from pulse_kedro.cli.takeover_wording import print_takeover

        print_takeover(answer)
    return DONE


def answer_of(engine: "Engine", kind: str, *, tracked: bool | None) -> dict[str, Any]:
    """What serves after a command.

    Args:
        engine: Any engine on the stores.
        kind: `promote` or `rollback`.
        tracked: Whether the MLflow alias points at it; `None` where nothing is tracked.

    Returns:
        `kind`, `epoch`, `actor`, `reason`, `from`, `serving` and `previous` (each `bundle`, `recipe`, `cycle`, `as_of`,
        `revision`; null where there is none), `tracked`.
    """
    from pulse_kedro.adapters.stores.past import read_past

    past = read_past(engine)
    last = past.transitions[-1]
    return {
        "kind": kind,
        "epoch": past.epoch,
        "actor": last.actor,
        "reason": last.reason,
        "from": _told(past.version(last.from_bundle)),
        "serving": _told(past.serving),
        "previous": _told(past.previous),
        "tracked": tracked,
    }


def _told(version: "PastCycle | None") -> dict[str, object] | None:
    if version is None:
        return None
    facts = {name: getattr(version, name) for name in ("bundle", "recipe", "revision")}
    return facts | {"cycle": version.key, "as_of": version.period}


NOTHING = {"kind": None, "epoch": 0, "actor": None, "reason": None, "from": None, "serving": None, "previous": None}
"""The answer before the first cycle."""
