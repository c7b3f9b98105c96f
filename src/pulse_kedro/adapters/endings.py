"""How a failed run leaves the process: one line where the error explains itself, else a traceback."""

import logging
import sys
from types import TracebackType

import click
from kedro.io import DatasetError

from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.recovery.faults import Fault
from pulse_kedro.domain.recovery.redaction import redact
from pulse_kedro.domain.recovery.taxonomy import UNKNOWN

logger = logging.getLogger(__name__)


def spare_the_traceback(error: Exception, fault: Fault) -> None:
    """Let the process end with one line where the error explains itself; a debug log keeps the whole."""
    line = _explain(error, fault)
    if not line:
        return
    logger.debug("traceback of the failure", exc_info=error)
    otherwise = sys.excepthook

    def show(kind: type[BaseException], value: BaseException, traceback: TracebackType | None) -> None:
        if value is error:
            click.echo(redact(line), err=True)
        else:
            otherwise(kind, value, traceback)

    sys.excepthook = show


def _explain(error: Exception, fault: Fault) -> str:
    """The sentence of our own error, also where Kedro wrapped it, or of a known failure outside the code of nodes."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, PulseError):
        cause = cause.__cause__
    if cause is not None:
        return f"{type(cause).__name__}: {cause}"
    outside = isinstance(error, DatasetError) or not fault.node
    return fault.sentence if outside and fault.code != UNKNOWN.code else ""
