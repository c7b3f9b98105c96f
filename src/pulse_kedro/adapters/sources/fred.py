"""Observations of FRED and ALFRED, with every vintage: what was known when, not what is known today.

Asked without real-time periods, FRED gives today's revised values and says that they are of today. Asked for the
real-time period of a past day alone, it says that values became known on that day. So all vintages up to a day are
asked for, and each value has the first day on which it stood in the archive.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal

import pandas as pd
from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.failing import address
from pulse_kedro.adapters.sources.http_client import Client, Limits, connected
from pulse_kedro.adapters.sources.json_bodies import NotUnderstood, parse, records
from pulse_kedro.adapters.sources.paging import Pager, Paging, Step
from pulse_kedro.adapters.sources.settings import STRICT, Given, Kind
from pulse_kedro.domain.data_management.fetching import JSON, Fetched, Request
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TARGET, TIME

ADDRESS = "https://api.stlouisfed.org/fred/series/observations"
ZONE = "America/Chicago"
"""Where the days of FRED begin and end."""
FIRST_DAY, LAST_DAY = "1776-07-04", "9999-12-31"
"""Earliest and latest real-time day that FRED knows, as its documentation of `realtime_start` says."""
PAGE = 100_000
"""Most observations that FRED gives at once."""
PACE = 110
"""Requests per minute; FRED allows 120."""
MISSING = "."
"""What FRED writes where there is no value."""
NEW_AND_REVISED, INITIAL = 3, 4
COLUMNS = (ID, TIME, TARGET, AVAILABLE_AT, "realtime_start", "realtime_end")


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class FredOptions:
    """Series of FRED with their vintages; the key of the API is `api_key` in the credentials."""

    series: tuple[str, ...] = Field(min_length=1)
    """Ids of the series, such as UNRATE."""
    output_type: Literal[1, 2, 3, 4] = 1
    """1: each value with the days on which it stood. 2: every value of every vintage. 3: new and revised values of each
    vintage. 4: first releases only."""
    units: str = "lin"
    """How FRED transforms the values; `lin` leaves them as they are."""
    url: str = ADDRESS
    """Address of the observations."""
    page_rows: int = Field(default=PAGE, ge=1, le=PAGE)
    """Observations per page."""
    limits: Limits = Field(default_factory=Limits)
    """How long, how often and how much may be asked; 110 requests per minute unless another pace is set."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class FredCredentials:
    """What FRED wants to see."""

    api_key: str = Field(pattern=r"^[0-9A-Za-z]+$")
    """Key of the API, of one's own account."""


class FredSource:
    """Reads one series after the other."""

    def __init__(self, name: str, options: FredOptions, given: Given) -> None:
        """Keep the series and how to ask; nothing is sent.

        Raises:
            ValidationError: The credentials hold no key.
        """
        self._name, self._options, self._given = name, options, given
        self._key = TypeAdapter(FredCredentials).validate_python(dict(given.credentials)).api_key

    async def fetch(self, request: Request) -> Fetched:
        """Every vintage of the series, as text where FRED gives text.

        A value has `available_at`: the end, in St. Louis, of the day on which it appeared, since FRED does not tell the
        hour. A value older than the archive has the first day of the archive. Where FRED has no value, `y` is missing.
        """
        options = self._options
        wanted = [name for name in options.series if not request.variables or name in request.variables]
        parts: list[pd.DataFrame] = []
        pages = 0
        limits = replace(options.limits, requests_per_minute=options.limits.requests_per_minute or PACE)
        async with connected(self._name, limits, self._given.secrets, headers={}, login=None) as client:
            for series in wanted:
                async for part in self._pages(client, series, self._query(series, request)):
                    parts.append(part)
                    pages += 1
                    if request.enough is not None:
                        break  # one page of each series shows that it answers
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
        facts: dict[str, JSON] = {
            "location": address(options.url),
            "pages": pages,
            "series": len(wanted),
            "rows": len(table),
        }
        return Fetched(table=table, source=self._name, fetched_at=self._given.now(), facts=facts)

    def _query(self, series: str, request: Request) -> dict[str, str]:
        asked = {
            "series_id": series,
            "api_key": self._key,
            "file_type": "json",
            "units": self._options.units,
            "output_type": str(self._options.output_type),
            "sort_order": "asc",
            "realtime_start": FIRST_DAY,
            "realtime_end": LAST_DAY if request.as_of is None else last_whole_day(request.as_of).isoformat(),
            "limit": str(min(self._options.page_rows, request.enough or PAGE)),
        }
        if request.start is not None:
            asked["observation_start"] = request.start.date().isoformat()
        if request.end is not None:
            asked["observation_end"] = request.end.date().isoformat()
        return asked

    async def _pages(self, client: Client, series: str, query: Mapping[str, str]) -> AsyncIterator[pd.DataFrame]:
        """The observations of each page of a series."""
        pager = Pager(Paging(kind="offset", parameter="offset", total="count"), self._options.url, query)
        step: Step | None = pager.first()
        while step is not None:
            answer = await client.get(step.url, step.query)
            try:
                body = parse(answer.body, answer.content_type, client.clean)
                rows = records(body, "observations")
                part = tidy(series, rows, self._options.output_type)
                step = pager.turn(body, None, rows)
            except NotUnderstood as error:
                raise client.failed(error.got, error.expected, error.advice) from error
            yield part


