"""A run does not pay at start for what it does not use."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "torch",
    "lightning",
    "alibi_detect",
    "mlflow",
    "matplotlib",
    "statsforecast",
    "statsmodels",
    "sklearn",
    "pandera",
    "plotly",
)
REGISTRY = "from kedro.framework.project import pipelines; dict(pipelines)"
COMMANDS = "from pulse_kedro.cli import cli; assert cli.commands"


@pytest.mark.parametrize("action", [REGISTRY, COMMANDS], ids=["registry", "commands"])
def test_loading_leaves_heavy_packages_out(project: Path, action: str) -> None:
    code = f"""
import sys
from kedro.framework.project import configure_project
configure_project("pulse_kedro")
{action}
print(*sorted(set({HEAVY!r}) & set(sys.modules)))
"""

    answer = subprocess.run(  # noqa: S603 our own command
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=project
    )

    assert [] == answer.stdout.split()
