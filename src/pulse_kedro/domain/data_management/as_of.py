"""Where in time a cycle stands: `as_of` becomes a period and `known_at` a moment, checked against the source."""

import re
from typing import Protocol

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.data_management.revisions import known_at as rows_known_at
from pulse_kedro.domain.data_management.revisions import newest as newest_rows
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.steps import spell
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, TIME

_MONTH, _DAY, _HOUR = r"\d{4}-\d{2}", r"\d{4}-\d{2}-\d{2}", r"\d{4}-\d{2}-\d{2}[T ]\d{2}"
_SPELLINGS = {"hourly": (_HOUR, "YYYY-MM-DDTHH"), "daily": (_DAY, "YYYY-MM-DD"), "weekly": (_DAY, "YYYY-MM-DD")}
_MONTHLY = (_MONTH, "YYYY-MM-DD")


class Ancestry(Protocol):
    """What must be known of earlier cycles: which of them a new one may build on."""

    def ancestors(self, as_of: pd.Timestamp) -> tuple[str, ...]:
        """Keys of committed cycles with an earlier `as_of`, the newest first."""
        ...

    def stand_in(self, parent: str | None) -> str | None:
        """Bundle that a person put in charge in place of the parent's; `None` where nobody did."""
        ...


class UnreadableAsOf(InvalidInput):
    """The text given as `as_of` spells no period."""

    def __init__(self, given: str, frequency: str, spelling: str) -> None:
        """Keep the text, the frequency it should fit, and how to spell it."""
        super().__init__(given, frequency, spelling)
        self.given, self.frequency, self.spelling = given, frequency, spelling

    def __str__(self) -> str:
        """Say how a period is spelled."""
        return (
            f"Reading as_of failed: got {self.given!r}, expected a {self.frequency} period as {self.spelling}. "
            f"Give it as `--params as_of={self.spelling}`, or leave it out to use the newest period."
        )


class FutureAsOf(InvalidInput):
    """A cycle was asked for that lies after everything the source knows."""

    def __init__(self, as_of: pd.Timestamp, newest: pd.Timestamp, source: str) -> None:
        """Keep what was asked for and the newest period of the source."""
        super().__init__(as_of, newest, source)
        self.as_of, self.newest, self.source = as_of, newest, source

    def __str__(self) -> str:
        """Say where the source ends and how to go on."""
        return (
            f"Placing the cycle failed: got as_of={spell(self.as_of)}, expected at most {spell(self.newest)}, "
            f"the newest period in source {self.source!r}. Leave as_of out to use that one, or add newer rows."
        )


class UnreadableKnownAt(InvalidInput):
    """The text given as `known_at` spells no moment."""

    def __init__(self, given: str) -> None:
        """Keep the text."""
        super().__init__(given)
        self.given = given

    def __str__(self) -> str:
        """Say how a moment is spelled."""
        return (
            f"Reading known_at failed: got {self.given!r}, expected a calendar day or moment as YYYY-MM-DD or "
            "YYYY-MM-DDTHH:MM, in UTC unless an offset follows. Leave it out to use the moment at which the values of "
            "as_of were published."
        )


class KnownAtTooEarly(InvalidInput):
    """A cycle was asked for at a moment at which its period was not published."""

    def __init__(self, known_at: pd.Timestamp, as_of: pd.Timestamp, published: pd.Timestamp, source: str) -> None:
        """Keep the moment, the period, when its first value was published, and the source."""
        super().__init__(known_at, as_of, published, source)
        self.known_at, self.as_of, self.published, self.source = known_at, as_of, published, source

    def __str__(self) -> str:
        """Say from when on the period was known."""
        return (
            f"Placing the cycle failed: got known_at={self.known_at.isoformat()}, expected at least "
            f"{self.published.isoformat()}, when source {self.source!r} published its first value of "
            f"{spell(self.as_of)}. Choose a later moment or an earlier as_of."
        )


class AsOfTooEarly(InvalidInput):
    """A cycle was asked for at which no series has enough history."""

    def __init__(self, as_of: pd.Timestamp, first: pd.Timestamp, needed: int, source: str) -> None:
        """Keep what was asked for, the first period that can be used, and the history it takes."""
        super().__init__(as_of, first, needed, source)
        self.as_of, self.first, self.needed, self.source = as_of, first, needed, source

    def __str__(self) -> str:
        """Say from when on a cycle is possible."""
        return (
            f"Placing the cycle failed: got as_of={spell(self.as_of)}, expected at least {spell(self.first)}, "
            f"where the first series of source {self.source!r} reaches {self.needed} observations. Choose a later one."
        )


