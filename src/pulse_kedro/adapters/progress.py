"""One bar per run with the current step; silent where nobody watches."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

BAR_WIDTH = 20
"""Cells: with the longest step name, all of it fits a terminal of 80 columns and the bar keeps its length."""


class StepBar:
    """Shows which of a known number of steps is running; log lines appear above it."""

    def __init__(self, total: int) -> None:
        """Begin to show, on a terminal only."""
        self._total = total
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        if sys.stderr.isatty() and sys.stdout.isatty():
            self._start()

    def _start(self) -> None:
        from rich import get_console  # the console of Kedro's log handler, so that lines and bar do not mix
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (BarColumn(BAR_WIDTH), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=get_console(), transient=True)
        self._task = self._progress.add_task("", total=self._total)
        self._progress.start()

    def step(self, name: str) -> None:
        """Say what runs now."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=name)

    def begin(self, name: str) -> None:
        """Say what runs now; what ran before is done."""
        if self._progress is not None and self._task is not None and self._progress.tasks[self._task].description:
            self.advance()
        self.step(name)

    def advance(self) -> None:
        """One step more is done."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task)

    def stop(self) -> None:
        """Take the bar away; stopping twice does no harm."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
