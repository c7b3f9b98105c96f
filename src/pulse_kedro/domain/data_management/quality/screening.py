"""What the past of a series says about each of its values, and which values contradict it.

One pass through time over many series at once. What is said about a period rests on periods up to it only: changing
or deleting anything later changes nothing. Gaps are bridged by what was expected, for one season at most. What was odd
a season ago and comes again is a season, and no longer odd.

Source:
    One-step errors that are large against a robust spread are kept out of the level that predicts the next value:
    Gelper, Fried and Croux (2010), "Robust forecasting with exponential and Holt-Winters smoothing", section 3; here on
    seasonal differences. Spread: median absolute error over 0.6745 (Hampel, 1974); where the median is 0, 1.2533 times
    a mean absolute error (Iglewicz and Hoaglin, 1993), here of the errors that are not 0.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pulse_kedro.domain.data_management.quality.grid import Block, Index
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.panel import Array

FACTORS = (100.0, 1000.0, 0.01, 0.001, -1.0)
"""What a value is multiplied by when it comes in another unit: percent and fraction, thousands and units, sign."""
LIKE = 0.25
"""Relative distance to what was expected within which a factor explains a value, where the usual bound is narrower;
ours: far below the factor 10 that lies halfway, on a logarithmic scale, to being wrong by 100."""
MEMORY = 0.5
"""Weight of the newest seasonal difference in their level; ours: a third more variance than the best weight has both
for independent values and for a random walk."""
REFRESH = 6
"""Periods after which the spread is worked out anew, counted on the calendar; ours, it changes slowly."""
ROUNDING = 1e-9
"""Relative error that counts as none; ours, far above what adding up differences loses."""
MEDIAN_OF_NORMAL = 0.6745
"""Median absolute deviation of a normal variable with standard deviation 1."""
MEAN_OF_NORMAL = 1.2533
"""Standard deviation of a normal variable with mean absolute deviation 1."""

Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Screen:
    """What is said about each value of a block; every array has its shape `(periods, series)`.

    `expected` is what the past says and `spread` the robust standard deviation of its errors, both `nan` where it says
    nothing. `odd` marks values beyond the threshold that no factor explains, and `factor` holds the number that a value
    has to be divided by to fit, 1 where it fits or nothing explains it. These four look back only. `level` is the size
    of a lasting shift that begins at a period, else 0, and `moved` marks the values by which it was recognised.
    """

    expected: Array
    spread: Array
    odd: Truth
    factor: Array
    level: Array
    moved: Truth


@dataclass(slots=True, kw_only=True, eq=False)
class _State:
    """What is carried from one period to the next; `(series,)` unless said otherwise.

    `past` `(periods, series)` holds values that fit, `slope` the level of seasonal differences, `errors`
    `(series, window)` the newest absolute errors, `begun` where a run of odd values began, `side` their common sign (0
    where there is none), `silent` periods without a value, `still` whether no
    error differs from 0.
    """

    season: int
    past: Array
    slope: Array
    errors: Array
    spread: Array
    run: Index
    begun: Index
    side: Array
    silent: Index = field(init=False)
    still: Truth = field(init=False)

    def __post_init__(self) -> None:
        """Nobody has been silent or still yet."""
        self.silent = np.zeros(len(self.slope), dtype=np.int64)
        self.still = np.zeros(len(self.slope), dtype=bool)


def screen(block: Block, season: int, options: QualityOptions) -> Screen:
    """What the past says about each value of some series.

    Args:
        block: The series side by side.
        season: Periods of a season.
        options: Threshold in robust standard deviations, window, persistence.

    Returns:
        Expectations, spreads and verdicts. Nothing is said before a season and `minimum_errors` errors have passed.
    """
    y = block.y
    periods, series = y.shape
    found = Screen(
        expected=np.full(y.shape, np.nan),
        spread=np.full(y.shape, np.nan),
        odd=np.zeros(y.shape, dtype=bool),
        factor=np.ones(y.shape),
        level=np.zeros(y.shape),
        moved=np.zeros(y.shape, dtype=bool),
    )
    nothing = np.full(series, np.nan)
    state = _State(
        season=season,
        past=np.full(y.shape, np.nan),
        slope=nothing.copy(),
        errors=np.full((series, max(options.window, season)), np.nan),
        spread=nothing.copy(),
        run=np.zeros(series, dtype=np.int64),
        begun=np.zeros(series, dtype=np.int64),
        side=np.zeros(series),
    )
    for now in range(periods):
        if (block.first + now) % REFRESH == 0:
            state.spread, state.still = _spread(state.errors, options.minimum_errors)
        _look(now, y, state, found, options)
    return found


def _look(now: int, y: Array, state: _State, found: Screen, options: QualityOptions) -> None:
    """Compare one period with what was expected, then let the states take it in."""
    value, season = y[now], state.season
    before = state.past[now - season] if now >= season else np.full(len(value), np.nan)
    expected = before + state.slope
    error = _miss(value, expected)
    bound = options.threshold * state.spread
    odd = np.abs(error) > bound
    if now >= season and odd.any():
        again = odd & found.odd[now - season] & (np.abs(value - y[now - season] - state.slope) <= bound)
        before = np.where(again, y[now - season], before)
        expected = before + state.slope
        error, odd = _miss(value, expected), odd & ~again
    factor = _explain(value, expected, bound, odd | state.still)
    odd &= factor == 1
    found.expected[now], found.spread[now], found.odd[now], found.factor[now] = expected, state.spread, odd, factor

    seen = ~np.isnan(value)
    state.silent = np.where(seen, 0, state.silent + 1)
    fits = np.where(odd | ~seen, expected, value / factor)
    fits[seen & np.isnan(fits)] = value[seen & np.isnan(fits)]
    fits[state.silent > season] = np.nan
    state.past[now] = fits
    state.errors[:, now % state.errors.shape[1]] = np.abs(_miss(value / factor, expected))
    difference = fits - before
    moved = np.where(np.isnan(state.slope), difference, state.slope + MEMORY * (difference - state.slope))
    state.slope = np.where(state.silent > season, np.nan, np.where(np.isnan(moved), state.slope, moved))
    _count(now, odd, seen, error, state)
    for column in np.flatnonzero(state.run >= options.persistence):
        _give_in(now, int(column), y, state, found)


def _miss(value: Array, expected: Array) -> Array:
    """Value minus expectation, 0 where it is rounding."""
    error: Array = value - expected
    return np.where(np.abs(error) <= ROUNDING * np.abs(expected), 0.0, error)


def _count(now: int, odd: Truth, seen: Truth, error: Array, state: _State) -> None:
    """Lengthen or end the runs of odd values; a gap does neither."""
    sign = np.sign(error)
    starts = odd & (state.run == 0)
    state.begun = np.where(starts, now, state.begun)
    state.side = np.where(starts, sign, np.where(odd & (sign != state.side), 0.0, state.side))
    state.run = np.where(odd, state.run + 1, np.where(seen, 0, state.run))


def _give_in(now: int, column: int, y: Array, state: _State, found: Screen) -> None:
    """Follow a series that contradicted its past long enough: to a new level, or, on both sides, to a new pace."""
    begun = int(state.begun[column])
    run = slice(begun, now + 1)
    size = float(np.nanmedian(y[run, column] - found.expected[run, column]))
    own = state.past[:, column]
    if state.side[column]:
        found.level[begun, column] = size
        found.moved[run, column] = found.odd[run, column]
        own[max(0, begun - state.season) : begun] += size
    else:
        state.slope[column] += size
    own[run] = np.where(np.isnan(y[run, column]), own[run] + size, y[run, column])
    state.run[column] = 0


def _explain(value: Array, expected: Array, bound: Array, doubted: Truth) -> Array:
    """Factor of `FACTORS` by which each value has to be divided to be what was expected; 1 where none does.

    Doubted are values beyond the bound and those of series that never moved, which have none.
    """
    factor = np.ones(len(value))
    asked = np.flatnonzero(doubted & (expected != 0) & (value != expected))
    if len(asked):
        near = np.maximum(np.nan_to_num(bound[asked]), LIKE * np.abs(expected[asked]))
        large = np.abs(expected[asked]) > np.nan_to_num(bound[asked])
        miss = np.abs(value[asked] / np.array(FACTORS)[:, None] - expected[asked])
        best = miss.argmin(axis=0)
        fits = large & (miss[best, np.arange(len(asked))] <= near)
        factor[asked] = np.where(fits, np.array(FACTORS)[best], 1.0)
    return factor


def _spread(errors: Array, minimum: int) -> tuple[Array, Truth]:
    """Robust standard deviation of errors, `nan` where there are too few or all are 0, and whether enough all are 0.

    Args:
        errors: Absolute errors, `nan` where there is none. Shape `(series, window)`.
        minimum: Errors that it takes.
    """
    ordered = np.sort(errors, axis=1)
    count = (~np.isnan(ordered)).sum(axis=1)
    rows, last = np.arange(len(ordered)), np.maximum(count, 1)
    median = (ordered[rows, (last - 1) // 2] + ordered[rows, last // 2]) / 2
    spread = median / MEDIAN_OF_NORMAL
    still = np.flatnonzero(median == 0)
    if len(still):
        moves = np.where(ordered[still] > 0, ordered[still], 0.0)
        many = (moves > 0).sum(axis=1)
        spread[still] = np.where(many, MEAN_OF_NORMAL * moves.sum(axis=1) / np.maximum(many, 1), np.nan)
    enough = count >= minimum
    return np.where(enough, spread, np.nan), enough & np.isnan(spread)