class SeriesTooShort(InvalidInput):
    """No series of the source has more observations than one season."""

    def __init__(self, longest: int, needed: int, source: str) -> None:
        """Keep the longest series and what it takes."""
        super().__init__(longest, needed, source)
        self.longest, self.needed, self.source = longest, needed, source

    def __str__(self) -> str:
        """Say how much history is missing."""
        return (
            f"Placing the cycle failed: got at most {self.longest} observations per series in source {self.source!r}, "
            f"expected at least {self.needed}, one season and one more. Add history, or check source.frequency."
        )


def resolve(
    rows: pd.DataFrame, as_of: object, options: SourceOptions, history: Ancestry, *, known_at: object = None
) -> Period:
    """Period of a cycle, with the committed cycles it may build on.

    Args:
        rows: Usable rows of the source, sorted.
        as_of: A date inside the wanted period, as text; `None` means the newest period of the rows that are known.
        options: What the source declares.
        history: What was committed before.
        known_at: The moment whose knowledge counts, as text; `None` means when the values of the period were published.

    Returns:
        The period that contains `as_of`, and the one that follows as the first target.

    Raises:
        UnreadableAsOf: The text is no date, or too coarse for the frequency.
        UnreadableKnownAt: The text is no moment.
        FutureAsOf: It lies after the newest period.
        KnownAtTooEarly: Nothing of the period was published at that moment.
        AsOfTooEarly: No series has a season and one more observation by then.
        SeriesTooShort: No series ever has.
    """
    step, newest = options.step, rows[TIME].max()
    moment = None if known_at is None else parse_known_at(known_at)
    when = None if as_of is None else parse_as_of(str(as_of), options)
    if when is not None and when > newest:
        raise FutureAsOf(when, newest, options.name)
    known = newest_rows(rows) if moment is None else rows_known_at(rows, moment)
    if moment is not None and (known.empty or (when is not None and not known[TIME].eq(when).any())):
        first = rows[TIME].min() if when is None else when
        raise KnownAtTooEarly(moment, first, rows.loc[rows[TIME].ge(first), AVAILABLE_AT].min(), options.name)
    rows, when = known, known[TIME].max() if when is None else when
    needed = step.season_length + 1
    reached = rows.loc[rows.groupby(ID, sort=False).cumcount().eq(needed - 1), TIME]
    if reached.empty:
        raise SeriesTooShort(int(rows[ID].value_counts().max()), needed, options.name)
    if when < reached.min():
        raise AsOfTooEarly(when, reached.min(), needed, options.name)
    ancestors = history.ancestors(when)
    first_target = step.shift(when, 1)
    return Period(
        as_of=when,
        first_target=first_target,
        frequency=step.name,
        ancestors=ancestors,
        known_at=moment,
        serving=history.stand_in(ancestors[0] if ancestors else None),
    )


def parse_known_at(text: object) -> pd.Timestamp:
    """Moment that a text spells.

    Args:
        text: A day or a moment in ISO 8601; without an offset it is UTC.

    Returns:
        Aware, UTC.

    Raises:
        UnreadableKnownAt: The text is no moment.

    Example:
        >>> parse_known_at("2019-11-15"), parse_known_at("2019-11-15T08:30-05:00")
        (Timestamp('2019-11-15 00:00:00+0000', tz='UTC'), Timestamp('2019-11-15 13:30:00+0000', tz='UTC'))
    """
    try:
        if not re.match(_DAY, str(text)):
            raise UnreadableKnownAt(str(text))
        moment = pd.Timestamp(str(text)).as_unit("ns")
    except ValueError as error:
        raise UnreadableKnownAt(str(text)) from error
    return moment.tz_localize("UTC") if moment.tz is None else moment.tz_convert("UTC")


def parse_as_of(text: str, options: SourceOptions) -> pd.Timestamp:
    """Start of the period that a text spells.

    Args:
        text: A date that names one period of the source's frequency; time of day may follow.
        options: What the source declares.

    Returns:
        Period start without time zone.

    Raises:
        UnreadableAsOf: The text is no date, or names more than one period.
    """
    pattern, spelling = _SPELLINGS.get(options.frequency, _MONTHLY)
    try:
        if not re.match(pattern, text):
            raise UnreadableAsOf(text, options.frequency, spelling)
        when = pd.Timestamp(text)
    except ValueError as error:
        raise UnreadableAsOf(text, options.frequency, spelling) from error
    return options.step.shift(when.tz_localize(None).as_unit("ns"), 0)
