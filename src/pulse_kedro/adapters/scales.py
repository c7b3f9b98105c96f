"""Axes of still pictures: where a value lies in pixels, and which values are written beside the axis."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape

import numpy as np

from pulse_kedro.domain.panel import Array

TICKS = 6
"""Values that are written beside an axis of numbers or dates, at most about."""
LONGEST = 24
"""Letters of a name beside an axis; the left margin has room for them."""
LETTER, LINE = 5.0, 13.0
"""Pixels that one letter takes across, and one line down, in the size of the pictures' text."""
SLACK = 0.02
"""Share of an axis of numbers or dates that stays free at either end."""
DAY, DAYS, MONTHS, YEARS = 86_400.0, (1, 2, 7, 14), (1, 2, 3, 6), (1, 2, 5, 10, 20, 50, 100)
"""Seconds of a day; days, months and years that may lie between two dates beside an axis."""
IN_DAYS, IN_MONTHS, LARGE = 60, 1095, 1e6
"""Days up to which dates are written as days and as months; numbers from which on no fraction is written."""


def plain(text: str) -> str:
    """Text without markup.

    Example:
        >>> plain("a <b>bold</b> &amp; good name")
        'a bold & good name'
    """
    return re.sub(r" +", " ", unescape(re.sub(r"<[^>]+>", " ", text))).strip()


def shorten(text: str) -> str:
    """The text, cut where it is longer than `LONGEST`."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of a panel: the numbers `low` and `high` lie at the pixels `start` and `end`.

    `settings` are Plotly's; `names` are the categories, counted from 0, where it has such.
    """

    settings: Mapping[str, object]
    names: tuple[str, ...]
    low: float
    high: float
    start: float
    end: float

    def pixels(self, numbers: Array) -> Array:
        """Where numbers lie; shape `(n,)` stays."""
        return self.start + (numbers - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        """Pixels and words of what is written beside the axis."""
        places, words = self._ticks()
        return list(zip(self.pixels(np.array(places, dtype=float)).tolist(), words, strict=True))

    def _ticks(self) -> tuple[list[float], list[str]]:
        if self.names:
            lying, room = self.end > self.start, abs(self.end - self.start) / len(self.names)
            need = LETTER * max(len(shorten(name)) for name in self.names) if lying else LINE
            shown = range(0, len(self.names), max(1, math.ceil(need / room)))
            return [float(at) for at in shown], [shorten(self.names[at]) for at in shown]
        if self.settings.get("type") == "date":
            return date_ticks(self.low, self.high)
        form = str(self.settings.get("tickformat", ""))
        places = [place for place in self._places() if self.low <= place <= self.high]
        return places, [write(place, form) for place in places]

    def _places(self) -> Sequence[float]:
        given, step = self.settings.get("tickvals"), nice_step(self.high - self.low)
        if isinstance(given, list | tuple):
            return [float(value) for value in given]
        if "dtick" in self.settings:
            step = float(str(self.settings["dtick"]))
        return [at * step for at in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def lay_axis(
    settings: Mapping[str, object], values: Sequence[object], reach: Sequence[float], pixels: tuple[float, float]
) -> Axis:
    """The axis on which all values have room.

    Args:
        settings: Plotly's: `type`, `range`, `tickvals`, `dtick`, `tickformat`.
        values: What the traces have on this side; `None` is a gap.
        reach: Numbers that need room besides, such as the ends of error bars.
        pixels: Where it starts and ends.
    """
    names = tuple(dict.fromkeys(plain(str(value)) for value in values)) if settings.get("type") == "category" else ()
    given = settings.get("range")
    if isinstance(given, list | tuple):
        low, high = to_numbers(given, settings, names)
    elif names:
        low, high = -0.5, len(names) - 0.5
    else:
        found = np.concatenate([to_numbers(values, settings, names), np.array(reach, dtype=float)])
        found = found[np.isfinite(found)]
        low, high = (found.min(), found.max()) if len(found) else (0.0, 1.0)
        slack = SLACK * (high - low) or 0.5
        low, high = low - slack, high + slack
    return Axis(settings=settings, names=names, low=float(low), high=float(high), start=pixels[0], end=pixels[1])


def to_numbers(values: Sequence[object], settings: Mapping[str, object], names: Sequence[str]) -> Array:
    """Values on the scale of an axis, `nan` for gaps: places of categories, seconds of dates, or the numbers.

    Args:
        values: As Plotly's JSON has them.
        settings: Plotly's of the axis.
        names: Its categories, if any.

    Returns:
        Shape `(n,)`.
    """
    if names:
        places = {name: float(at) for at, name in enumerate(names)}
        return np.array([places.get(plain(str(value)), math.nan) for value in values], dtype=float)
    if settings.get("type") == "date":
        dates = np.array(list(values), dtype="datetime64[s]")
        return np.where(np.isnat(dates), np.nan, dates.astype(np.int64))
    return np.array([math.nan if value is None else value for value in values], dtype=float)


def nice_step(span: float) -> float:
    """A round step, at most about `TICKS` to the span; ours.

    Example:
        >>> nice_step(1.0), nice_step(47.0)
        (0.2, 10.0)
    """
    rough = span / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))


def date_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Begins of years, of months where there are few years, or days, and how they read.

    Args:
        low: Seconds since 1970.
        high: Seconds since 1970, later.

    Example:
        >>> date_ticks(0.0, 4 * 366 * 86_400.0)[1]
        ['1970', '1971', '1972', '1973', '1974']
    """
    days = (high - low) / DAY
    steps: tuple[int, ...]
    if days > IN_MONTHS:
        unit, length, steps = "Y", 365.0, YEARS
    elif days > IN_DAYS:
        unit, length, steps = "M", 30.0, MONTHS
    else:
        unit, length, steps = "D", 1.0, DAYS
    step = next((one for one in steps if days / length / one <= TICKS), steps[-1])
    first, last = (int(np.datetime64(int(one), "s").astype(f"datetime64[{unit}]").astype(int)) for one in (low, high))
    offset = 1970 if unit == "Y" else 0
    dates = [np.datetime64(at, unit) for at in range(first, last + 1) if (at + offset) % step == 0]
    ticks = [(float(date.astype("datetime64[s]").astype(int)), str(date)) for date in dates]
    return [at for at, _ in ticks if low <= at <= high], [word for at, word in ticks if low <= at <= high]


def write(number: float, form: str) -> str:
    """A number beside an axis, in Plotly's format where it has one.

    Example:
        >>> write(0.25, ".0%"), write(1500.0, ""), write(0.1 + 0.2, "")
        ('25%', '1,500', '0.3')
    """
    return format(number, form or (",.6g" if abs(number) < LARGE else ",.0f"))
