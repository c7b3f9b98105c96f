"""Whatever goes wrong in a source, as a failure of that source in words that hold no secrets."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus, urlsplit

from pulse_kedro.domain.data_management.fetching import FAILURES, SourceFailed
from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.recovery.faults import classify
from pulse_kedro.domain.recovery.redaction import HIDDEN, redact
from pulse_kedro.domain.recovery.taxonomy import NEXT_STEP, UNKNOWN

SHOWN = 300
"""Characters of a foreign message that people see."""
SHORTEST_SECRET = 4
"""Shorter texts are not searched for: hiding every `1` would hide what the message says."""


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without the given secrets, however they are spelled in a URL, and without anything shaped like one.

    Args:
        text: What a person will read.
        secrets: Values of credentials.

    Example:
        >>> hide("GET /data?key=a%2Fb+c failed", ["a/b c"])
        'GET /data?key=*** failed'
    """
    spellings = {form for secret in secrets for form in _spellings(secret)}
    for secret in sorted(spellings, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return redact(text)


def _spellings(secret: str) -> tuple[str, ...]:
    """A secret as it is, in a URL, in JSON and in Python's own words."""
    return secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]


def address(url: str) -> str:
    """A URL for people: without user, password, query and fragment.

    Example:
        >>> address("https://me:hunter2@example.org:8443/v1/rows?api_key=canary#x")
        'https://example.org:8443/v1/rows'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def as_failure(
    source: str, error: BaseException, expected: str, secrets: Iterable[str] = (), *, advice: str = ""
) -> SourceFailed:
    """The failure behind any exception.

    Args:
        source: Name of the source.
        error: What was raised.
        expected: What should have come.
        secrets: Values of credentials, which the message of a library may repeat.
        advice: Next step where the kind of the fault tells none.

    Returns:
        The error itself where it is a failure already; else the one of its fault, with the first words of the message.
    """
    if isinstance(error, SourceFailed):
        return error
    fault = classify(error)
    kind = FAILURES.get(fault.code, SourceFailed)
    if isinstance(error, PulseError):
        return kind(source, fault.message.rstrip("."), expected, fault.next_step)
    # What SQLAlchemy says repeats the statement; the driver says what is wrong with it.
    words = " ".join(hide(str(getattr(error, "orig", None) or error), secrets).split())
    got = f"{type(error).__qualname__}: {words[:SHOWN]}".rstrip(" .:")
    step = advice if advice and fault.code == UNKNOWN.code else NEXT_STEP.get(fault.detail, NEXT_STEP[fault.code])
    return kind(source, got, expected, step)


@contextmanager
def told(source: str, expected: str, secrets: Iterable[str] = (), *, advice: str = "") -> Iterator[None]:
    """Let nothing out of a block but failures of the source.

    Args:
        source: Name of the source.
        expected: What should come of the block.
        secrets: Values of credentials.
        advice: Next step where the kind of the fault tells none.

    Raises:
        SourceFailed: Whatever was raised in the block, as one.
    """
    try:
        yield
    except SourceFailed:
        raise
    except Exception as error:
        raise as_failure(source, error, expected, secrets, advice=advice) from error
