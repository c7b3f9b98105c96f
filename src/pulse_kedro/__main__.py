"""The second door: `python -m pulse_kedro run …` and `… pulse …`, without the start-up cost of Kedro's plugins."""

import os
from pathlib import Path

import click
from kedro.utils import find_kedro_project


def main() -> None:
    """Run one command with this package's settings."""
    _name_logging_file()
    # Kedro sets up logging when this is imported, and the command reads the settings.
    from kedro.framework.project import configure_project

    configure_project("pulse_kedro")
    from kedro.framework.cli.project import run

    from pulse_kedro.cli import cli

    click.CommandCollection("pulse_kedro", sources=[click.Group("kedro", commands={"run": run}), cli])()


def _name_logging_file() -> None:
    """Let Kedro find the project's logging file from any folder: it looks into the working directory only.

    Where it finds none, it announces its own on standard output, in front of any answer for programs.
    """
    path = (find_kedro_project(Path.cwd()) or Path.cwd()) / "conf" / "logging.yml"
    if path.exists():
        os.environ.setdefault("KEDRO_LOGGING_CONFIG", str(path))


if __name__ == "__main__":
    main()
