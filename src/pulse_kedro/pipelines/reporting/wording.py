"""Numbers, dates and names as people read them."""

import calendar
import math
from collections.abc import Iterable, Sequence

import pandas as pd

from pulse_kedro.domain.metrics.trust import ALL

MISSING = "–"
_LONG = {"monthly": "%B %Y", "hourly": "%d %B %Y %H:%M"}
_SHORT = {"monthly": "%b %Y", "quarterly": "%b %Y", "hourly": "%d %b %H:%M"}
_PERIOD = {"monthly": "month", "quarterly": "quarter", "weekly": "week", "daily": "day", "hourly": "hour"}
COMBINATION = "combination"
NAME, TITLE = 60, 120
"""Letters of the name of a series, and of the report, for which a line of the decision page has room."""
KINDS = {
    "hour": "hour of the day",
    "weekday": "day of the week",
    "month": "month of the target",
    "quarter": "quarter of the target",
    "horizon": "steps ahead",
    "group": "group of series",
}
"""Ways in which the backtest is sliced, in the words that follow "by"."""


def is_number(value: object) -> bool:
    """Whether a value can be printed as a number.

    Example:
        >>> is_number(1.5), is_number(float("nan")), is_number(None)
        (True, False, False)
    """
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: float | None, digits: int = 0) -> str:
    """A number with separated thousands, a true minus sign, and a dash where there is none.

    Example:
        >>> number(-1234.56, 1), number(float("nan")), number(None)
        ('−1,234.6', '–', '–')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:,.{digits}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def percent(share: float | None, digits: int = 0) -> str:
    """A share in percent.

    Example:
        >>> percent(0.1234, 1), percent(None)
        ('12.3 %', '–')
    """
    text = number(None if share is None else 100 * share, digits)
    return text if text == MISSING else f"{text} %"


def change(share: float | None, digits: int = 1) -> str:
    """A relative change in percent, with its sign.

    Example:
        >>> change(0.012), change(-0.5), change(0.0)
        ('+1.2 %', '−50.0 %', '0.0 %')
    """
    text = percent(share, digits)
    return f"+{text}" if share is not None and share > 0 and text.strip("0. %") else text


def span(low: float, high: float, digits: int) -> str:
    """An interval.

    Example:
        >>> span(-1.0, 2.5, 1)
        '−1.0 to 2.5'
    """
    return f"{number(low, digits)} to {number(high, digits)}"


def digits_for(values: Sequence[float]) -> int:
    """Decimals with which the numbers of a series keep about four significant digits, at least none.

    Args:
        values: Numbers that are printed alike.

    Returns:
        0 for typical sizes from 1000 on, up to 4 below 1.

    Example:
        >>> digits_for([151_000.0]), digits_for([51.3, 48.9]), digits_for([0.02])
        (0, 2, 4)
    """
    sizes = sorted(abs(value) for value in values if math.isfinite(value) and value)
    if not sizes:
        return 0
    return min(max(3 - math.floor(math.log10(sizes[len(sizes) // 2])), 0), 4)


def period(when: pd.Timestamp, frequency: str, *, short: bool = False) -> str:
    """Name of a period from its start.

    Example:
        >>> period(pd.Timestamp("2018-12-01"), "monthly"), period(pd.Timestamp("2018-12-01"), "monthly", short=True)
        ('December 2018', 'Dec 2018')
        >>> period(pd.Timestamp("2018-10-01"), "quarterly")
        'Q4 2018'
    """
    if frequency == "quarterly":
        return f"Q{when.quarter} {when.year}"
    return when.strftime((_SHORT if short else _LONG).get(frequency, "%d %b %Y" if short else "%d %B %Y"))


def hover_date(frequency: str) -> str:
    """Date format of a chart's hover label, in the notation of d3."""
    return _SHORT.get(frequency, "%d %b %Y")


def steps(count: int, frequency: str) -> str:
    """A number of periods.

    Example:
        >>> steps(1, "monthly"), steps(12, "monthly")
        ('1 month', '12 months')
    """
    name = _PERIOD.get(frequency, "period")
    return f"{number(count)} {name}{'' if count == 1 else 's'}"


def season(frequency: str) -> str:
    """What one season is called.

    Example:
        >>> season("monthly"), season("hourly")
        ('year', 'day')
    """
    return {"daily": "week", "hourly": "day"}.get(frequency, "year")


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "series", "series"), counted(0, "row"), counted(1200, "row")
        ('1 series', '0 rows', '1,200 rows')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def model_name(model: str) -> str:
    """Name of a model in running text.

    Example:
        >>> model_name("seasonal_ridge_24"), model_name("combination")
        ('Seasonal ridge 24', 'Combination')
    """
    return model.replace("_", " ").strip().capitalize()


def listing(names: Sequence[str], limit: int = 5) -> str:
    """Names in a sentence, the rest counted.

    Example:
        >>> listing(["a", "b", "c"]), listing(["a", "b", "c"], limit=2), listing(["a"])
        ('a, b and c', 'a, b and 1 more', 'a')
    """
    shown = list(names[:limit])
    if len(names) > limit:
        return f"{', '.join(shown)} and {len(names) - limit} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "none"


def slice_name(kind: str, name: str) -> str:
    """A slice as people call it.

    Example:
        >>> slice_name("month", "02"), slice_name("horizon", "03"), slice_name("group", "Retail")
        ('Feb', '3', 'Retail')
        >>> slice_name("hour", "00"), slice_name("weekday", "07"), slice_name("quarter", "04")
        ('00:00', 'Sun', 'Q4')
    """
    if kind == "group" or not name.isdigit():
        return name
    place = int(name)
    names: dict[str, list[str]] = {"month": list(calendar.month_abbr), "weekday": ["", *calendar.day_abbr]}
    if place < len(names.get(kind, [])):
        return names[kind][place]
    return {"hour": f"{place:02d}:00", "quarter": f"Q{place}"}.get(kind, str(place))


def season_kind(kinds: Iterable[object]) -> str:
    """The kind that slices by season; the month where there is none.

    Example:
        >>> season_kind(["horizon", "hour", "group"]), season_kind([])
        ('hour', 'month')
    """
    return next((str(kind) for kind in kinds if str(kind) not in {"horizon", "group"}), "month")


def shorten(text: str, limit: int) -> str:
    """A text of at most so many letters; what is missing shows as an ellipsis.

    Example:
        >>> shorten("All Employees, Total Nonfarm", 14), shorten("Mining", 14)
        ('All Employees…', 'Mining')
    """
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def trust_place(group: str, regime: str) -> str:
    """A cell of trust in words.

    Example:
        >>> trust_place("all", "expansion, calm"), trust_place("Mining", "all"), trust_place("all", "all")
        ('expansion, calm', 'Mining', 'all of them')
    """
    return " · ".join(name for name in (group, regime) if name != ALL) or "all of them"


def moment(when: pd.Timestamp) -> str:
    """A day as people write it, with the hour where it is not midnight.

    Example:
        >>> moment(pd.Timestamp("2019-03-08")), moment(pd.Timestamp("2019-03-08 05:00"))
        ('8 March 2019', '8 March 2019, 05:00')
    """
    day = f"{when.day} {when:%B %Y}"
    return f"{day}, {when:%H:%M}" if (when.hour, when.minute) != (0, 0) else day
