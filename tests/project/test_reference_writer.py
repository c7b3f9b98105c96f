"""What writes the reference pages: small functions from the project's own objects to Markdown."""

import doctest
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Literal

import click
import pytest

DOCS = Path(__file__).parents[2] / "docs"
MODULES = sorted(path.stem for path in (DOCS / "_ext" / "pulse_reference").glob("[a-z]*.py"))


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The extension, from where Sphinx finds it."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    yield import_module("pulse_reference")
    for name in [name for name in sys.modules if name.partition(".")[0] == "pulse_reference"]:
        del sys.modules[name]


@pytest.mark.usefixtures("writer")
@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_writer_are_true(name: str) -> None:
    module = import_module(f"pulse_reference.{name}")

    assert 0 == doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mean |y - x| of all", r"mean \|y - x\| of all"),
        ("the union `a | b` is code", "the union `a | b` is code"),
        (">>> a | b", ">>> a | b"),
    ],
)
def test_bars_in_docstrings_stay_bars(writer: ModuleType, line: str, expected: str) -> None:
    lines = [line]

    writer.quote_bars(None, "", "", None, None, lines)

    assert [expected] == lines


def test_request_is_replaced_by_what_it_asks_for(writer: ModuleType) -> None:
    found = writer.REQUEST.search("# Title\n\n% generated: modules pulse_kedro.cli\n")

    assert ("modules", ["pulse_kedro.cli"]) == (found["name"], found["arguments"].split())


def test_cell_of_a_table_keeps_bars_brackets_and_lines_inside(writer: ModuleType) -> None:
    cell = writer.markdown.cell

    assert r"a \| b &lt;c> `<d>` e" == cell("a | b <c>\n`<d>`  e")


def test_what_has_no_docstring_is_refused(writer: ModuleType) -> None:
    first_line = writer.markdown.first_line

    with pytest.raises(ValueError, match="has no docstring"):
        first_line(lambda: None)


def test_comment_beside_a_key_goes_on_in_its_column(
    writer: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    parameters = writer.parameters

    text = """# heading
a:          # first
  b: 1      # days; ours,
            # not checked
# of the next
  c: '#'
d: 2 # end
"""
    (tmp_path / "parameters_x.yml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(parameters, "BASE", tmp_path)

    found = parameters.comments("parameters_x.yml")

    assert ("first", "days; ours, not checked", "end") == (found["a"], found["a.b"], found["d"])


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (float, "number"),
        (str | None, "text or null"),
        (tuple[int, ...], "list of whole number"),
        (Literal["hourly", "daily"], "`hourly`, `daily`"),
        (str | tuple[str, ...], "text or list of text"),
    ],
)
def test_types_are_spelled_for_people(writer: ModuleType, hint: object, expected: str) -> None:
    spell = writer.parameters.spell

    assert expected == spell(hint)


def test_walk_finds_commands_of_groups_in_groups(writer: ModuleType) -> None:
    walk = writer.commands.walk

    leaf = click.Command("leaf")
    tree = click.Group("a", commands={"b": click.Group("b", commands={"leaf": leaf})})

    assert [("a",), ("a", "b"), ("a", "b", "leaf")] == [path for path, _ in walk(tree, ("a",))]


def test_command_without_help_stops_the_build(writer: ModuleType) -> None:
    commands = writer.commands

    with pytest.raises(ValueError, match="has no help text"):
        commands._section(("kedro", "x"), click.Command("x"))  # noqa: SLF001


def test_package_page_of_nothing_is_refused(writer: ModuleType) -> None:
    modules = writer.api.modules

    with pytest.raises(ValueError, match="no module called"):
        modules("pulse_kedro.nowhere")
