"""What is wrong here, and what to do: `doctor`."""

import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pulse_kedro.cli.door import DONE, FAILED, answers, env_option, json_option, print_json, pulse

if TYPE_CHECKING:
    from kedro.config import AbstractConfigLoader

    from pulse_kedro.adapters.checks.findings import Finding

Check = Callable[[], "Finding | Sequence[Finding]"]


@pulse.command()
@click.option("--repair", is_flag=True, help="First tell MLflow what serves, and the scores that wait for it.")
@env_option
@json_option
@answers
def doctor(*, repair: bool, env: str | None, as_json: bool) -> int:
    """Check environment, configuration, source, disk, database, champion, tracking and report.

    Says for each what was found, and what to do where something is wrong. A warning fails nothing. Without --repair
    nothing is changed, and no password is shown.

    Exit codes: 0 nothing failed, 1 something failed, 2 wrong usage.

    Example: kedro pulse doctor --json
    """
    if repair:
        _repair(env)
    findings = list(_examine(env))
    if as_json:
        print_json(answer_of(findings))
    else:
        from pulse_kedro.cli.health_wording import print_health

        print_health(answer_of(findings))
    return FAILED if any(finding.level == "failure" for finding in findings) else DONE


def answer_of(findings: "Sequence[Finding]") -> dict[str, object]:
    """Findings as plain data, without secrets.

    Args:
        findings: What the checks returned.

    Returns:
        `ok` (nothing failed), `counts` by level, and `checks`: `name`, `level`, `found` and `next_step` of each.
    """
    from pulse_kedro.domain.recovery.redaction import redact_mapping

    counts = Counter(finding.level for finding in findings)
    return {
        "ok": not counts["failure"],
        "counts": {level: counts[level] for level in ("ok", "warning", "failure")},
        "checks": [redact_mapping(asdict(finding)) for finding in findings],
    }


def ask(name: str, check: Check) -> "Iterator[Finding]":
    """What a check found; one that itself fails is a finding, so that the others still run.

    Args:
        name: What is looked at.
        check: Looks.
    """
    from pulse_kedro.adapters.checks.findings import Finding, failure
    from pulse_kedro.domain.recovery.faults import classify

    try:
        found = check()
    except Exception as error:  # noqa: BLE001  # the door: a person shall read what is wrong, all of it
        fault = classify(error)
        yield failure(name, fault.message or fault.error, fault.next_step)
    else:
        yield from [found] if isinstance(found, Finding) else found


def _examine(env: str | None) -> "Iterator[Finding]":
    """All findings, the ground first; what stands on ground that failed is not looked at."""
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.checks import configuration, environment
    from pulse_kedro.settings import project_root

    yield from ask("python", lambda: environment.check_python(platform.python_version()))
    yield from ask("packages", lambda: environment.check_packages(environment.declared()))
    yield from ask("telemetry", lambda: environment.check_telemetry(Path(project_root()), os.environ))
    try:
        loader = bootstrap.configuration(env)
    except Exception as error:  # the door, see above; YAML that cannot be read is met here, too
        if env is not None and isinstance(error, bootstrap.UnknownEnvironment):
            raise  # what was typed is wrong, which is wrong usage
        yield _without_configuration(error)
        return
    grounds = list(ask("configuration", lambda: configuration.check_configuration(loader)))
    yield from grounds
    if all(ground.level != "failure" for ground in grounds):
        yield from _examine_project(loader)
        yield from _examine_stores(loader)


def _repair(env: str | None) -> None:
    """Let MLflow follow the database, and write what waits for it; what cannot be mended is found by the checks."""
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.metric_queue import read_dead
    from pulse_kedro.adapters.takeover import project
    from pulse_kedro.adapters.tracked_scores import replay_dead

    loader = bootstrap.configuration(env)
    engine = bootstrap.stores(loader)
    if engine is None or not bootstrap.is_tracked():
        return
    uri, dead = bootstrap.tracking_server(loader), bootstrap.dead_metrics(loader)
    if project(engine, bootstrap.place(loader, "champion", "path"), uri) and read_dead(dead):
        replay_dead(dead, uri)


def _without_configuration(error: Exception) -> "Finding":
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.checks.findings import failure

    inherited = "Mend the variable KEDRO_ENV, or run the command inside the project."
    unreadable = "Mend the file that the message names; the rest was not looked at."
    advice = inherited if isinstance(error, bootstrap.UnknownEnvironment) else unreadable
    return failure("configuration", " ".join(str(error).split()), advice)


def _examine_project(loader: "AbstractConfigLoader") -> "Iterator[Finding]":
    """Catalog, parameters, source, data root."""
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.checks import configuration, places

    entries, parameters = bootstrap.entries(loader), loader["parameters"]
    columns = configuration.columns_of(parameters.get("source", {}))
    folder = bootstrap.data_folder(loader)
    checks: dict[str, Check] = {
        "catalog": lambda: configuration.check_catalog(entries, lambda *entry: bootstrap.dataset(loader, *entry)),
        "parameters": lambda: configuration.check_parameters(parameters, bootstrap.registered_pipelines()),
        "source": lambda: configuration.check_source(bootstrap.SOURCE, lambda: bootstrap.source(loader), columns),
        "data root": lambda: places.check_data_root(folder),
        "disk": lambda: places.check_disk(folder),
        "run lock": lambda: places.check_lock(folder),
        "leftovers": lambda: places.check_leftovers(folder),
    }
    for name, check in checks.items():
        yield from ask(name, check)


def _examine_stores(loader: "AbstractConfigLoader") -> "Iterator[Finding]":
    """Database and, where it can be read, what it tells."""
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.checks import database, results
    from pulse_kedro.adapters.checks.findings import ok
    from pulse_kedro.adapters.configuration import database_url, tracking_uri
    from pulse_kedro.adapters.stores import invariants
    from pulse_kedro.adapters.stores.past import read_past
    from pulse_kedro.cli.report import report_of

    url, bundles = database_url(loader), bootstrap.place(loader, "champion", "path")
    grounds = list(ask("database", lambda: database.check_database(url, bundles)))
    if any(ground.level == "failure" for ground in grounds):
        left_out = "cycles, champion, faults, tracking and report were not looked at"
        yield from (replace(ground, found=f"{ground.found}; {left_out}") for ground in grounds)
        return
    yield from grounds
    engine = bootstrap.stores(loader)
    past = read_past(engine)
    checks: dict[str, Check] = {"cycles": lambda: database.check_commits(past)}
    if engine is not None:
        checks |= {"last run": lambda: database.check_last_run(engine), "faults": lambda: database.check_faults(engine)}
        checks["invariants"] = lambda: database.check_control(invariants.broken(engine, bundles))
        checks["orphans"] = lambda: database.check_orphans(invariants.orphans(engine, bundles), bundles)
    checks["champion"] = lambda: results.check_champion(past, bootstrap.bundle_check(loader))
    checks["tracking"] = lambda: (
        results.check_tracking(past, tracking_uri(loader))
        if bootstrap.is_tracked()
        else ok("tracking", "off, by PULSE_TRACKING=off")
    )
    checks["undelivered"] = lambda: results.check_undelivered(bootstrap.dead_metrics(loader))
    checks["report"] = lambda: results.check_report(report_of(bootstrap.report(loader), past))
    for name, check in checks.items():
        yield from ask(name, check)
