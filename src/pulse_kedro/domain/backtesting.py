"""Rolling-origin cutoffs: where history is replayed, and what each cutoff is used for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Frequency

BURN_IN, CALIBRATION, EVALUATION, OPEN = "burn_in", "calibration", "evaluation", "open"
CUTOFF, STEP = "cutoff", "step"
FEWEST = 4
"""Resolved cutoffs without which neither errors nor scores mean anything; ours."""


@pydantic_dataclass(
    frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True)
)
class BacktestOptions:
    """How much of history is replayed, in cutoffs one period apart."""

    burn_in: int = Field(ge=0)
    """Cutoffs that only feed the choice of a combination."""
    calibration: int = Field(ge=12)
    """Resolved cutoffs whose errors calibrate the first evaluated interval."""
    evaluation: int = Field(ge=6)
    """Newest resolved cutoffs, on which everything is scored."""
    minimum_history: int | None = Field(ge=2)
    """Periods before the first cutoff; `null` takes what the frequency suggests."""
    max_gigabytes: float = Field(gt=0)
    """Memory that a replay may take, in units of 10^9 bytes; a larger one is refused before it begins."""
    member_quantiles: bool = False
    """Whether members have quantiles in the table too, from their own earlier errors; nobody issues them."""


class HistoryTooShort(InvalidInput):
    """The data leave no room for a backtest."""

    def __init__(self, periods: int, needed: int) -> None:
        """Keep both counts."""
        super().__init__(periods, needed)
        self.periods, self.needed = periods, needed

    def __str__(self) -> str:
        """Give both counts and the next step."""
        return (
            f"Planning the backtest failed: got {self.periods} periods, expected at least {self.needed}. "
            "Bring a longer history, or lower `backtest.minimum_history` and `recipe.horizon` in conf/."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    burn_in: int
    calibration: int
    evaluation: int


def _fit_sizes(resolved: int, horizon: int, options: BacktestOptions) -> _Sizes:
    """Shares of the resolved cutoffs; where history is short, evaluation and then calibration keep their part."""
    evaluation = min(options.evaluation, max(1, resolved // 4))
    calibration = min(options.calibration + horizon, resolved - evaluation)
    burn_in = min(options.burn_in, resolved - evaluation - calibration)
    return _Sizes(burn_in=burn_in, calibration=calibration, evaluation=evaluation)


def plan_cutoffs(times: pd.DatetimeIndex, freq: Frequency, *, horizon: int, options: BacktestOptions) -> pd.DataFrame:
    """Cutoffs at which history is replayed, oldest first.

    Args:
        times: Every period of the data, regular, the last one being the newest that is known.
        freq: Length of a period.
        horizon: Steps ahead that are forecast.
        options: How many cutoffs each purpose gets where history allows.

    Returns:
        Columns `cutoff` and `purpose`. The newest `horizon` cutoffs are `open`: not all of their targets are known.
        Calibration has `horizon` cutoffs more than asked, so that the first evaluated one finds its errors resolved.

    Raises:
        HistoryTooShort: Not even four resolved cutoffs fit.

    Source:
        Tashman (2000), rolling-origin evaluation with an expanding window.
    """
    history = options.minimum_history or freq.minimum_history
    resolved = len(times) - history - horizon
    if resolved < FEWEST:
        raise HistoryTooShort(len(times), history + horizon + FEWEST)
    sizes = _fit_sizes(resolved, horizon, options)
    counts = [sizes.burn_in, sizes.calibration, sizes.evaluation, horizon]
    purposes = np.repeat([BURN_IN, CALIBRATION, EVALUATION, OPEN], counts)
    return pd.DataFrame({CUTOFF: times[-len(purposes) :], "purpose": purposes})
