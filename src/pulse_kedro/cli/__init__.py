"""The command line: group `pulse`, merged into `kedro` and served by `python -m pulse_kedro`.

`door` holds the groups, the options and how failures are told; each further module holds the commands of one subject
(`state`: where things stand now, `init_data`: a source of one's own). `answers` and `own_data` give answers as plain
data (what `--json` prints), `wording` and `own_data_wording` say the same to people. Heavy packages are imported inside
the commands.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do.
"""

from pulse_kedro.cli import init_data, state
from pulse_kedro.cli.door import cli

__all__ = ["cli", "init_data", "state"]
