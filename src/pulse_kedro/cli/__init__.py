"""The command line: group `pulse`, merged into `kedro` and served by `python -m pulse_kedro`.

`commands` parses and prints, `answers` gives each answer as plain data (what `--json` prints), `wording` says the same
to people. Heavy packages are imported inside the commands.
"""

from pulse_kedro.cli.commands import cli

__all__ = ["cli"]
