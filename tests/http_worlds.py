"""HTTP sources that wait for milliseconds, for tests against a server of this machine."""

import asyncio
from typing import Any

from pydantic import TypeAdapter

from misbehaving_server import Misbehaving
from pulse_kedro.adapters.sources.http_pages import HttpOptions, HttpSource
from pulse_kedro.adapters.sources.settings import Given
from pulse_kedro.domain.data_management.fetching import Fetched, Request

QUICK = {"backoff_s": 0.001, "read_timeout_s": 20, "connect_timeout_s": 20, "total_timeout_s": 60, "attempts": 3}
ROWS = [{"shop": "a", "month": f"2019-{month:02d}-01", "sales": month} for month in range(1, 8)]
CANARY = "canary-secret-42"


def source(server: Misbehaving, *, limits: dict[str, Any] | None = None, **options: Any) -> HttpSource:  # noqa: ANN401
    """A source that asks for `/rows` of a server, quick to lose patience."""
    credentials = options.pop("credentials", {})
    given = {"url": f"{server.url}/rows", **options, "limits": {**QUICK, **(limits or {})}}
    return HttpSource("iris", TypeAdapter(HttpOptions).validate_python(given), Given(credentials=credentials))


def fetch(found: HttpSource, **asked: Any) -> Fetched:  # noqa: ANN401
    """What the source has for a request."""
    return asyncio.run(found.fetch(Request(**asked)))
