"""Turns any exception into one of the twelve faults, with a severity and the next step; it never raises."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.recovery.redaction import redact, redact_mapping
from pulse_kedro.domain.recovery.taxonomy import (
    BY_DATABASE,
    BY_ERRNO,
    BY_HTTP_STATUS,
    BY_TEXT,
    BY_TYPE,
    DETAIL_SEVERITY,
    NEXT_STEP,
    SEVERITY,
    UNKNOWN,
    Kind,
)

MESSAGE_LENGTH = 500
OWN_SENTENCE = re.compile(r"(?P<fact>.+? failed: got .+?, expected .+?\.) (?P<advice>[A-Z`].+)")
"""How our errors speak: what was asked failed, what came, what was expected; then, to the end, what to do."""
FINGERPRINT_FRAMES = 3
REPEATS_THAT_COUNT = 3
HIGHEST_SEVERITY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A classified failure: what it was, how bad it is, where it happened and what a person does next.

    `severity` runs from 1 (a note) to 5 (integrity hit); `error` is the class that names the kind; `fingerprint` is
    equal for failures of the same class at the same place; `message` and `context` hold no secrets.
    """

    code: str
    detail: str
    severity: int
    message: str
    next_step: str
    node: str
    error: str
    fingerprint: str
    context: Mapping[str, object] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """One line for a log: where, what, how bad, and the next step."""
        kind = f"{self.code} ({self.detail})" if self.detail else self.code
        where = f"`{self.node}` failed" if self.node else "The run failed"
        text = self.message.rstrip(".!?:; ") or self.error
        return f"{where} with {self.error}, {kind}, severity {self.severity}: {text}. Next: {self.next_step}"


def classify(
    error: BaseException,
    *,
    node: str = "",
    context: Mapping[str, object] | None = None,
    exposed: bool = False,
    repeats: int = 0,
) -> Fault:
    """The fault behind an exception.

    The evidence counts in this order, and within one kind of evidence the innermost cause decides: a `code` of our own
    errors, the most derived known type, `errno`, a code of a service or database, and last a pattern of whole words.
    Explicit causes are read before what merely was being handled. Of a group the most severe member decides.

    Args:
        error: What was raised.
        node: Name of the node that was running; empty outside nodes.
        context: What helps to repeat the failure; text in it is redacted. `doing` may name the dataset that was being
            loaded or saved.
        exposed: The failure happened while promoting or serving, which adds one to the severity.
        repeats: How often the same fingerprint was seen in the last hour, this time included.

    Returns:
        A fault; `unknown` when nothing is known about the error. The next step is the one the error itself names, else
        the one of its type. This function never raises.

    Source:
        Types and base severities: the error taxonomy of the operations design; order of evidence: ours, because
        matching text first mistakes `MemoryError()` for nothing and a missing file for a denied permission.

    Example:
        >>> fault = classify(FileNotFoundError(2, "No such file or directory", "us.csv"), node="metrics.decide")
        >>> fault.code, fault.severity
        ('storage.not_found', 3)
        >>> fault.sentence[:80]
        '`metrics.decide` failed with FileNotFoundError, storage.not_found, severity 3: ['
    """
    try:
        kind, cause = _decide(error)
    except Exception:  # noqa: BLE001  # whatever an exception object does when it is read, a fault must come back
        kind, cause = UNKNOWN, error
    message, advice = _parts(cause)
    return Fault(
        code=kind.code,
        detail=kind.detail,
        severity=severity(kind.code, kind.detail, exposed=exposed, repeats=repeats),
        message=_doing(cause, message, context) + message,
        next_step=advice or NEXT_STEP.get(kind.detail, NEXT_STEP[kind.code]),
        node=node,
        error=type(cause).__qualname__,
        fingerprint=_fingerprint(error, cause),
        context=redact_mapping(context or {}),
    )


def severity(code: str, detail: str = "", *, exposed: bool = False, repeats: int = 0) -> int:
    """How bad a fault is, from 1 to 5.

    Args:
        code: One of the twelve types.
        detail: What refines it; `integrity` is always 5, `interrupted` starts at 1.
        exposed: Adds one: it happened while promoting or serving.
        repeats: Adds one from the third identical failure within an hour.

    Returns:
        1 note, 2 degraded, 3 run lost, 4 data or state at risk, 5 serving or integrity hit.

    Source:
        Formula 4.9: clip(base + stage + repeat, 1, 5).

    Example:
        >>> severity("network.timeout"), severity("network.timeout", repeats=3), severity("unknown", "integrity")
        (2, 3, 5)
    """
    base = DETAIL_SEVERITY.get(detail, SEVERITY[code])
    return min(base + int(exposed) + int(repeats >= REPEATS_THAT_COUNT), HIGHEST_SEVERITY)


