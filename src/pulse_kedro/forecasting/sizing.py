"""How much data a recipe and its backtest need, and how much memory they take; fitting settings for unusual sizes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from pulse_kedro.domain.backtesting import FEWEST, BacktestOptions
from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.panel import Frequency
from pulse_kedro.forecasting.kinds import RIDGE_KINDS
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions, RecipeSettings
from pulse_kedro.forecasting.windows import window_schema

BYTES_PER_CELL, BYTES_PER_MODEL = 200, 18
"""Memory that a backtest takes per cutoff, step and series: quantiles and candidates, and what each model adds."""
LARGEST_OWN_STATE = 5 * 10**8
"""Bytes that the sums of each series may take in one member; ours, an eighth of the default limit of a backtest."""
BYTES_PER_ROW = 400
"""Memory per row of the backtest table (evaluated cutoff, step, series, model) and of what is computed from it; both
measured on the default recipe: 2,000 daily series over 244 cutoffs of 14 steps, 60 evaluated, took 12.5 GB."""
USABLE = 0.8
"""Share of the median history that a member's window may span (`forecasting.md` 2.6); a longer one rarely learns."""
ROOMY = 24
"""Resolved cutoffs below which the defaults are given up for shorter ones; ours."""
SMALLEST = {"burn_in": 0, "calibration": 12, "evaluation": 6}
"""The least a backtest keeps when memory is short."""


