"""The second door: `python -m pulse_kedro run …` and `… pulse …`, without the start-up cost of Kedro's plugins."""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from kedro.utils import find_kedro_project

CONF_SOURCE = "--conf-source"


def main() -> None:
    """Run one command with this package's settings."""
    os.environ.setdefault(
        "KEDRO_DISABLE_TELEMETRY", "1"
    )  # what `.telemetry` says in the project, for an installed wheel
    elsewhere = _conf_source(sys.argv[1:])
    if elsewhere is None:
        _name_logging_file()
    # Kedro sets up logging when this is imported. Where it finds no file in the working directory, it announces its own
    # on standard output, in front of any answer for programs.
    logging.disable(logging.INFO)
    from kedro.framework.project import configure_project

    logging.disable(logging.NOTSET)
    if elsewhere is not None:
        _adopt_logging(elsewhere)
    configure_project("pulse_kedro")
    from kedro.framework.cli.project import run

    from pulse_kedro.cli import cli

    click.CommandCollection("pulse_kedro", sources=[click.Group("kedro", commands={"run": run}), cli])()


def _name_logging_file() -> None:
    """Let Kedro find the project's logging file from any folder: it looks into the working directory only."""
    path = (find_kedro_project(Path.cwd()) or Path.cwd()) / "conf" / "logging.yml"
    if path.exists():
        os.environ.setdefault("KEDRO_LOGGING_CONFIG", str(path))


def _conf_source(words: Sequence[str]) -> str | None:
    """What the command line names as configuration; logging starts before the command line is read."""
    for word, following in zip(words, [*words[1:], None], strict=True):
        name, equals, value = word.partition("=")
        if name == CONF_SOURCE:
            return value if equals else following
    return None


def _adopt_logging(conf_source: str) -> None:
    """Log as another configuration says; what is wrong with it is told by the command that reads it."""
    from pulse_kedro.adapters.logs import adopt_logging

    try:
        adopt_logging(conf_source)
    except OSError:
        logging.getLogger(__name__).debug("no logging settings in %s", conf_source, exc_info=True)


if __name__ == "__main__":
    main()