def last_whole_day(as_of: pd.Timestamp) -> date:
    """The newest day that had ended in St. Louis at a moment.

    Example:
        >>> last_whole_day(pd.Timestamp("2019-05-03T12:30", tz="UTC")).isoformat()
        '2019-05-02'
    """
    local: date = as_of.tz_convert(ZONE).date()
    return local - timedelta(days=1)


def tidy(series: str, rows: Sequence[Mapping[str, Any]], output_type: int) -> pd.DataFrame:
    """Observations of one series as a long table.

    Args:
        series: Its id.
        rows: As FRED gives them. Types 1 and 4 have `realtime_start`, `realtime_end`, `date` and `value`; types 2 and 3
            have `date` and a column `ID_YYYYMMDD` for each vintage.
        output_type: Which of them it is.

    Returns:
        `unique_id`, `ds` (text), `y` (text, missing where FRED has no value), `available_at` (UTC), `realtime_start`
        and `realtime_end` (text; the latter missing for types 2 and 3).

    Raises:
        NotUnderstood: A row has other fields.

    Source:
        Documentation of fred/series/observations, `output_type`.
    """
    wide = output_type not in {1, INITIAL}
    cells = [cell for row in rows for cell in (_vintages(series, row) if wide else [_period(row)])]
    table = pd.DataFrame(cells, columns=[TIME, TARGET, "realtime_start", "realtime_end"], dtype=object)
    if output_type == 2:  # noqa: PLR2004  # the type's own number
        table = table[table[TARGET].notna()].reset_index(drop=True)  # a period that a vintage did not know yet
    appeared = pd.to_datetime(table["realtime_start"], format="%Y-%m-%d") + pd.Timedelta(days=1)
    table[AVAILABLE_AT] = appeared.dt.tz_localize(ZONE).dt.tz_convert("UTC")
    return table.assign(**{ID: series})[list(COLUMNS)]


def _period(row: Mapping[str, Any]) -> tuple[str, str | None, str, str | None]:
    try:
        return row["date"], _value(row["value"]), row["realtime_start"], row["realtime_end"]
    except KeyError as error:
        raise NotUnderstood(
            got=f"an observation without {error}", expected="date, value and real-time period"
        ) from error


def _vintages(series: str, row: Mapping[str, Any]) -> list[tuple[str, str | None, str, str | None]]:
    prefix = f"{series}_"
    days = [name for name in row if name.startswith(prefix)]
    if "date" not in row or not days:
        raise NotUnderstood(got=f"an observation with {', '.join(row)}", expected=f"date and columns {prefix}YYYYMMDD")
    return [(row["date"], _value(row[name]), _day(name.removeprefix(prefix)), None) for name in days]


def _day(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _value(text: Any) -> str | None:  # noqa: ANN401  # whatever JSON holds
    return None if text in (None, MISSING) else str(text)


FRED = Kind(
    options=FredOptions,
    build=FredSource,
    location=lambda options: f"{address(options.url)} {', '.join(options.series)}",
    vintages=True,
)
