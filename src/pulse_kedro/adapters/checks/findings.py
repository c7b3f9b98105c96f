"""What a check says: how bad it is, what was found, and what to do."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    `failure` says that a run or a reader would fail, `warning` that something is not as it should be and nothing fails
    for it. `next_step` is empty when nothing is to be done.
    """

    name: str
    level: Level
    found: str
    next_step: str = ""


def ok(name: str, found: str, next_step: str = "") -> Finding:
    """Something is as it should be."""
    return Finding(name=name, level="ok", found=found, next_step=next_step)


def warning(name: str, found: str, next_step: str) -> Finding:
    """Something is not as it should be, and nothing fails for it."""
    return Finding(name=name, level="warning", found=found, next_step=next_step)


def failure(name: str, found: str, next_step: str) -> Finding:
    """Something makes runs or readers fail."""
    return Finding(name=name, level="failure", found=found, next_step=next_step)
