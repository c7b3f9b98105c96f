"""A run does not pay at start for what it does not use, and a question not for what its answer does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

from pulse_kedro.cli.door import pulse

HEAVY = (
    "torch",
    "lightning",
    "alibi_detect",
    "mlflow",
    "matplotlib",
    "statsforecast",
    "fugue",
    "dask",
    "lightgbm",
    "statsmodels",
    "sklearn",
    "pandera",
    "plotly",
)
TABLES = ("numpy", "pandas", "pyarrow", "scipy")
STORES = ("alembic", "sqlalchemy")
NOT_NEEDED = {"status": (*HEAVY, *TABLES, "alembic"), "history": (*HEAVY, "alembic")}
"""What the answer to a question does without; the history is told in pandas' time stamps."""
REGISTRY = "from kedro.framework.project import pipelines; dict(pipelines)"
COMMANDS = "from pulse_kedro.cli import cli; assert cli.commands"
HELP = """
from click.testing import CliRunner
from pulse_kedro.cli import cli

def every(group, *above):
    for name, command in group.commands.items():
        yield *above, name
        if hasattr(command, "commands"):
            yield from every(command, *above, name)

words = list(every(cli))
assert ("pulse", "status") in words
assert {0} == {CliRunner().invoke(cli, [*command, "--help"]).exit_code for command in words}
"""


def loaded(project: Path, action: str, watched: tuple[str, ...]) -> list[str]:
    """Which of the watched packages are there after an action in a fresh Python."""
    code = f"""
import sys
from kedro.framework.project import configure_project
configure_project("pulse_kedro")
{action}
print("loaded:", *sorted(set({watched!r}) & set(sys.modules)))
"""
    answer = subprocess.run(  # noqa: S603 our own command
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=project
    )
    return answer.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    ("action", "watched"),
    [(REGISTRY, HEAVY), (COMMANDS, (*HEAVY, *TABLES, *STORES)), (HELP, (*HEAVY, *TABLES, *STORES))],
    ids=["registry", "commands", "help of every command"],
)
def test_loading_leaves_heavy_packages_out(project: Path, action: str, watched: tuple[str, ...]) -> None:
    assert [] == loaded(project, action, watched)


@pytest.mark.parametrize("command", sorted(set(NOT_NEEDED) & set(pulse.commands)))
def test_a_question_loads_only_what_its_answer_needs(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    commit_a_cycle(tmp_path)
    action = f"""
from click.testing import CliRunner
from pulse_kedro.cli import cli
done = CliRunner().invoke(cli, ["pulse", {command!r}, "--json"])
assert 0 == done.exit_code, done.output
"""

    assert [] == loaded(project, action, NOT_NEEDED[command])


def commit_a_cycle(root: Path) -> None:
    from pulse_kedro.adapters.stores import cycles
    from pulse_kedro.adapters.stores.engine import open_for_writing
    from records import NOW, a_cycle, a_record

    cycles.commit(open_for_writing(f"sqlite:///{root}/pulse.db"), a_record(a_cycle("2018-12-01")), now=NOW)