def _decide(error: BaseException) -> tuple[Kind, BaseException]:
    """What kind of fault it is, and the outermost exception that says the same: it knows most of the context."""
    for chain in (list(_chain(error, implicit=False)), list(_chain(error, implicit=True))):
        found = _strongest(chain)
        if found is not None:
            return found
    return UNKNOWN, error


def _strongest(chain: Sequence[BaseException]) -> tuple[Kind, BaseException] | None:
    group = next((link for link in chain if isinstance(link, BaseExceptionGroup)), None)
    if group is not None:
        return max(map(_decide, group.exceptions), key=lambda found: severity(found[0].code, found[0].detail))
    for evidence in EVIDENCE:
        kind = next((kind for kind in map(evidence, reversed(chain)) if kind is not None), None)
        if kind is not None:
            return kind, next(link for link in chain if kind in (show(link) for show in EVIDENCE))
    return None


def _chain(error: BaseException, *, implicit: bool) -> Iterator[BaseException]:
    """The error and what caused it, outermost first; `implicit` follows what was being handled, too."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        hidden = link.__suppress_context__ or not implicit
        link = link.__cause__ or (None if hidden else link.__context__)


def _own(error: BaseException) -> Kind | None:
    code = getattr(error, "code", None)
    if not isinstance(code, str) or code not in SEVERITY or code == UNKNOWN.code:
        return None
    detail = getattr(error, "detail", "")
    return Kind(code=code, detail=detail if isinstance(detail, str) else "")


def _by_type(error: BaseException) -> Kind | None:
    for cls in type(error).__mro__:
        kind = BY_TYPE.get(f"{cls.__module__}.{cls.__qualname__}")
        if kind is not None:
            return kind
    return None


def _by_errno(error: BaseException) -> Kind | None:
    return BY_ERRNO.get(error.errno) if isinstance(error, OSError) and error.errno is not None else None


def _by_service(error: BaseException) -> Kind | None:
    """Kind named by an HTTP status or a database code that the error carries."""
    response = getattr(error, "response", None)
    for status in (getattr(error, "status_code", None), getattr(response, "status_code", None)):
        if isinstance(status, int) and status in BY_HTTP_STATUS:
            return BY_HTTP_STATUS[status]
    name = getattr(error, "sqlite_errorname", None)
    if isinstance(name, str):
        return BY_DATABASE.get("_".join(name.split("_")[:2]))
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return BY_DATABASE.get(state, BY_DATABASE.get(state[:2])) if isinstance(state, str) else None


def _by_text(error: BaseException) -> Kind | None:
    text = str(error)
    return next((kind for pattern, kind in BY_TEXT if pattern.search(text)), None)


EVIDENCE: tuple[Callable[[BaseException], Kind | None], ...] = (_own, _by_type, _by_errno, _by_service, _by_text)


def _parts(error: BaseException) -> tuple[str, str]:
    """What an error says in one line, and the next step, where it ends with one as our own errors do."""
    try:
        text = redact(" ".join(str(error).split()))
    except Exception:  # noqa: BLE001  # the text of a broken exception is not worth a second failure
        text = ""
    own = OWN_SENTENCE.fullmatch(text)
    return (own["fact"], own["advice"]) if own else (text[:MESSAGE_LENGTH], "")


def _doing(error: BaseException, message: str, context: Mapping[str, object] | None) -> str:
    """Which dataset was being loaded or saved, in front of the words of a library that knows no datasets."""
    doing, _, dataset = str((context or {}).get("doing", "")).partition(" ")
    told = isinstance(error, PulseError) or doing not in {"loading", "saving"} or dataset in message
    return "" if told else f"{doing} {dataset}: "


def _fingerprint(error: BaseException, cause: BaseException) -> str:
    """Short digest of the class and the innermost frames, without line numbers."""
    frames = list(_frames(cause.__traceback__ or error.__traceback__))[-FINGERPRINT_FRAMES:]
    return hashlib.sha256(repr((type(cause).__qualname__, frames)).encode()).hexdigest()[:16]


def _frames(traceback: TracebackType | None) -> Iterator[tuple[str, str]]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield code.co_filename.rpartition("/")[2], code.co_name
        traceback = traceback.tb_next
