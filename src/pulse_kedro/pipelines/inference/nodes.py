"""What goes into the ledger: quantile forecasts of the serving bundle, as it makes them and as rules leave them."""

import pandas as pd

from pulse_kedro.domain.cycle import Cycle
from pulse_kedro.domain.ledger import (
    CUTOFF,
    CYCLE,
    FORECAST_COLUMNS,
    RAW_COLUMNS,
    RULED_COLUMNS,
)
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS
from pulse_kedro.domain.rules.corrector import correct
from pulse_kedro.forecasting.bundle import Bundle


def issue_forecasts(
    *,
    serving_bundle: Bundle,
    cycle: Cycle,
    rule_shifts: pd.DataFrame,
    overlay_correction: pd.DataFrame,
    features: pd.DataFrame,
) -> pd.DataFrame:
    """Quantile forecasts of every live series for the next steps: raw, and after rules and overlays.

    Both move all quantiles of a series and step by the same share of its scale; the point and the raw ones stay.
    """
    issued = serving_bundle.forecast()
    raw = issued[list(QUANTILE_COLUMNS)].set_axis(list(RAW_COLUMNS), axis=1)
    scales = features.groupby(ID, observed=True)["scale"].last().to_dict()
    scale = {str(name): value for name, value in scales.items()}
    now = rule_shifts[rule_shifts[CUTOFF] == cycle.period.as_of].rename(columns={"shift": "correction"})
    ruled = correct(correct(issued, QUANTILE_COLUMNS, now, scale), QUANTILE_COLUMNS, overlay_correction, scale)
    ruled = ruled[list(QUANTILE_COLUMNS)].set_axis(list(RULED_COLUMNS), axis=1)
    head = issued.drop(columns=list(QUANTILE_COLUMNS)).assign(**{CYCLE: cycle.key})
    return pd.concat([head, raw, ruled], axis=1)[list(FORECAST_COLUMNS)]
