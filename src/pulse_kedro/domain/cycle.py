"""The identity of one cycle: what it knows, what it builds on, and the key under which it is kept."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

LABEL = 12
"""Hexadecimal digits of a recipe digest that name it in frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Where in time a cycle stands and which committed cycles it may build on.

    `as_of` is the newest period start the cycle knows; `ancestors` holds keys of committed cycles, the parent first.
    `known_at` (UTC) is the moment whose knowledge counts; `None` means when the values of `as_of` were published.
    `serving` is the digest of the bundle that a person put in charge in place of the parent's.
    """

    as_of: pd.Timestamp
    first_target: pd.Timestamp
    frequency: str
    ancestors: tuple[str, ...]
    known_at: pd.Timestamp | None = None
    serving: str | None = None

    @property
    def parent(self) -> str | None:
        """Key of the cycle this one builds on; `None` for the first."""
        return self.ancestors[0] if self.ancestors else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle, identified by everything that determines its result."""

    key: str
    period: Period
    snapshot: str
    recipe: str
    code_version: str


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON form of a value, 64 hexadecimal digits.

    Example:
        >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
        True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def identify(period: Period, *, snapshot: str, recipe: str, code_version: str) -> Cycle:
    """Cycle with its key: the hash of as_of, parent, what serves in its place, snapshot, recipe and code version.

    Args:
        period: Where the cycle stands.
        snapshot: Content hash of the rows it knows.
        recipe: Digest of the configured recipe.
        code_version: Version and digest of the code that runs.

    Returns:
        A cycle whose key starts with `c`, so that no parser takes it for a number.
    """
    parts: Mapping[str, object] = {
        "as_of": period.as_of.isoformat(),
        "parent": period.parent,
        "snapshot": snapshot,
        "recipe": recipe,
        "code": code_version,
    }
    if period.serving is not None:  # only then, so that keys without an override stay what they were
        parts = {**parts, "serving": period.serving}
    key = "c" + digest(parts)[:15]
    return Cycle(key=key, period=period, snapshot=snapshot, recipe=recipe, code_version=code_version)
