"""The commands. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do."""

import functools
import json
import logging
from collections.abc import Callable, Mapping
from typing import ParamSpec

import click

from pulse_kedro.domain.errors import PulseError

logger = logging.getLogger(__name__)

DONE, FAILED, NOTHING_TO_DO = 0, 1, 3
FIRST = "No cycle has been committed yet. Next: `make run`, or `kedro run --params as_of=YYYY-MM-DD`."
Words = ParamSpec("Words")


def answers(command: Callable[Words, int]) -> Callable[Words, None]:
    """Give a command its exit code, and turn whatever fails into one sentence with the next step.

    Args:
        command: Returns the exit code.
    """

    @functools.wraps(command)
    def run(*args: Words.args, **kwargs: Words.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except (click.ClickException, BrokenPipeError):
            raise  # click ends quietly when the reader of a pipe has gone
        except Exception as error:  # noqa: BLE001  # the door: a person shall read a sentence, not a traceback
            code = _explain_failure(error)
        click.get_current_context().exit(code)

    return run


env_option = click.option("--env", "-e", default=None, help="Kedro environment under conf/; default: local.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")


@click.group()
def cli() -> None:
    """Commands of this project."""


@cli.group()
def pulse() -> None:
    """Ask what the cycles know: state, reasons, what comes next.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do.
    """
    _log_to_stderr()


@pulse.command()
@env_option
@json_option
@answers
def status(*, env: str | None, as_json: bool) -> int:
    """Show where things stand: newest cycle, champion, ledger, scores, faults."""
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.summary import summarize
    from pulse_kedro.cli.answers import status_of
    from pulse_kedro.cli.wording import print_status

    answer = status_of(summarize(bootstrap.stores(bootstrap.configuration(env))))
    if as_json:
        _print_json(answer)
    else:
        print_status(answer)
    return DONE if answer["as_of"] else NOTHING_TO_DO


@pulse.command()
@env_option
@json_option
@answers
def why(*, env: str | None, as_json: bool) -> int:
    """Say in plain words why this champion is in charge, and what would change it."""
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.cycles import read_history
    from pulse_kedro.adapters.stores.summary import summarize
    from pulse_kedro.cli.answers import why_of
    from pulse_kedro.cli.wording import print_why

    loader = bootstrap.configuration(env)
    engine = bootstrap.stores(loader)
    summary = summarize(engine)
    if engine is None or summary.head is None:
        click.echo('{"as_of": null}' if as_json else FIRST)
        return NOTHING_TO_DO
    answer = why_of(summary, read_history(engine), loader["parameters"])
    if as_json:
        _print_json(answer)
    else:
        print_why(answer)
    return DONE


@pulse.command(name="next")
@env_option
@json_option
@answers
def following(*, env: str | None, as_json: bool) -> int:
    """Print the `as_of` of the next cycle: the period after the newest committed one."""
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.summary import summarize

    loader = bootstrap.configuration(env)
    head = summarize(bootstrap.stores(loader)).head
    newest = None if head is None else head.as_of.isoformat()
    period = None if newest is None else bootstrap.following_period(loader, newest)
    if as_json:
        _print_json({"as_of": period, "after": newest and newest[:10]})
    elif period is not None:
        click.echo(period)
    else:
        ended = f"The newest cycle ({str(newest)[:10]}) knows the last period in the data: nothing to do."
        click.echo(FIRST if newest is None else ended, err=True)
    return NOTHING_TO_DO if period is None else DONE


def _log_to_stderr() -> None:
    """Keep log lines out of the answer: Kedro's handler writes to standard output."""
    from rich.console import Console

    for handler in logging.getLogger().handlers:
        if isinstance(getattr(handler, "console", None), Console):
            setattr(handler, "console", Console(stderr=True))  # noqa: B010  # Kedro's handler is rich's, a detail


def _explain_failure(error: Exception) -> int:
    """Print what went wrong; our own errors already say what to do."""
    from pulse_kedro.bootstrap import UnknownEnvironment
    from pulse_kedro.domain.recovery.faults import classify

    if isinstance(error, UnknownEnvironment):
        raise click.UsageError(str(error)) from error
    fault = classify(error)
    logger.debug("traceback of the failure", exc_info=error)
    click.echo(f"Error: {fault.message or fault.error}", err=True)
    if not isinstance(error, PulseError):
        click.echo(f"({fault.error}, {fault.code}, severity {fault.severity}.) {fault.next_step}", err=True)
    return FAILED


def _print_json(answer: Mapping[str, object]) -> None:
    click.echo(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))
