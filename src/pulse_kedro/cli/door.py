"""What every command shares: the groups, the options, how an answer is printed and how a failure is told."""

import functools
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
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


def _read_elsewhere(context: click.Context, _: click.Parameter, source: str | None) -> None:
    """Let the settings name another configuration for as long as the command runs."""
    if source is not None:
        from kedro.framework.project import settings

        context.call_on_close(functools.partial(settings.set, "CONF_SOURCE", str(settings.CONF_SOURCE)))
        settings.set("CONF_SOURCE", source if "://" in source else str(Path(source).resolve()))


def env_option(command: Callable[Words, None]) -> Callable[Words, None]:
    """Let a command say which configuration it reads: `--env`, its argument `env`, and `--conf-source`."""
    named = click.option("--env", "-e", default=None, help="Kedro environment under conf/; default: local.")
    words = "Folder or archive to read instead of conf/ of the project."
    elsewhere = click.option("--conf-source", callback=_read_elsewhere, expose_value=False, is_eager=True, help=words)
    return named(elsewhere(command))


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")


@click.group()
def cli() -> None:
    """Commands of this project."""


@cli.group()
def pulse() -> None:
    """Ask what the cycles know: where things stand and why, what was, how cycles differ, what is wrong.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do.
    """
    _log_to_stderr()


@pulse.group()
def data() -> None:
    """Look after the data: sources, snapshots and where they come from, quality, rows set aside.

    Each of these commands takes --env and --json, too.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do.

    Example: kedro pulse data snapshots
    """


def _log_to_stderr() -> None:
    """Keep log lines out of the answer: Kedro's handler writes to standard output."""
    from rich.console import Console

    for handler in logging.getLogger().handlers:
        if isinstance(getattr(handler, "console", None), Console):
            setattr(handler, "console", Console(stderr=True))  # noqa: B010  # Kedro's handler is rich's, a detail


def _explain_failure(error: Exception) -> int:
    """Print what went wrong and what to do."""
    from pulse_kedro.bootstrap import UnknownEnvironment
    from pulse_kedro.domain.recovery.faults import classify

    if isinstance(error, UnknownEnvironment):
        raise click.UsageError(str(error)) from error
    fault = classify(error)
    logger.debug("traceback of the failure", exc_info=error)
    if isinstance(error, PulseError):
        click.echo(f"Error: {fault.message} {fault.next_step}", err=True)
    else:
        click.echo(f"Error: {fault.message or fault.error}", err=True)
        click.echo(f"({fault.error}, {fault.code}, severity {fault.severity}.) {fault.next_step}", err=True)
    return FAILED


def nothing_yet(empty: Mapping[str, object], *, as_json: bool, words: str = FIRST) -> int:
    """Say that there is nothing to tell about, and what makes it.

    Args:
        empty: The answer for programs: all keys, nothing in them.
        as_json: Whether a program asked.
        words: What a person reads.

    Returns:
        The exit code.
    """
    if as_json:
        print_json(empty)
    else:
        click.echo(words)
    return NOTHING_TO_DO


def print_json(answer: Mapping[str, object]) -> None:
    """Print an answer for programs: exactly one JSON object."""
    click.echo(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))
