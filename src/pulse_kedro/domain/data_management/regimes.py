"""In which regime a period lies, axis by axis, and the events that say when it changed.

The axes `growth` and `volatility` are sensed on the changes of a signal by filtered two-state models; declared rules
add axes of their own on variables with units; the flag `shock` follows typed events. Text of headlines is never read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass as plain_dataclass
from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.data_management.events import JSON, Event
from pulse_kedro.domain.data_management.hysteresis import States, hold, starts_of
from pulse_kedro.domain.data_management.sensing import FoundChange, Sensed, sense_changes, sense_states
from pulse_kedro.domain.data_management.signals import changes, together, without_season
from pulse_kedro.domain.errors import InvalidConfiguration, nearest
from pulse_kedro.domain.panel import Array, Frequency, Matrix, to_matrix

VERSION = "regimes-1"
"""Way of sensing; part of every event, so that a change of method is never taken for a change of the world."""
SHOCK = "shock"
SHOCK_KINDS = ("announcement", "market_move", "geopolitical", "regulatory")
"""Kinds of events that can raise the flag; news never does, because a headline is not a measurement."""
SHOCK_PRIORITY = 8
"""Priority from which on an event raises the flag (ours)."""
UNKNOWN = "unknown"
STATES: Mapping[str, tuple[str, str]] = {"growth": ("expansion", "contraction"), "volatility": ("calm", "turbulent")}
"""Names of state 0 and 1 of the sensed axes; the second is the one that is watched for."""
LONGEST = 2000
"""Of a longer history at least this many, at most twice as many of the newest periods are read (ours)."""
MOST_SERIES = 200
"""Series that the median of a panel is taken over, evenly spread over the sorted ids (ours)."""
_PERCENT = {"fraction": 100.0, "percent": 1.0, "basis_points": 0.01, "level": 1.0}
"""Factor from a unit to percent; a level stays what it is."""

COLUMNS = ("ds", "axis", "state", "probability", "value", "gain", "since", "basis", "version")
"""Columns of the frame of regimes."""


class UnknownVariable(InvalidConfiguration):
    """A rule names a series that the panel does not have."""

    def __init__(self, rule: str, series: str, known: Sequence[str]) -> None:
        """Keep the axis of the rule, the series, and the series there are."""
        super().__init__(rule, series, known)
        self.rule, self.series, self.known = rule, series, known

    def __str__(self) -> str:
        """Name the parameter and the nearest series."""
        return (
            f"Sensing the axis {self.rule!r} failed: got the series {self.series!r}, expected one of the "
            f"{len(self.known)} of the panel.{nearest(self.series, self.known)} Correct `regimes.rules`."
        )


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class RegimeRule:
    """An axis that follows a variable by declared thresholds."""

    axis: str = Field(pattern="^[a-z_]+$")
    """Name of the axis, such as `inflation` or `policy`."""
    series: str
    """Series of the panel that it follows."""
    unit: Literal["fraction", "percent", "basis_points", "level"]
    """Unit of the series. 0.062 as a fraction, 6.2 percent and 620 basis points are the same."""
    enter: float
    """The state begins above it: percent for the first three units, else the unit of the series."""
    leave: float
    """The state ends below it, same unit; at most `enter`."""
    minimum_dwell: int = Field(ge=1)
    """Periods for which a state stays once it began."""
    states: tuple[str, str]
    """Names of the usual state and of the one above `enter`."""

    @model_validator(mode="after")
    def _refuse_a_gap_below_zero(self) -> Self:
        if self.leave > self.enter:
            message = f"leave must not exceed enter, got leave {self.leave} and enter {self.enter}"
            raise ValueError(message)
        if self.axis in {*STATES, SHOCK}:
            message = f"the axis {self.axis!r} is sensed already; choose another name"
            raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class RegimeOptions:
    """How regimes and change points are sensed."""

    series: tuple[str, ...]
    """Series that growth and volatility are sensed on; those the panel lacks do not count. Where none is left, the
    median of all series, each in its own scale; the column `basis` says which it was."""
    minimum_history: int = Field(ge=24)
    """Observations before the first estimate."""
    refit_every: int = Field(ge=1)
    """Fewest periods between two estimates of the parameters; later ones lie a tenth of the history apart."""
    enter: float = Field(gt=0.5, lt=1)
    """A state begins when its probability exceeds this."""
    leave: float = Field(gt=0, le=0.5)
    """A state ends when its probability falls below this."""
    minimum_dwell: int = Field(ge=1)
    """Periods for which a state stays once it began."""
    minimum_segment: int = Field(ge=2)
    """Shortest segment between two change points, in periods."""
    shock_periods: int = Field(ge=1)
    """Periods for which the flag `shock` stays raised after an event that raises it."""
    rules: tuple[RegimeRule, ...]
    """Axes that follow a variable by thresholds of their own; an empty list declares none."""
    shade_source: str | None
    """Name of the source in whose figure the recessions of `recessions` are shaded; null shades none."""


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class RegimeVector:
    """The regime of one period: the state of each axis, P(the watched state) where a model says it, and the flags."""

    at: pd.Timestamp
    states: Mapping[str, str]
    probabilities: Mapping[str, float]
    since: Mapping[str, pd.Timestamp]
    version: str

    def to_dict(self) -> dict[str, JSON]:
        """The vector as plain JSON."""
        return {
            "at": self.at.isoformat(),
            "states": dict(self.states),
            "probabilities": {axis: round(value, 6) for axis, value in self.probabilities.items()},
            "since": {axis: when.isoformat() for axis, when in self.since.items()},
            "version": self.version,
        }


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """One axis with everything that becomes a row per period."""

    name: str
    names: tuple[str, str]
    states: States
    value: Array
    probability: Array
    gain: Array
    basis: str


def sense(
    panel: pd.DataFrame, freq: Frequency, options: RegimeOptions, events: Sequence[Event] = ()
) -> tuple[pd.DataFrame, tuple[Event, ...]]:
    """Regime of every period, and the events of its changes.

    Args:
        panel: Unique and sorted (`unique_id`, `ds`), known at the cutoff.
        freq: Step and season of the panel.
        options: How to sense.
        events: Typed events for the flag `shock`; those after the newest period do not count.

    Returns:
        One row per period and axis: `ds`, `axis`, `state`, `probability` (of the watched state; `nan` where none is
        estimated), `value` (signal in percent or in the unit of the series, deviation for volatility), `gain` (evidence
        for two states), `since` (start of the state), `basis` (what it was sensed on) and `version`. Then the events
        `regime_changed` and `change_point` in order of time. Nothing after a period enters what is said about it.

    Raises:
        UnknownVariable: A rule names a series that the panel lacks.
    """
    matrix = to_matrix(panel, freq)
    matrix = _newest(matrix)
    signal, basis = _signal(matrix, freq, options)
    ends = [moment.to_pydatetime() for moment in freq.end(pd.Series(matrix.times)).dt.tz_localize("UTC")]
    axes = [*_sensed(signal, basis, options), *(_declared(rule, matrix) for rule in options.rules)]
    axes.append(_shock([moment.timestamp() for moment in ends], events, options))
    frame = pd.concat([_rows(axis, matrix.times) for axis in axes], ignore_index=True)
    found = sense_changes(
        signal, first=options.minimum_history, every=options.refit_every, minimum=options.minimum_segment
    )
    told = [event for axis in axes for event in _changes(axis, matrix.times, ends)]
    told += [_point(change, matrix.times, (ends, basis)) for change in found]
    ordered = sorted(told, key=lambda event: (event.at, event.kind, event.id))
    return frame.sort_values(["ds", "axis"], kind="mergesort", ignore_index=True), tuple(ordered)


def vector_at(regimes: pd.DataFrame, when: pd.Timestamp) -> RegimeVector:
    """The regime known at a period: that of the newest period not after it.

    Args:
        regimes: Frame of `sense`, not empty up to `when`.
        when: Start of the period.
    """
    rows = regimes[regimes["ds"] <= when]
    newest = rows[rows["ds"] == rows["ds"].max()]
    by_axis = newest.set_index("axis")
    return RegimeVector(
        at=pd.Timestamp(newest["ds"].iloc[0]),
        states={str(axis): str(state) for axis, state in by_axis["state"].items()},
        probabilities={str(axis): float(value) for axis, value in by_axis["probability"].dropna().items()},
        since={str(axis): pd.Timestamp(moment) for axis, moment in by_axis["since"].dropna().items()},
        version=str(newest["version"].iloc[0]),
    )


def _newest(matrix: Matrix) -> Matrix:
    """The newest periods, cut at a place that moves rarely, so that the past keeps its beginning."""
    start = max(len(matrix.times) // LONGEST - 1, 0) * LONGEST
    return Matrix(y=matrix.y[start:], times=matrix.times[start:], ids=matrix.ids)


def _signal(matrix: Matrix, freq: Frequency, options: RegimeOptions) -> tuple[Array, str]:
    """Changes without season, of the named series or of all, and a word on what they are."""
    named = [matrix.ids.index(name) for name in options.series if name in matrix.ids]
    step = -(-len(matrix.ids) // MOST_SERIES)
    chosen = named or list(range(0, len(matrix.ids), step))
    columns = np.column_stack(
        [
            without_season(changes(matrix.y[:, place], known=options.minimum_history), freq.season_length)
            for place in chosen
        ]
    )
    if len(chosen) == 1:
        return columns[:, 0], matrix.ids[chosen[0]]
    return together(columns), f"median of {len(chosen)} series"


def _sensed(signal: Array, basis: str, options: RegimeOptions) -> tuple[_Axis, _Axis]:
    """Growth on the mean of the signal, whose state 1 is the higher one, and volatility on its variance."""
    history = {"first": options.minimum_history, "every": options.refit_every}
    growth, spread = sense_states(signal, "mean", **history), sense_states(signal, "variance", **history)

    def axis(name: str, sensed: Sensed, probability: Array, value: Array) -> _Axis:
        states = hold(probability, enter=options.enter, leave=options.leave, dwell=options.minimum_dwell)
        return _Axis(
            name=name,
            names=STATES[name],
            states=states,
            value=value,
            probability=probability,
            gain=sensed.gain,
            basis=basis,
        )

    return (
        axis("growth", growth, 1.0 - growth.probability, signal),
        axis("volatility", spread, spread.probability, np.abs(signal)),
    )


def _declared(rule: RegimeRule, matrix: Matrix) -> _Axis:
    if rule.series not in matrix.ids:
        raise UnknownVariable(rule.axis, rule.series, matrix.ids)
    value = matrix.y[:, matrix.ids.index(rule.series)] * _PERCENT[rule.unit]
    states = hold(value, enter=rule.enter, leave=rule.leave, dwell=rule.minimum_dwell)
    nothing = np.full(len(value), np.nan)
    return _Axis(
        name=rule.axis,
        names=rule.states,
        states=states,
        value=value,
        probability=nothing,
        gain=nothing,
        basis=f"{rule.series} > {rule.enter:g}",
    )


def _shock(ends: Sequence[float], events: Sequence[Event], options: RegimeOptions) -> _Axis:
    """A flag for some periods after an event of high priority, from the period in which it happened."""
    states = np.zeros(len(ends), dtype=np.int8)
    for event in events:
        if event.kind in SHOCK_KINDS and event.priority >= SHOCK_PRIORITY:
            place = int(np.searchsorted(ends, event.at.timestamp(), side="right"))
            states[place : place + options.shock_periods] = 1
    nothing = np.full(len(ends), np.nan)
    return _Axis(
        name=SHOCK,
        names=("none", SHOCK),
        states=states,
        value=nothing,
        probability=nothing,
        gain=nothing,
        basis="events",
    )


def _rows(axis: _Axis, times: pd.DatetimeIndex) -> pd.DataFrame:
    known, starts = axis.states >= 0, np.zeros(len(times), dtype=bool)
    starts[starts_of(axis.states)] = True
    if known.any():
        starts[int(np.argmax(known))] = True
    since = pd.Series(times.where(starts)).ffill()
    names = np.array([UNKNOWN, *axis.names], dtype=object)
    return pd.DataFrame(
        {
            "ds": times,
            "axis": axis.name,
            "state": names[axis.states + 1],
            "probability": axis.probability,
            "value": axis.value,
            "gain": axis.gain,
            "since": since.where(known),
            "basis": axis.basis,
            "version": VERSION,
        }
    )


def _changes(axis: _Axis, times: pd.DatetimeIndex, ends: Sequence[pd.Timestamp]) -> list[Event]:
    """One event per change of state, at the end of the period that showed it."""
    told = []
    for place in starts_of(axis.states).tolist():
        new = int(axis.states[place])
        evidence = {"value": axis.value[place], "gain": axis.gain[place]}
        payload: dict[str, JSON] = {
            "axis": axis.name,
            "old": axis.names[1 - new],
            "new": axis.names[new],
            "period": times[place].isoformat(),
            "probability": _number(axis.probability[place]),
            "evidence": {name: _number(value) for name, value in evidence.items()},
            "basis": axis.basis,
            "version": VERSION,
        }
        told.append(Event(kind="regime_changed", at=ends[place], source="regimes", priority=new, payload=payload))
    return told


def _point(change: FoundChange, times: pd.DatetimeIndex, where: tuple[Sequence[pd.Timestamp], str]) -> Event:
    """The change at the moment it began; the payload says when that could be seen."""
    ends, basis = where
    begin = ends[change.place - 1]  # the end of the period before is the start of this one
    payload: dict[str, JSON] = {
        "period": times[change.place].isoformat(),
        "found": times[change.found].isoformat(),
        "delay": change.found - change.place + 1,
        "size": _number(change.size),
        "basis": basis,
        "version": VERSION,
    }
    return Event(kind="change_point", at=begin, source="regimes", payload=payload)


def _number(value: float) -> float | None:
    """Six decimals are enough for a reader; a missing number is null."""
    return round(float(value), 6) if np.isfinite(value) else None
