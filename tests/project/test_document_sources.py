"""What people write in the documents: commands exist, the picture of the layers is true, nothing is left open."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts and path.parent.name != "decisions")
WRITTEN = [*PAGES, ROOT / "README.md", ROOT / "SECURITY.md"]
SETUP = {"source", "cd", "export", "mkdir", "cp", "pip", "tar", "git", "mlflow"}
OPEN_ENDS = re.compile(r"\b(?:TODO|TBD|FIXME|XXX|lorem|placeholder|coming soon)\b|example\.invalid", re.IGNORECASE)


def blocks(path: Path, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [block.replace("\\\n", " ") for block in found]


def lines(path: Path) -> list[str]:
    """Commands that a page tells people to type."""
    text = "\n".join(blocks(path, "bash") + blocks(path, "console"))
    return [line for line in text.splitlines() if line.strip()]


TYPED = [(f"{path.relative_to(ROOT)}: {line}", line) for path in WRITTEN for line in lines(path)]


def check(line: str) -> None:
    """Parse a command as the program that it calls would.

    Raises:
        click.UsageError: The command, an option or an argument does not exist.
    """
    words = [word for word in shlex.split(line, comments=True) if not re.match(r"[A-Z_]+=", word)]
    program, *given = words
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        unknown = [word for word in given if word not in targets and "=" not in word]
        if unknown:
            raise click.UsageError(f"make has no target {unknown}")  # noqa: TRY003, EM102  # a test tells what it found
    elif program == "kedro" or words[:3] == ["python", "-m", "pulse_kedro"]:
        parse(doors(), given if program == "kedro" else words[3:])
    elif program not in SETUP:
        raise click.UsageError(f"nothing here is called {program}")  # noqa: TRY003, EM102


def doors() -> click.Group:
    """Kedro's own commands and ours, as the command line merges them."""
    from kedro.framework.cli.jupyter import jupyter_cli
    from kedro.framework.cli.project import project_group

    from pulse_kedro.cli import cli

    groups = (project_group, jupyter_cli, cli)
    return click.Group("kedro", commands={name: found for group in groups for name, found in group.commands.items()})


def parse(group: click.Group, words: list[str]) -> None:
    """Follow words through groups to a command, and let it read its options without running."""
    command: click.Command = group
    context = click.Context(group)
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, info_name=name, parent=context)
    if any(isinstance(given, click.Argument) for given in command.params):
        words = [word for word in words if word.startswith("-")] + [word for word in words if not word.startswith("-")]
    command.make_parser(context).parse_args(list(words))


@pytest.mark.parametrize("line", [line for _, line in TYPED], ids=[name for name, _ in TYPED])
def test_command_in_the_documents_exists(line: str) -> None:
    check(line)


@pytest.mark.parametrize(
    "line", ["kedro pulse fortune", "kedro pulse status --jason", "make coffee", "conda install x"]
)
def test_command_that_does_not_exist_is_found(line: str) -> None:
    with pytest.raises(click.UsageError):
        check(line)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_page_is_finished(path: Path) -> None:
    assert [] == OPEN_ENDS.findall(path.read_text(encoding="utf-8"))


def test_tutorial_has_commands_for_every_step() -> None:
    steps = re.findall(r"^## \d", (DOCS / "tutorial.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert len(steps) <= len(blocks(DOCS / "tutorial.md", "bash"))


@pytest.mark.parametrize(("contract", "place"), [("One-way street", 0), ("Rooms of the domain", 1)])
def test_picture_of_the_layers_is_what_the_contracts_say(contract: str, place: int) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(found["layers"] for found in settings["contracts"] if found["name"] == contract)
    picture = blocks(DOCS / "architecture.md", "text")[place]

    assert [existing(layer) for layer in layers] == [existing(line) for line in picture.splitlines()]


def existing(layer: str) -> set[str]:
    """Modules of one layer; a name in parentheses is a place that is kept for later."""
    return {name.strip() for name in layer.split("|") if not name.strip().startswith("(")}


def test_parameters_that_how_tos_set_exist() -> None:
    from omegaconf import OmegaConf

    known = {key for path in (ROOT / "conf" / "base").glob("parameters_*.yml") for key in _keys(OmegaConf.load(path))}
    text = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    groups = "|".join(sorted({key for key in known if "." not in key}))
    named = set(re.findall(rf"`((?:{groups})(?:\.[a-z_]+)+)`", text))
    given = set(re.findall(rf"[\s,]((?:{groups})(?:\.[a-z_]+)+)=", text))

    assert {"recipe.horizon", "source.max_quarantined"} <= named
    assert set() == (named | given) - known


def _keys(value: object, path: str = "") -> list[str]:
    from omegaconf import DictConfig

    if not isinstance(value, DictConfig):
        return []
    return [key for name in value for key in (f"{path}{name}", *_keys(value._get_node(name), f"{path}{name}."))]  # noqa: SLF001


def test_tests_that_a_page_names_exist() -> None:
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    named = {(path.name, name) for path in PAGES for name in re.findall(r"\btest_\w+\.py\b", path.read_text("utf-8"))}

    assert ("crashes.md", "test_stores_sweep.py") in named
    assert [] == sorted(pair for pair in named if pair[1] not in there)
