"""Where the errors of the serving recipe are, and whether its intervals hold what they promise; nothing is decided."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.metrics.calibration import check_quantiles
from pulse_kedro.domain.metrics.error_slices import slice_errors, states_at
from pulse_kedro.domain.metrics.residuals import residuals_of
from pulse_kedro.domain.panel import frequency


def analyse_errors(
    backtest: pd.DataFrame, regimes: pd.DataFrame, promotion_decision: Mapping[str, object], period: Period
) -> pd.DataFrame:
    """Errors of the serving recipe by regime at the cutoff, step ahead, year and series."""
    residuals = residuals_of(backtest, str(promotion_decision["recipe"]), frequency(period.frequency))
    return slice_errors(residuals, states_at(regimes, residuals.cutoffs))


def check_calibration(backtest: pd.DataFrame, promotion_decision: Mapping[str, object]) -> pd.DataFrame:
    """Promised against observed shares of the serving recipe's quantiles."""
    return check_quantiles(backtest, str(promotion_decision["recipe"]))
