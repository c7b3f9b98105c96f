"""Print the `as_of` of the next cycle: the first period in the source after the newest committed cycle.

Usage: python scripts/next_as_of.py. Exit code 3, with a sentence on standard error, when there is nothing to do.
"""

import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

NOTHING_TO_DO = 3


def newest_cycle() -> str | None:
    """Date of the newest committed cycle as `pulse status` knows it, or `None` before the first one."""
    command = [sys.executable, "-m", "pulse_kedro", "pulse", "status", "--json"]
    answer = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 our own command
    if answer.returncode not in {0, NOTHING_TO_DO}:
        sys.exit(answer.returncode)
    as_of: str | None = json.loads(answer.stdout or "{}").get("as_of")
    return as_of


def next_period(after: str) -> str | None:
    """First period start in the configured source later than a date, or `None` when the data ends there."""
    os.environ["PULSE_TRACKING"] = "off"  # nothing runs here, so nothing is tracked
    import pandas as pd
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    project = Path.cwd()
    bootstrap_project(project)
    # What Kedro logs goes to standard output, where only the answer belongs.
    with redirect_stdout(sys.stderr), KedroSession.create(project_path=project) as session:
        periods = pd.to_datetime(session.load_context().catalog.load("us_employment")["ds"])
    later = periods[periods > pd.Timestamp(after)]
    return None if later.empty else later.min().date().isoformat()


def main() -> None:
    """Say when, or say why not."""
    newest = newest_cycle()
    if newest is None:
        print("No cycle has been committed yet: `make run` makes the first one.", file=sys.stderr)
        sys.exit(NOTHING_TO_DO)
    following = next_period(newest)
    if following is None:
        message = f"The newest cycle ({newest[:10]}) already knows the last period in the data: nothing to do."
        print(message, file=sys.stderr)
        sys.exit(NOTHING_TO_DO)
    print(following)


if __name__ == "__main__":
    main()
