"""The commands, from click's own tree: usage, help, options; the options of a run, make's targets, the exit codes."""

import inspect
import re
from collections.abc import Iterator

import click

from pulse_reference.markdown import cell, code, table
from pulse_reference.project import ROOT

TARGET = re.compile(r"^(?P<name>[a-z]+):.*?## (?P<text>.+)$", re.MULTILINE)


def pulse_commands() -> str:
    """A section per command of the group `pulse`."""
    from pulse_kedro.cli import cli

    return "\n".join(_section(path, command) for path, command in walk(cli, ("kedro",)) if len(path) > 1)


def walk(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group with the words that call it, groups included.

    Args:
        group: Where to start; it comes first.
        path: Words that call it.
    """
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))
        else:
            yield (*path, name), command


def run_options() -> str:
    """The options of `kedro run`, which are Kedro's own."""
    from kedro.framework.cli.project import run

    return _options(run, click.Context(run, info_name="run"))


def make_targets() -> str:
    """What `make` knows, from the comments in the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return table(
        ("target", "does"), [(code(f"make {found['name']}"), found["text"]) for found in TARGET.finditer(text)]
    )


def exit_codes() -> str:
    """What the number means that a command ends with."""
    from pulse_kedro.cli import door

    rows = [
        (door.DONE, "done"),
        (door.FAILED, "failed: one sentence on standard error says what, and what to do next"),
        (click.UsageError.exit_code, "wrong usage: an option, a value or an environment that does not exist"),
        (door.NOTHING_TO_DO, "nothing to do: no cycle yet, no newer period, or nothing of what was asked for"),
    ]
    return table(("code", "means"), [(code(number), meaning) for number, meaning in rows])


def _section(path: tuple[str, ...], command: click.Command) -> str:
    words = " ".join(path)
    context = click.Context(command, info_name=words)
    usage = " ".join([words, *command.collect_usage_pieces(context)])
    text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    if not text:
        message = f"`{words}` has no help text: write one, the reference shows it"
        raise ValueError(message)
    return f"### `{words}`\n\n```text\n{usage}\n```\n\n{text}\n\n{_options(command, context)}"


def _options(command: click.Command, context: click.Context) -> str:
    rows = [_row(parameter, context) for parameter in command.params]
    return table(("option", "meaning", "default"), rows) if rows else ""


def _row(parameter: click.Parameter, context: click.Context) -> tuple[str, str, str]:
    if isinstance(parameter, click.Option):
        names = ", ".join((*parameter.opts, *parameter.secondary_opts))
        kind = "" if parameter.is_flag else f" {parameter.make_metavar(context)}"
        default = "" if parameter.is_flag or not _is_plain(parameter.default) else str(parameter.default)
        return code(names + kind), cell(parameter.help or ""), code(default)
    return code(parameter.make_metavar(context)), "argument", code("")


def _is_plain(value: object) -> bool:
    """Whether a default is worth showing: click has markers of its own for "none was set"."""
    return isinstance(value, str | int | float) and value != ""
