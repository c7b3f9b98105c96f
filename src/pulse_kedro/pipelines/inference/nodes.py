"""What goes into the ledger: quantile forecasts of the serving bundle."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.cycle import Cycle
from pulse_kedro.domain.errors import InvalidConfiguration
from pulse_kedro.domain.ledger import (
    CYCLE,
    FORECAST_COLUMNS,
    RAW_COLUMNS,
    RULED_COLUMNS,
)
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS
from pulse_kedro.domain.rules.corrector import correct
from pulse_kedro.forecasting.bundle import Bundle


class RulesNotApplicable(InvalidConfiguration):
    """A rulebook holds rules that this version cannot apply."""

    def __init__(self, count: int) -> None:
        """Keep how many rules there are."""
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        """Give the count and the way out."""
        return (
            f"Applying the rulebook failed: got {self.count} rules, expected an empty rulebook in this version. "
            "Use the version that wrote the rulebook."
        )


def issue_forecasts(
    *,
    serving_bundle: Bundle,
    cycle: Cycle,
    rulebook: Mapping[str, list[object]],
    overlay_correction: pd.DataFrame,
    features: pd.DataFrame,
) -> pd.DataFrame:
    """Quantile forecasts of every live series for the next steps: raw, and after rulebook and overlays."""
    if rulebook["rules"]:
        raise RulesNotApplicable(len(rulebook["rules"]))
    issued = serving_bundle.forecast()
    raw = issued[list(QUANTILE_COLUMNS)].set_axis(list(RAW_COLUMNS), axis=1)
    scales = features.groupby(ID, observed=True)["scale"].last().to_dict()
    ruled = correct(issued, QUANTILE_COLUMNS, overlay_correction, {str(name): scale for name, scale in scales.items()})
    ruled = ruled[list(QUANTILE_COLUMNS)].set_axis(list(RULED_COLUMNS), axis=1)
    head = issued.drop(columns=list(QUANTILE_COLUMNS)).assign(**{CYCLE: cycle.key})
    return pd.concat([head, raw, ruled], axis=1)[list(FORECAST_COLUMNS)]
