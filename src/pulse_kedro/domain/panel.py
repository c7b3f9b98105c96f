"""The long table of observations, its frequency, its identity and its dense form."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.errors import InvalidInput, nearest

Array = npt.NDArray[np.float64]
"""Dense float64 values; the shape stands in the docstring that uses it."""

ID, TIME, TARGET, AVAILABLE_AT = "unique_id", "ds", "y", "available_at"
PANEL_COLUMNS = (ID, TIME, TARGET, AVAILABLE_AT)
QUANTILE_LEVELS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975)


def quantile_column(level: float) -> str:
    """Column that holds a quantile, in per mille so that SQL and Parquet agree on it.

    Example:
        >>> quantile_column(0.025), quantile_column(0.5)
        ('q025', 'q500')
    """
    return f"q{round(level * 1000):03d}"


QUANTILE_COLUMNS = tuple(quantile_column(level) for level in QUANTILE_LEVELS)


class UnknownFrequency(InvalidInput):
    """A frequency was asked for that the project has no defaults for."""

    def __init__(self, name: str) -> None:
        """Keep the name that was asked for."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Say what is known and what is nearest."""
        known = list(FREQUENCIES)
        hint = nearest(self.name, known)
        return f"Reading the frequency failed: got {self.name!r}, expected one of {', '.join(known)}.{hint}"


_SEPARATOR, _BLOCK = b"\x1f", 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """What one time step means: pandas alias of the period, steps in a season and in a year, and defaults in steps.

    `horizon` is how far ahead a recipe forecasts and `minimum_history` what precedes the first cutoff of a backtest,
    where the settings leave it open; ours, two years of weeks, four of months and quarters, eight weeks of days, one
    week of hours. `second_season` is the longer of two seasons, for members that read it.
    """

    name: str
    period: str
    season_length: int
    horizon: int
    minimum_history: int
    per_year: int
    second_season: int | None = None

    def shift(self, when: pd.Timestamp, steps: int) -> pd.Timestamp:
        """Start of the period `steps` later (earlier when negative)."""
        return (when.to_period(self.period) + steps).start_time

    def grid(self, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
        """Every period start from `first` to `last`, both included."""
        return pd.period_range(first, last, freq=self.period).to_timestamp(how="start")

    def end(self, when: pd.Series) -> pd.Series:
        """First moment after each period; same shape as `when`, without time zone."""
        return pd.Series((when.dt.to_period(self.period) + 1).dt.start_time)

    def distance(self, earlier: pd.Timestamp, later: pd.Timestamp) -> int:
        """Whole steps from `earlier` to `later`."""
        return int(later.to_period(self.period).ordinal - earlier.to_period(self.period).ordinal)


FREQUENCIES = {
    step.name: step
    for step in (
        Frequency(
            name="hourly",
            period="h",
            season_length=24,
            horizon=48,
            minimum_history=168,
            per_year=8760,
            second_season=168,
        ),
        Frequency(name="daily", period="D", season_length=7, horizon=14, minimum_history=56, per_year=365),
        Frequency(name="weekly", period="W-SUN", season_length=52, horizon=13, minimum_history=104, per_year=52),
        Frequency(name="monthly", period="M", season_length=12, horizon=12, minimum_history=48, per_year=12),
        Frequency(name="quarterly", period="Q-DEC", season_length=4, horizon=8, minimum_history=16, per_year=4),
    )
}
"""The one table of defaults: what the settings leave open follows from the frequency of the source."""


def frequency(name: str) -> Frequency:
    """Defaults of a frequency by name.

    Raises:
        UnknownFrequency: The name is not one of `FREQUENCIES`.
    """
    if name not in FREQUENCIES:
        raise UnknownFrequency(name)
    return FREQUENCIES[name]


def content_hash(rows: pd.DataFrame, columns: Sequence[str] = (ID, TIME, TARGET)) -> str:
    """SHA-256 over the canonical bytes of some columns, independent of the order of the rows.

    Args:
        rows: Any table that has `columns`; text, datetimes and numbers only.
        columns: What counts; the first ones sort the rows.

    Returns:
        64 hexadecimal digits. Equal exactly when the sets of rows are equal, bit for bit in the floats.
    """
    parts = rows.loc[:, list(columns)]
    ordered = parts if _is_sorted(parts) else parts.sort_values(list(columns), kind="mergesort")
    digest = hashlib.sha256(repr((tuple(columns), len(ordered))).encode())
    for column in columns:
        values = ordered[column]
        if pd.api.types.is_datetime64_any_dtype(values):
            digest.update(values.to_numpy(dtype="datetime64[ns]").astype("<i8").tobytes())
        elif pd.api.types.is_numeric_dtype(values):
            digest.update(values.to_numpy(dtype="<f8").tobytes())
        else:
            for piece in _joined(values):
                digest.update(piece)
    return digest.hexdigest()


def _joined(values: pd.Series) -> Iterator[bytes]:
    """The bytes of all texts with a separator between them, some at a time."""
    for start in range(0, len(values), _BLOCK):
        piece = values.iloc[start : start + _BLOCK]
        if isinstance(piece.dtype, pd.CategoricalDtype):
            texts = np.array([*map(str, piece.cat.categories), "None"], dtype=object)[piece.cat.codes.to_numpy()]
        else:
            texts = piece.to_numpy()
        yield (_SEPARATOR if start else b"") + _SEPARATOR.join(map(str.encode, map(str, texts)))


def _is_sorted(rows: pd.DataFrame) -> bool:
    """Whether rows stand in the order of their columns, found without sorting; missing text is never in order."""
    tied = np.ones(max(len(rows) - 1, 0), dtype=bool)
    for name in rows.columns:
        values = rows[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            if not values.cat.categories.is_monotonic_increasing:
                return False
            values = values.cat.codes
        array = values.dt.tz_localize(None).to_numpy() if values.dtype.kind == "M" else values.to_numpy()
        if not _ascends(array, tied):
            return False
        tied &= array[1:] == array[:-1]
        if not tied.any():
            return True
    return True


def _ascends(values: npt.NDArray[np.generic], tied: npt.NDArray[np.bool_]) -> bool:
    """Whether no value is smaller than the one before it where `tied`; `False` where that cannot be said."""
    try:
        pairs = np.flatnonzero(tied & (values[1:] != values[:-1]))
        return bool((values[pairs + 1] > values[pairs]).all())
    except TypeError:  # None or a missing value among text
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A panel as one array: `y[t, s]` is series `ids[s]` at `times[t]`, `nan` where nothing was observed."""

    y: Array
    times: pd.DatetimeIndex
    ids: tuple[str, ...]

    def until(self, when: pd.Timestamp) -> "Matrix":
        """The part known at `when`, that period included."""
        stop = int(self.times.searchsorted(when, side="right"))
        return Matrix(y=self.y[:stop], times=self.times[:stop], ids=self.ids)


def to_matrix(panel: pd.DataFrame, freq: Frequency) -> Matrix:
    """Dense form of a panel on the regular grid of its frequency.

    Args:
        panel: Unique (`unique_id`, `ds`), period starts, target in `y`.
        freq: The step of the grid.

    Returns:
        Values of shape `(periods, series)` float64, series in sorted order of their ids, gaps as `nan`.
    """
    times = freq.grid(panel[TIME].min(), panel[TIME].max())
    codes, ids = pd.factorize(panel[ID], sort=True)
    values = np.full((len(times), len(ids)), np.nan)
    values[times.get_indexer(pd.Index(panel[TIME])), codes] = panel[TARGET].to_numpy(dtype=float)
    return Matrix(y=values, times=times, ids=tuple(str(name) for name in ids))
