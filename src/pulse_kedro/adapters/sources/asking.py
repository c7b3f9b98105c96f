"""Asks one source and holds it to the protocol, so that nothing but a table, as known at `as_of`, comes back."""

import inspect
from dataclasses import replace

import pandas as pd

from pulse_kedro.adapters.sources.failing import told
from pulse_kedro.domain.data_management.fetching import Fetched, Request, Source, SourceMisbehaved, SourceUnreadable
from pulse_kedro.domain.data_management.narrowing import narrow
from pulse_kedro.domain.data_management.source import SourceOptions

ADVICE = "Correct its class as the how-to on sources shows."


async def ask(name: str, source: Source, request: Request, *, options: SourceOptions | None = None) -> Fetched:
    """What a source has for a request.

    Args:
        name: Name of the source.
        source: Where to ask. Its class is not trusted: an answer of the wrong type is a failure.
        request: What is wanted.
        options: Declaration of its columns, by which periods, series and moments are found.

    Returns:
        Rows inside the request; `facts` count those left out.

    Raises:
        SourceFailed: Whatever went wrong, in words without secrets.
    """
    with told(name, "a table"):  # a plugin may raise anything; the others must not suffer
        fetched = _checked(name, await _fetching(name, source)(request))
        narrowed = narrow(name, fetched.table, request, options)
    left_out = {"outside": narrowed.outside, "later": narrowed.later, "undated": narrowed.undated}
    counted = {key: value for key, value in left_out.items() if value}
    return replace(fetched, source=name, table=narrowed.table, facts={**fetched.facts, **counted})


def _fetching(name: str, source: Source):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """The method, once it is certain that calling it blocks nothing."""
    fetch = getattr(source, "fetch", None)
    if not inspect.iscoroutinefunction(fetch):
        kind = type(source).__qualname__
        raise SourceMisbehaved(name, f"{kind}.fetch, which is not asynchronous", "`async def fetch(request)`", ADVICE)
    return fetch


def _checked(name: str, answer: object) -> Fetched:
    expected = "`Fetched` with a data frame and an aware `fetched_at`"
    if not isinstance(answer, Fetched):
        raise SourceMisbehaved(name, f"{type(answer).__qualname__} from `fetch`", expected, ADVICE)
    if not isinstance(answer.table, pd.DataFrame):
        raise SourceMisbehaved(name, f"{type(answer.table).__qualname__} as table", expected, ADVICE)
    if not answer.table.columns.is_unique:
        twice = answer.table.columns[answer.table.columns.duplicated()][0]
        raise SourceUnreadable(
            name, f"column {twice!r} more than once", "a name for each column", "Rename one of them."
        )
    if answer.fetched_at.utcoffset() is None:
        raise SourceMisbehaved(name, "`fetched_at` without time zone", expected, ADVICE)
    return answer
