"""How a service hands out its pages: which one comes next, and whether all rows came."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass as plain_dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.json_bodies import NotUnderstood, find
from pulse_kedro.adapters.sources.settings import STRICT

CHECK = "Check `paging` in its entry against what the service documents."


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Paging:
    """How a service hands out its pages."""

    kind: Literal["none", "page", "offset", "cursor", "next_link"] = "none"
    """`page`: numbered pages until an empty one. `offset`: rows to skip, until a page is empty. `cursor`: a text in the
    body that is sent back. `next_link`: an address in the body, or in the header `Link`."""
    parameter: str | None = None
    """Parameter of the address that carries number, offset or cursor."""
    first: int = Field(default=1, ge=0)
    """Number of the first page."""
    size_parameter: str | None = None
    """Parameter that carries `size`."""
    size: int | None = Field(default=None, ge=1)
    """Rows to ask for per page; a service may give fewer."""
    field: str | None = None
    """Place in the body, with dots, of the next cursor or link; nothing there ends the pages."""
    total: str | None = None
    """Place in the body of the number of all rows; then exactly as many must come."""

    @model_validator(mode="after")
    def _need_what_the_kind_needs(self) -> Self:
        missing = [name for name in self._needed() if getattr(self, name) is None]
        if missing:
            message = f"paging of kind {self.kind} needs {' and '.join(missing)}"
            raise ValueError(message)
        return self

    def _needed(self) -> tuple[str, ...]:
        by_kind = {"page": ("parameter",), "offset": ("parameter",), "cursor": ("parameter", "field")}
        return by_kind.get(self.kind, ()) + (("size",) if self.size_parameter else ())


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A page to ask for."""

    url: str
    query: Mapping[str, str]


class Pager:
    """Follows the pages of one fetch. Pages that come twice and rows that are missing are errors, never a shrug."""

    def __init__(self, paging: Paging, url: str, query: Mapping[str, str]) -> None:
        """Begin before the first page.

        Args:
            paging: How the service does it.
            url: Address of the first page.
            query: Parameters of every page.
        """
        size = {paging.size_parameter: str(paging.size)} if paging.size_parameter else {}
        self._paging, self._url, self._query = paging, url, {**query, **size}
        self._seen: set[bytes] = set()
        self._rows, self._number = 0, paging.first

    def first(self) -> Step:
        """The first page."""
        beginning = {"page": str(self._paging.first), "offset": "0"}.get(self._paging.kind)
        return self._ask(beginning)

    def turn(self, body: Any, header: str | None, rows: Sequence[object]) -> Step | None:  # noqa: ANN401  # any JSON
        """The page after one that came.

        Args:
            body: Content of the page.
            header: Address of the next page in the header `Link`.
            rows: Its rows.

        Returns:
            `None` after the last page.

        Raises:
            NotUnderstood: The page came before, a place in the body is missing, or fewer rows came than were announced.
        """
        self._require_new(rows)
        self._rows, self._number = self._rows + len(rows), self._number + 1
        total = self._total(body)
        following = None if total is not None and self._rows >= total else self._following(body, header, rows)
        if following is None and total is not None and self._rows != total:
            raise NotUnderstood(
                got=f"{self._rows} rows in all", expected=f"the {total} that {self._paging.total!r} says", advice=CHECK
            )
        return following

    def _following(self, body: Any, header: str | None, rows: Sequence[object]) -> Step | None:  # noqa: ANN401
        kind = self._paging.kind
        if kind in {"page", "offset"}:
            # An empty page ends it, not a short one: a service may give fewer rows per page than it was asked for.
            return self._ask(str(self._number if kind == "page" else self._rows)) if rows else None
        if kind == "cursor":
            cursor = self._pointer(body)
            return self._ask(cursor) if cursor else None
        if kind == "next_link":
            link = self._pointer(body) if self._paging.field else header
            return Step(url=link, query={}) if link else None
        return None

    def _pointer(self, body: Any) -> str | None:  # noqa: ANN401
        """Cursor or link in a body; on the last page its key may be absent, but not what should hold the key."""
        above, _, key = str(self._paging.field).rpartition(".")
        holder = find(body, above or None)
        found = holder.get(key) if isinstance(holder, Mapping) else None
        return None if found in (None, "") else str(found)

    def _ask(self, value: str | None) -> Step:
        carried = {} if value is None else {str(self._paging.parameter): value}
        return Step(url=self._url, query={**self._query, **carried})

    def _total(self, body: Any) -> int | None:  # noqa: ANN401
        if self._paging.total is None:
            return None
        total = find(body, self._paging.total)
        if not isinstance(total, int) or isinstance(total, bool):
            raise NotUnderstood(got=repr(total), expected=f"a whole number at {self._paging.total!r}", advice=CHECK)
        return total

    def _require_new(self, rows: Sequence[object]) -> None:
        digest = hashlib.sha256(json.dumps(rows, default=str).encode()).digest()
        if rows and digest in self._seen:
            raise NotUnderstood(
                got=f"page {len(self._seen) + 1} with the rows of an earlier one", expected="new rows", advice=CHECK
            )
        self._seen.add(digest)
