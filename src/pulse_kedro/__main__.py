"""The second door: `python -m pulse_kedro run …` and `… pulse …`, without the start-up cost of Kedro's plugins."""

import click
from kedro.framework.project import configure_project


def main() -> None:
    """Run one command with this package's settings."""
    configure_project("pulse_kedro")
    # Both read the settings, so they come after configure_project.
    from kedro.framework.cli.project import run

    from pulse_kedro.cli import cli

    click.CommandCollection("pulse_kedro", sources=[click.Group("kedro", commands={"run": run}), cli])()


if __name__ == "__main__":
    main()
