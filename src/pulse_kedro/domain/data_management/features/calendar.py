"""Steps that the calendar alone decides: they are known for every period, long before it comes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.features.columns import STEP, Column, Fitted, in_advance
from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.errors import InvalidConfiguration, nearest
from pulse_kedro.domain.panel import Array

CalendarField = Literal["season", "month", "quarter", "week", "weekday", "day", "hour", "days", "weekdays"]
Days = npt.NDArray[np.datetime64]
_COUNTS = ("days", "weekdays")


class UnknownHolidays(InvalidConfiguration):
    """Holidays were asked for of a place that the library does not know."""

    def __init__(self, country: str, subdivision: str | None, known: Sequence[str]) -> None:
        """Keep the country, the part of it that is not known, if the country is, and the codes there are."""
        super().__init__(country, subdivision, known)
        self.country, self.subdivision, self.known = country, subdivision, known

    def __str__(self) -> str:
        """Name the place and the nearest one."""
        name = self.country if self.subdivision is None else self.subdivision
        where = "countries" if self.subdivision is None else f"parts of {self.country}"
        return (
            f"Looking up holidays failed: got {name!r}, expected one of {len(self.known)} {where} that the package "
            f"`holidays` knows.{nearest(name, self.known)} Change it in the step of type `holidays`."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Calendar:
    """`calendar`: where a period stands in the year, the week and the day. Makes `calendar_<field>`."""

    type: Literal["calendar"]
    """The type of this step."""
    fields: tuple[CalendarField, ...] = Field(min_length=1)
    """Which: `season` (place in the season of the frequency, from 1), `month`, `quarter`, `week` (ISO), `weekday`
    (Monday is 1), `day` of the month, `hour`, all of the start of the period; `days` and `weekdays` (Monday to Friday)
    count those in it."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs: none."""
        return ()

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:  # noqa: ARG002  # the protocol of all steps
        """Columns that it adds."""
        return tuple(
            in_advance(
                f"calendar_{name}",
                self.type,
                kind="number" if name in _COUNTS else "category",
                unit="days" if name in _COUNTS else "1",
            )
            for name in self.fields
        )

    def fit(self, train: Table) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Nothing."""
        return {}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Columns by name."""
        return {f"calendar_{name}": _spread(_calendar(table, name), table) for name in self.fields}


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Fourier:
    """`fourier`: sine and cosine of a season, its harmonics after it. Makes `fourier_<season>_sin<k>` and `_cos<k>`."""

    type: Literal["fourier"]
    """The type of this step."""
    season: Annotated[float, Field(gt=1)] | None = None
    """Steps in a season, not necessarily whole; `null` takes the one of the frequency."""
    order: int = Field(default=2, ge=1)
    """Harmonics, at most half a season."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs: none."""
        return ()

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:  # noqa: ARG002  # the protocol of all steps
        """Columns that it adds."""
        return tuple(in_advance(name, self.type) for name in self._labels())

    def fit(self, train: Table) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Nothing."""
        return {}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Columns by name; the phase counts from a fixed period, so that it does not depend on where data begin."""
        season = self.season or table.freq.season_length
        angles = 2 * np.pi * (table.positions % season) / season
        waves = [wave(k * angles) for k in range(1, self.order + 1) for wave in (np.sin, np.cos)]
        return dict(zip(self._labels(), (_spread(wave, table) for wave in waves), strict=True))

    def _labels(self) -> list[str]:
        head = "fourier" if self.season is None else f"fourier_{self.season:g}"
        return [f"{head}_{name}{k}" for k in range(1, self.order + 1) for name in ("sin", "cos")]


@dataclass(frozen=True, slots=True, kw_only=True, config=STEP)
class Holidays:
    """`holidays`: public holidays in the period, by law. Makes `holidays_<place>` and `holidays_<place>_weekday`.

    The first counts all, the second those from Monday to Friday. Days that were declared once, for an event that
    nobody foresaw, are left out: before they were declared nobody knew them.
    """

    type: Literal["holidays"]
    """The type of this step."""
    country: str = Field(min_length=2)
    """Country code of the package `holidays` (ISO 3166-1), such as `US`."""
    subdivision: str | None = None
    """State or region, by the code of the package; `null` takes the whole country."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it needs: none."""
        return ()

    def describe(self, known: Mapping[str, Column]) -> tuple[Column, ...]:  # noqa: ARG002  # the protocol of all steps
        """Columns that it adds."""
        return tuple(in_advance(name, self.type, unit="days") for name in self._labels())

    def fit(self, train: Table) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Nothing."""
        return {}

    def transform(self, table: Table, fitted: Fitted) -> dict[str, Array]:  # noqa: ARG002  # as above
        """Columns by name; the hours of a holiday have 1.

        Raises:
            UnknownHolidays: The country or the subdivision has no holidays in the package.
        """
        starts = pd.Series(table.times)
        ends = table.freq.end(starts)
        years = range(starts.iloc[0].year, ends.iloc[-1].year + 1)
        days = np.array(regular_holidays(self.country, self.subdivision, years), dtype="datetime64[D]")
        first = starts.to_numpy().astype("datetime64[D]")
        last = np.maximum(ends.to_numpy().astype("datetime64[D]"), first + np.timedelta64(1, "D"))
        counts = [_count(part, first, last) for part in (days, days[np.is_busday(days)])]
        return dict(zip(self._labels(), (_spread(count, table) for count in counts), strict=True))

    def _labels(self) -> list[str]:
        place = self.country if self.subdivision is None else f"{self.country}_{self.subdivision}"
        return [f"holidays_{place}", f"holidays_{place}_weekday"]


def regular_holidays(country: str, subdivision: str | None, years: Sequence[int]) -> list[date]:
    """Public holidays that the law had fixed before the year began, ascending.

    Args:
        country: Code of the package `holidays`.
        subdivision: State or region.
        years: Which years.

    Raises:
        UnknownHolidays: The package knows no such place.
    """
    import holidays

    places = holidays.list_supported_countries(include_aliases=True)
    if country not in places:
        raise UnknownHolidays(country, None, sorted(places))
    if subdivision is not None and subdivision not in places[country]:
        raise UnknownHolidays(country, subdivision, sorted(places[country]))
    calendar = holidays.country_holidays(country, subdiv=subdivision, language=None)
    calendar.has_special_holidays = False  # days declared once, for one event
    for year in years:
        calendar._populate(year)  # noqa: SLF001  # `years=` would add the special days before they can be turned off
    return sorted(calendar)


def _count(days: Days, first: Days, last: Days) -> Array:
    """Days from `first` to `last`, the last one left out."""
    return np.asarray(np.searchsorted(days, last) - np.searchsorted(days, first), dtype=np.float64)


def _calendar(table: Table, name: CalendarField) -> Array:
    times = table.times
    if name == "season":
        return np.asarray(table.positions % table.freq.season_length + 1, dtype=float)
    if name in _COUNTS:
        first = times.to_numpy().astype("datetime64[D]")
        last = table.freq.end(pd.Series(times)).to_numpy().astype("datetime64[D]")
        whole = (last - first).astype(float)
        return whole if name == "days" else np.asarray(np.busday_count(first, last), dtype=float)
    if name == "week":
        return times.isocalendar()["week"].to_numpy(dtype=float)
    if name == "weekday":
        return np.asarray(times.weekday + 1, dtype=float)
    return np.asarray(getattr(times, name), dtype=float)


def _spread(values: Array, table: Table) -> Array:
    """The same value for all series, without copies."""
    return np.broadcast_to(values[:, None], table.shape)
