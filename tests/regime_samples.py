"""Options of the regime sensor and small frames of regimes, for the rooms that read them."""

from pathlib import Path

import pandas as pd
import yaml
from pydantic import TypeAdapter

from pulse_kedro.domain.data_management.regimes import RegimeOptions, sense
from pulse_kedro.domain.panel import frequency

CONF = Path(__file__).parents[1] / "conf" / "base" / "parameters_data_management.yml"
NO_RECESSIONS = pd.DataFrame({"peak": pd.to_datetime([]), "trough": pd.to_datetime([])})


def regime_options(**changes: object) -> RegimeOptions:
    """The options of the repository, some of them changed."""
    written = yaml.safe_load(CONF.read_text(encoding="utf-8"))["regimes"]
    return TypeAdapter(RegimeOptions).validate_python(written | changes)


def regimes_of(panel: pd.DataFrame, freq: str = "monthly", **changes: object) -> pd.DataFrame:
    """Regimes of a panel."""
    return sense(panel, frequency(freq), regime_options(**changes))[0]


def two_regimes(when: str) -> pd.DataFrame:
    """The last two periods of an invented sensor."""
    ends = pd.Timestamp(when)
    rows = [
        {"ds": ds, "axis": axis, "state": state, "probability": 0.1, "value": 1.0, "gain": 9.0, "since": ds}
        for ds in (ends - pd.DateOffset(months=1), ends)
        for axis, state in (("growth", "expansion"), ("volatility", "calm"))
    ]
    return pd.DataFrame(rows).assign(basis="made up", version="regimes-1")
