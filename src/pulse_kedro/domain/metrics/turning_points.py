"""How well episodes told by a sensor line up with dated ones: hits, delays, misses and false alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

Span = tuple[pd.Timestamp, pd.Timestamp]
"""First and last period of an episode. Of a dated one: the peak before it, and the trough that ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One dated episode and the alarm that met it.

    `begin` and `end` are the first period of the alarm and the first one after it, `None` where there is no alarm or
    it goes on; `delay` and `end_delay` count periods from the peak to `begin` and from the trough to `end`.
    """

    peak: pd.Timestamp
    trough: pd.Timestamp
    begin: pd.Timestamp | None
    end: pd.Timestamp | None
    delay: int | None
    end_delay: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUp:
    """Every dated episode with its alarm, alarms that met none, and the periods that were watched."""

    meetings: tuple[Meeting, ...]
    false_alarms: tuple[pd.Timestamp, ...]
    watched: int

    @property
    def hits(self) -> int:
        """Dated episodes that an alarm met."""
        return sum(meeting.begin is not None for meeting in self.meetings)


def line_up(states: pd.Series, alarm: str, episodes: Sequence[Span], *, period: str) -> LineUp:
    """Compare the periods of an alarm with dated episodes.

    Args:
        states: State by period start, in time order; `unknown` while nothing is watched.
        alarm: The state that should hold during the episodes.
        episodes: Peak and trough of each, in time order. Those whose peak lies before the first watched period do not
            count.
        period: Alias of the period, such as `M`.

    Returns:
        An alarm meets an episode when it begins after the peak and not later than the trough; the first one counts.
        Every other alarm is false.

    Example:
        >>> months = pd.date_range("2000-01-01", periods=8, freq="MS")
        >>> states = pd.Series(["up", "up", "up", "down", "down", "up", "down", "up"], months)
        >>> found = line_up(states, "down", [(months[1], months[4])], period="M")
        >>> found.hits, found.meetings[0].delay, found.meetings[0].end_delay, len(found.false_alarms)
        (1, 2, 1, 1)
    """
    known = states[states != "unknown"]
    alarms = _runs(known, alarm)
    dated = [span for span in episodes if len(known) and span[0] >= known.index[0] and span[0] <= known.index[-1]]
    meetings, met = [], set()
    for peak, trough in dated:
        own = next((run for run in alarms if peak < run[0] <= trough), None)
        met |= {run[0] for run in alarms if peak < run[0] <= trough}
        begin, end = own if own is not None else (None, None)
        meetings.append(
            Meeting(
                peak=peak,
                trough=trough,
                begin=begin,
                end=end,
                delay=None if begin is None else _distance(peak, begin, period),
                end_delay=None if end is None else _distance(trough, end, period),
            )
        )
    false = tuple(run[0] for run in alarms if run[0] not in met)
    return LineUp(meetings=tuple(meetings), false_alarms=false, watched=len(known))


def _runs(states: pd.Series, alarm: str) -> list[tuple[pd.Timestamp, pd.Timestamp | None]]:
    """First period of each stretch of the alarm, and the first period after it."""
    inside = [False, *(states == alarm).tolist(), False]
    times = list(states.index)
    starts = [place for place, (before, here) in enumerate(pairwise(inside)) if here and not before]
    stops = [place for place, (before, here) in enumerate(pairwise(inside)) if before and not here]
    return [
        (times[start], times[stop] if stop < len(times) else None) for start, stop in zip(starts, stops, strict=True)
    ]


def _distance(earlier: pd.Timestamp, later: pd.Timestamp, period: str) -> int:
    return int(later.to_period(period).ordinal - earlier.to_period(period).ordinal)
