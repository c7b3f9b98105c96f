"""GET over HTTP, patiently and within limits: time, size, number and pace of requests; no secret leaves it by a log.

Transient failures are tried again with exponential back-off and jitter, or after as long as the server asks for.
A redirect or a next page on another host is refused: it would carry the credentials there.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass as plain_dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.failing import SHOWN, address, as_failure, hide
from pulse_kedro.adapters.sources.json_bodies import LOOKED_AT
from pulse_kedro.adapters.sources.settings import STRICT
from pulse_kedro.domain.data_management.fetching import (
    SourceDenied,
    SourceFailed,
    SourceNotFound,
    SourceTimedOut,
    SourceTooLarge,
    SourceUnreadable,
)

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

OK, REDIRECTS = 200, (301, 302, 303, 307, 308)
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
"""Answers that may be another one soon."""
DENIED, ABSENT = (401, 403, 407), (404, 410)
MAX_REDIRECTS = 3


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Limits:
    """How long, how often and how much a source behind HTTP may be asked. All defaults are ours."""

    connect_timeout_s: float = Field(default=5, gt=0)
    """Seconds until the connection stands."""
    read_timeout_s: float = Field(default=60, gt=0)
    """Seconds without a byte."""
    total_timeout_s: float = Field(default=300, gt=0)
    """Seconds for one fetch, all pages and tries together."""
    attempts: int = Field(default=5, ge=1, le=20)
    """Tries of one request, the first included."""
    backoff_s: float = Field(default=0.5, gt=0)
    """Longest wait before the second try; it doubles from try to try, and a random part of it is waited."""
    max_wait_s: float = Field(default=60, gt=0)
    """Longest wait before a try; a server that asks for a longer one is given up."""
    requests_per_minute: float | None = Field(default=None, gt=0)
    """Pace that is not exceeded; `null` does not hold back."""
    max_pages: int = Field(default=1000, ge=1)
    """Pages beyond which the source is refused rather than cut off."""
    max_bytes: int = Field(default=100 * 2**20, ge=1)
    """Bytes of all pages, unpacked, beyond which the source is refused."""


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good answer: its body, its content type, and the address of the next page where a header names one."""

    body: bytes
    content_type: str
    next_page: str | None


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A failure that may be over soon, and how long the server asks to wait, in seconds."""

    failure: SourceFailed
    wait_s: float | None = None


class Client:
    """Asks one server for one fetch; made by `connected`."""

    def __init__(self, name: str, client: "httpx.AsyncClient", limits: Limits, secrets: Sequence[str]) -> None:
        """Keep the connection and the limits, nothing used up yet."""
        self._name, self._client, self._limits, self._secrets = name, client, limits, secrets
        self._bytes = self._pages = 0
        self._free_at = 0.0

    async def get(self, url: str, query: Mapping[str, str]) -> Answer:
        """One page.

        Args:
            url: Address without what `query` adds.
            query: Parameters of the address.

        Raises:
            SourceFailed: It did not come, with the last reason.
        """
        from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt

        self._pages += 1
        if self._pages > self._limits.max_pages:
            advice = "Is the paging configured as the service means it? Else raise `limits.max_pages` or ask for less."
            raise self._failed(SourceTooLarge, f"more than {self._limits.max_pages} pages", "fewer", advice)
        trying = AsyncRetrying(
            stop=stop_after_attempt(self._limits.attempts),
            wait=self._wait,
            retry=retry_if_result(lambda outcome: isinstance(outcome, Again)),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        outcome: Answer | Again = await trying(self._try, url, query)
        if isinstance(outcome, Again):
            raise outcome.failure
        return outcome

    def clean(self, text: str) -> str:
        """A text without secrets."""
        return hide(text, self._secrets)

    def failed(self, got: str, expected: str, advice: str) -> SourceFailed:
        """An answer that cannot be read, in words without secrets."""
        return self._failed(SourceUnreadable, got, expected, advice)

    def require_same_host(self, before: str, after: str) -> str:
        """The address that an answer leads to, where it is on the same server.

        Args:
            before: Address that was asked.
            after: Address or relative reference that the answer names.

        Raises:
            SourceFailed: It is another scheme, host or port.
        """
        import httpx

        first, then = httpx.URL(before), httpx.URL(before).join(after)
        if (first.scheme, first.host, first.port) != (then.scheme, then.host, then.port):
            advice = "Name the final address in `url` if you trust it; credentials are not sent on."
            raise self._failed(SourceUnreadable, f"a way to {address(str(then))}", f"to stay on {first.host}", advice)
        return str(then)

    async def _try(self, url: str, query: Mapping[str, str]) -> "Answer | Again":
        import httpx

        await self._hold_back()
        target, parameters = url, dict(query)
        try:
            for _ in range(MAX_REDIRECTS + 1):
                merged = httpx.URL(target).copy_merge_params(parameters)
                async with self._client.stream("GET", merged) as response:
                    if response.status_code not in REDIRECTS:
                        return await self._read(response, url)
                    target = self.require_same_host(str(merged), response.headers.get("location", ""))
                    parameters = {}
        except httpx.TimeoutException as error:
            got, advice = f"{type(error).__name__} from {address(url)}", "Ask again later, or raise its timeout."
            return Again(failure=self._failed(SourceTimedOut, got, "an answer in time", advice))
        except httpx.TransportError as error:
            return Again(failure=as_failure(self._name, error, f"an answer from {address(url)}", self._secrets))
        advice = "Name the final address in `url`."
        raise self._failed(SourceUnreadable, f"more than {MAX_REDIRECTS} redirects", "an answer", advice)

    async def _read(self, response: "httpx.Response", url: str) -> "Answer | Again":
        body = await self._body(response)
        if response.status_code == OK:
            link = response.links.get("next", {}).get("url")
            return Answer(body=body, content_type=response.headers.get("content-type", ""), next_page=link)
        said = " ".join(self.clean(body[:LOOKED_AT].decode("utf-8", "replace"))[:SHOWN].split())
        got = f"HTTP {response.status_code} from {address(url)}" + (f" ({said})" if said else "")
        expected = "HTTP 200"
        if response.status_code in TRANSIENT:
            wait_s = _retry_after(response.headers.get("retry-after"))
            if wait_s is not None and wait_s > self._limits.max_wait_s:
                advice = f"It asks to wait {wait_s:.0f} s: ask again then, or raise `limits.max_wait_s`."
                raise self._failed(SourceFailed, got, expected, advice)
            kind = SourceTimedOut if response.status_code in {408, 504} else SourceFailed
            return Again(failure=self._failed(kind, got, expected, "Ask again later."), wait_s=wait_s)
        if response.status_code in DENIED:
            raise self._failed(SourceDenied, got, expected, "Check the credentials that its entry names.")
        if response.status_code in ABSENT:
            raise self._failed(SourceNotFound, got, expected, "Correct `url` in its entry.")
        raise self._failed(SourceUnreadable, got, expected, "Correct what its entry asks for.")

    async def _body(self, response: "httpx.Response") -> bytes:
        parts = []
        async for part in response.aiter_bytes():
            self._bytes += len(part)
            if self._bytes > self._limits.max_bytes:
                advice = "Ask for less, or raise `limits.max_bytes`."
                got = f"more than {self._limits.max_bytes} bytes"
                raise self._failed(SourceTooLarge, got, "fewer", advice)
            parts.append(part)
        return b"".join(parts)

    async def _hold_back(self) -> None:
        """Wait until the pace allows another request."""
        if self._limits.requests_per_minute is None:
            return
        now = time.monotonic()
        begin = max(now, self._free_at)
        self._free_at = begin + 60 / self._limits.requests_per_minute
        await asyncio.sleep(begin - now)

    def _wait(self, state: "RetryCallState") -> float:
        from tenacity import wait_random_exponential

        outcome = state.outcome and state.outcome.result()
        if isinstance(outcome, Again) and outcome.wait_s is not None:
            return outcome.wait_s
        return wait_random_exponential(multiplier=self._limits.backoff_s, max=self._limits.max_wait_s)(state)

    def _failed(self, kind: type[SourceFailed], got: str, expected: str, advice: str) -> SourceFailed:
        return kind(self._name, hide(got, self._secrets), expected, advice)


@asynccontextmanager
async def connected(
    name: str, limits: Limits, secrets: Sequence[str], *, headers: Mapping[str, str], login: tuple[str, str] | None
) -> AsyncIterator[Client]:
    """A client for one fetch, closed afterwards; the whole fetch has `limits.total_timeout_s`.

    Args:
        name: Name of the source.
        limits: What it may use up.
        secrets: Texts that no message may show.
        headers: Sent with every request.
        login: User and password, where the server wants them.

    Raises:
        SourceTimedOut: The fetch took too long as a whole.
    """
    import httpx

    _silence()
    waits = httpx.Timeout(limits.read_timeout_s, connect=limits.connect_timeout_s)
    sent = {"user-agent": "pulse_kedro", "accept": "application/json", **headers}
    try:
        async with (
            asyncio.timeout(limits.total_timeout_s),
            httpx.AsyncClient(timeout=waits, headers=sent, auth=login, verify=_trusted()) as client,
        ):
            yield Client(name, client, limits, secrets)
    except TimeoutError as error:
        advice = "Ask for less, or raise `limits.total_timeout_s`."
        got = f"no end after {limits.total_timeout_s:g} s"
        raise SourceTimedOut(name, got, "all pages in time", advice) from error


@cache
def _trusted() -> ssl.SSLContext:
    """Authorities that are trusted; reading them takes longer than a small answer, so they are read once."""
    import httpx

    return httpx.create_ssl_context()


def _silence() -> None:
    """Keep addresses out of the log: httpx logs each one with its query, in which an API key may stand."""
    for library in ("httpx", "httpcore"):
        logger = logging.getLogger(library)
        if logger.getEffectiveLevel() < logging.WARNING:
            logger.setLevel(logging.WARNING)


def _retry_after(value: str | None) -> float | None:
    """Seconds that a header asks to wait, from now; `None` where it cannot be read."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
