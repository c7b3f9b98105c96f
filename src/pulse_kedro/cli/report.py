"""The page of the newest cycle: `report`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pulse_kedro.cli.door import DONE, FAILED, FIRST, NOTHING_TO_DO, answers, env_option, json_option, print_json, pulse

if TYPE_CHECKING:
    from pulse_kedro.adapters.reports import ReportOnDisk
    from pulse_kedro.adapters.stores.past import Past


@pulse.command()
@click.option("--open", "in_browser", is_flag=True, help="Open the report in the browser.")
@env_option
@json_option
@answers
def report(*, in_browser: bool, env: str | None, as_json: bool) -> int:
    """Print where the report of the newest cycle is, or open it.

    The path stands alone on standard output. When the report on disk is of another cycle than the head (a replay ran
    last, or a run ended before its report), that is said beside it, with the run that writes it anew.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no report yet.

    Example: kedro pulse report --open
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.past import read_past

    loader = bootstrap.configuration(env)
    answer = report_of(bootstrap.report(loader), read_past(bootstrap.stores(loader)))
    if as_json:
        print_json(answer)
    elif answer["path"]:
        click.echo(answer["path"])
    if answer["next_step"] and not as_json:
        click.echo(f"{answer['problem']} {answer['next_step']}", err=True)
    if not answer["path"]:
        return NOTHING_TO_DO
    return _open(Path(str(answer["path"]))) if in_browser else DONE


def report_of(found: "ReportOnDisk", past: "Past") -> Mapping[str, object]:
    """Where the report is and whether it is of the head.

    Args:
        found: What stands where reports are written.
        past: All committed cycles.

    Returns:
        `path` (`None` where there is no report), `cycle` (key of the one that wrote it), `as_of`, `head`, `of_head`,
        and what is wrong: `problem` and `next_step`, both empty when nothing is.
    """
    by_key = {cycle.key: cycle for cycle in past.cycles}
    author, head = by_key.get(found.cycle or ""), by_key.get(past.head or "")
    problem = _problem(found, past) if head is not None else "" if found.exists else "No report was written yet."
    rerun = FIRST if head is None else f"Next: `kedro run --params as_of={head.period}` writes it."
    if problem and head is not None and found.cycle == past.head:
        rerun = "`kedro pulse status` tells what serves; the next cycle's report is of it."
    return {
        "path": str(found.path) if found.exists else None,
        "cycle": found.cycle,
        "as_of": author and author.period,
        "head": past.head,
        "of_head": found.exists and found.cycle == past.head,
        "problem": problem,
        "next_step": rerun if problem else "",
    }


def _problem(found: "ReportOnDisk", past: "Past") -> str:
    """Why the report on disk is not the one of the head; empty when it is."""
    if not found.exists:
        return f"No report is at {found.path}, though cycles were committed."
    if found.cycle == past.head:
        chosen = past.chosen
        if chosen is None:
            return ""
        return f"Since this report, bundle {chosen.to_bundle[:12]} was put in charge ({chosen.kind}: {chosen.reason})."
    author = next((cycle for cycle in past.cycles if cycle.key == found.cycle), None)
    if author is None:
        whose = f"of cycle {found.cycle}, which was never committed" if found.cycle else "of an unknown cycle"
    else:
        whose = f"of cycle {author.key} (as of {author.period}, {author.line})"
    return f"This report is {whose}, not of the head {past.head}."


def _open(path: Path) -> int:
    import webbrowser

    if webbrowser.open(path.as_uri()):
        return DONE
    click.echo(f"Opening the report failed: got no browser, expected one. Open {path} yourself.", err=True)
    return FAILED