class ReplayTooLarge(InvalidConfiguration):
    """A backtest would take more memory than the settings allow."""

    def __init__(self, needed: float, allowed: float, cells: Mapping[str, int]) -> None:
        """Keep both sizes in gigabytes, and what the size is made of."""
        super().__init__(needed, allowed, dict(cells))
        self.needed, self.allowed, self.cells = needed, allowed, dict(cells)

    def __str__(self) -> str:
        """Give the sizes and the settings that change them."""
        made_of = ", ".join(f"{count:,} {name}" for name, count in self.cells.items())
        return (
            f"Planning the backtest failed: got a need of about {self.needed:.1f} GB ({made_of}), expected at most "
            f"{self.allowed:g} GB (backtest.max_gigabytes). Lower backtest.evaluation, backtest.calibration or "
            "recipe.horizon in conf/, or raise the limit where the machine has the memory."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Size of a panel: number of series, periods from the first to the last, observations of the median series."""

    series: int
    periods: int
    median: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Settings that differ from the defaults for a panel of some size, and why; empty where the defaults fit."""

    recipe: Mapping[str, object]
    backtest: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Size of a backtest: all cutoffs, evaluated ones, steps ahead, series, and models, the combination included."""

    cutoffs: int
    evaluated: int
    horizon: int
    series: int
    models: int

    @property
    def gigabytes(self) -> float:
        """Memory that it takes, in units of 10^9 bytes."""
        per_cell = BYTES_PER_CELL + BYTES_PER_MODEL * self.models
        per_series = per_cell * self.cutoffs + BYTES_PER_ROW * self.evaluated * self.models
        return per_series * self.horizon * self.series / 1e9


def require_memory(replayed: Replayed, *, allowed: float) -> None:
    """Refuse a backtest that would not fit.

    Raises:
        ReplayTooLarge: It needs more than `allowed` gigabytes.
    """
    if replayed.gigabytes > allowed:
        raise ReplayTooLarge(replayed.gigabytes, allowed, asdict(replayed))


def fit(extent: Extent, freq: Frequency, recipe: RecipeSettings, backtest: BacktestOptions) -> Fit:
    """Settings for a panel that is shorter or larger than the defaults are made for.

    Args:
        extent: Size of the panel.
        freq: Its frequency.
        recipe: The settings in force.
        backtest: The settings in force.

    Returns:
        Only what has to change: a shorter horizon and less history before the first cutoff for short data, fewer
        members where their windows would span too much of the median series, fewer cutoffs for many series.
    """
    full = recipe.resolve(freq)
    horizon, history, notes = _fit_length(extent, freq, full.horizon, backtest)
    changed: dict[str, object] = {} if horizon == full.horizon else {"horizon": horizon}
    members = _fit_members(extent, full, horizon)
    if len(members) < len(full.members):
        changed["members"] = members
        notes.append(
            f"{len(full.members) - len(members)} of {len(full.members)} members are left out: their windows are too "
            f"long for a median series of {extent.median} observations"
        )
    counts = {} if history is None else {"minimum_history": history}
    if extent.median <= freq.season_length:
        notes.append(
            f"half of the series have {extent.median} values or fewer; a forecast takes {freq.season_length + 1}"
        )
    fewer, needed = _fit_memory(extent, horizon, len(members) + 1, backtest)
    if fewer:
        notes.append(f"fewer cutoffs are replayed, for memory: {extent.series:,} series")
    if needed > backtest.max_gigabytes:
        notes.append(
            f"a cycle takes about {needed:.1f} GB of memory, more than backtest.max_gigabytes allows "
            f"({backtest.max_gigabytes:g}): raise it where the machine has the memory, or split the file"
        )
    return Fit(recipe=changed, backtest=counts | fewer, notes=tuple(notes))


def _fit_length(
    extent: Extent, freq: Frequency, horizon: int, backtest: BacktestOptions
) -> tuple[int, int | None, list[str]]:
    """Horizon, and history before the first cutoff where it has to change."""
    history = backtest.minimum_history or freq.minimum_history
    if extent.periods - history - horizon >= ROOMY:
        return horizon, None, []
    shorter = min(horizon, max(1, extent.periods // 6))
    before = min(history, max(freq.season_length + 2, extent.periods // 3))
    before = max(2, min(before, extent.periods - shorter - FEWEST))
    note = f"{extent.periods} periods are short: {shorter} steps ahead, backtest from period {before + 1} on"
    return shorter, before, [note]


def usable(recipe: RecipeOptions, median: int, series: int) -> tuple[MemberOptions, ...]:
    """Members whose windows leave something to learn from, and whose state for so many series fits into memory.

    Args:
        recipe: All members, and the horizon.
        median: Observations of the median series.
        series: Number of series.
    """
    longest = USABLE * median - recipe.horizon
    return tuple(
        member
        for member in recipe.members
        if member.kind not in RIDGE_KINDS
        or (
            window_schema(member, recipe).history <= longest and _own_bytes(member, recipe, series) <= LARGEST_OWN_STATE
        )
    )


def _own_bytes(member: MemberOptions, recipe: RecipeOptions, series: int) -> int:
    """Size of the sums that a member keeps of each series."""
    if member.kind != "local_ridge":
        return 0
    schema = window_schema(member, recipe)
    return 8 * series * schema.features * (schema.features + 2 * schema.horizon)


def _fit_members(extent: Extent, recipe: RecipeOptions, horizon: int) -> list[dict[str, object]]:
    """Members that are of use, as settings."""
    kept = usable(replace(recipe, horizon=horizon), extent.median, extent.series)
    return [_as_settings(member, recipe.season_length) for member in kept]


def _as_settings(member: MemberOptions, season_length: int) -> dict[str, object]:
    """What the settings would say of a member; they count its half-life in seasons."""
    said = {name: value for name, value in asdict(member).items() if value is not None}
    if member.half_life is not None:
        said["half_life"] = member.half_life / (member.season or season_length)
    return said


def _fit_memory(extent: Extent, horizon: int, models: int, backtest: BacktestOptions) -> tuple[dict[str, int], float]:
    """Numbers of cutoffs that fit into the memory that is allowed, and what they take; none where those in force do."""

    def gigabytes(counts: Mapping[str, int]) -> float:
        cutoffs = sum(counts.values()) + 2 * horizon  # open cutoffs, and the calibration's own
        evaluated = counts["evaluation"]
        size = Replayed(cutoffs=cutoffs, evaluated=evaluated, horizon=horizon, series=extent.series, models=models)
        return size.gigabytes

    full = {name: int(getattr(backtest, name)) for name in SMALLEST}
    needed, least = gigabytes(full), gigabytes(SMALLEST)
    if needed <= backtest.max_gigabytes:
        return {}, needed
    share = max(0.0, (backtest.max_gigabytes - least) / (needed - least))
    fewer = {name: int(least + share * (full[name] - least)) for name, least in SMALLEST.items()}
    return fewer, gigabytes(fewer)
