"""Places where a test, or a person who rehearses a crash, lets the process fail on purpose.

`PULSE_FAILPOINTS` names them: `commit.after_cas=kill`, `promote.before_cas=raise:OSError:28`,
`projection.start=sleep:5`, several separated by `;`. `hit:3,kill` acts at the third passing only. Without the variable
a point costs one look-up.
"""

import os
import signal
import time
from collections.abc import Mapping
from typing import Final

from pulse_kedro.domain.errors import InvalidConfiguration, nearest

VARIABLE = "PULSE_FAILPOINTS"
POINTS: Final[Mapping[str, str]] = {
    "commit.begin": "inside the transaction of a cycle, before anything is written",
    "commit.before_cas": "all rows of a cycle are written, the champion row is not moved",
    "commit.after_cas": "the champion row is moved and its transition written, nothing is committed",
    "commit.done": "the cycle is committed, nobody was told",
    "promote.verified": "the bundle is verified, no transaction is open",
    "promote.before_cas": "inside the transaction, before the champion row is moved",
    "promote.after_cas": "the champion row is moved and its transition written, nothing is committed",
    "promote.done": "the promotion is committed, nobody was told",
    "rollback.verified": "the bundle is verified, no transaction is open",
    "rollback.before_cas": "inside the transaction, before the champion row is moved",
    "rollback.after_cas": "the champion row is moved and its transition written, nothing is committed",
    "rollback.done": "the rollback is committed, nobody was told",
    "projection.start": "before MLflow is told who serves",
    "projection.done": "after MLflow was told who serves",
}
"""Every point there is; a test passes each one, and the sweep kills a process at each."""
_ERRORS: Final[Mapping[str, type[Exception]]] = {"OSError": OSError, "RuntimeError": RuntimeError}
_passed: dict[str, int] = {}


class UnknownFailpoint(InvalidConfiguration):
    """`PULSE_FAILPOINTS` asks for something that does not exist."""

    def __init__(self, given: str, known: tuple[str, ...]) -> None:
        """Keep what was asked for and what there is."""
        super().__init__(given, known)
        self.given, self.known = given, known

    def __str__(self) -> str:
        """Say how a failpoint is written."""
        return (
            f"Reading {VARIABLE} failed: got {self.given!r}, expected `point=kill`, `point=raise:OSError:28` or "
            "`point=sleep:5`, where `hit:3,` before the action waits for the third passing. Unset the variable to run "
            f"without.{nearest(self.given, self.known)}"
        )


def failpoint(name: str) -> None:
    """Fail here when `PULSE_FAILPOINTS` says so.

    Args:
        name: One of `POINTS`.

    Raises:
        UnknownFailpoint: The variable names a point or an action that does not exist.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return
    wanted = _parse(given)
    if name in wanted:
        _passed[name] = _passed.get(name, 0) + 1
        _act(wanted[name], _passed[name])


def _parse(given: str) -> dict[str, str]:
    pairs = [part.strip().partition("=") for part in given.split(";") if part.strip()]
    for name, _, _ in pairs:
        if name not in POINTS:
            raise UnknownFailpoint(name, tuple(POINTS))
    return {name: action for name, _, action in pairs}


def _act(action: str, passed: int) -> None:
    hit, comma, rest = action.partition(",")
    if comma:
        number = hit.removeprefix("hit:")
        if not number.isdigit():
            raise UnknownFailpoint(action, tuple(POINTS))
        action = rest if passed == int(number) else ""
    match action.split(":"):
        case [""] if comma:
            return
        case ["kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["raise", error, number] if error in _ERRORS and number.isdigit():
            raise _ERRORS[error](int(number), "on purpose")
        case ["sleep", seconds] if seconds.replace(".", "", 1).isdigit():
            time.sleep(float(seconds))
        case _:
            raise UnknownFailpoint(action, tuple(POINTS))
