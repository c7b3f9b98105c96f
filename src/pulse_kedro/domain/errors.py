"""The families of errors; each class carries a fault code and owns its sentence.

A concrete error lives here when more than one room raises it, else beside the function that raises it. The sentence
has the form `<what was asked> failed: got <value>, expected <rule>. <next step>`.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import ClassVar


class PulseError(Exception):
    """Something this project refuses to do, with the reason and the next step."""

    code: ClassVar[str] = "unknown"


class InvalidInput(PulseError):
    """What came in cannot be used as it is."""

    code: ClassVar[str] = "data.invalid_input"


class SchemaMismatch(PulseError):
    """A table lacks a column, or a column has another meaning than declared."""

    code: ClassVar[str] = "data.schema_mismatch"


class InvalidConfiguration(PulseError):
    """A setting contradicts another setting or the data."""

    code: ClassVar[str] = "model.initialization_failed"


class CorruptArtifact(PulseError):
    """A stored file differs from what its manifest says."""

    code: ClassVar[str] = "storage.not_found"
    detail: ClassVar[str] = "corrupt"


def nearest(name: str, known: Sequence[str]) -> str:
    """Sentence that names the closest known spelling, or an empty string.

    Args:
        name: What was asked for.
        known: What would have been right.

    Returns:
        ` Did you mean 'x'?` with a leading space, or `""` when nothing is close.

    Example:
        >>> nearest("as_off", ["as_of", "recipe"])
        " Did you mean 'as_of'?"
    """
    near = get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
