"""Every command says what it does, how it ends and how it is typed; every option has help."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from pulse_kedro.cli import cli

PULSE = cli.commands["pulse"]
DATA = PULSE.commands["data"]
KNOWN = {"status", "why", "next", "history", "versions", "compare", "report", "doctor"}


def test_every_command_is_there() -> None:
    assert set(PULSE.commands) >= KNOWN


@pytest.mark.parametrize("name", sorted(PULSE.commands))
def test_help_tells_exit_codes_and_an_example(name: str) -> None:
    said = CliRunner().invoke(cli, ["pulse", name, "--help"]).output

    assert "Exit codes: 0 " in said
    assert "Example: kedro " in said
    assert {"--env", "--json"} <= set(said.replace(",", " ").split())


@pytest.mark.parametrize("name", sorted(PULSE.commands))
def test_every_option_has_help(name: str) -> None:
    options = [option for option in PULSE.commands[name].params if isinstance(option, click.Option)]

    assert [] == [option.name for option in options if not option.help]


def leaves(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """Words of every command in a group and in the groups below."""
    for name, command in group.commands.items():
        yield from leaves(command, *above, name) if isinstance(command, click.Group) else [(*above, name)]


@pytest.mark.parametrize("words", sorted(leaves(DATA, "data")), ids=" ".join)
def test_commands_of_the_data_say_the_same(words: tuple[str, ...]) -> None:
    said = CliRunner().invoke(cli, ["pulse", *words, "--help"]).output

    assert "Exit codes: 0 " in said
    assert f"Example: kedro pulse {' '.join(words)}" in said
    assert {"--env", "--json"} <= set(said.replace(",", " ").split())


def test_the_group_tells_the_exit_codes_and_lists_its_commands() -> None:
    said = CliRunner().invoke(cli, ["pulse", "--help"]).output

    assert "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do." in said
    assert set(said.split()) >= KNOWN
