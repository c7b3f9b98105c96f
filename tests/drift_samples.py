"""Options of the drift check, and a report in which nothing changed, for the rooms that read them."""

from pathlib import Path

import pandas as pd
import yaml
from pydantic import TypeAdapter

from pulse_kedro.domain.metrics.drift.options import DriftOptions

CONF = Path(__file__).parents[1] / "conf" / "base" / "parameters_metrics.yml"
NOTHING_DRIFTED = pd.DataFrame(
    {
        "scope": ["concept", "label"],
        "series": ["(panel)", "(panel)"],
        "detector": ["level", "size"],
        "statistic": [1.0, 2.0],
        "threshold": [8.0, 9.0],
        "p": [0.5, 0.4],
        "effect": [0.1, 0.1],
        "alarm": [False, False],
        "since": pd.Series([pd.NaT, pd.NaT], dtype="datetime64[ns]"),
        "status": ["ok", "ok"],
        "rising": [True, False],
    }
)
NO_ACTION: dict[str, object] = {"rung": "none", "reason": "nothing changed", "acts": False, "evidence": {}}


def drift_options(**changes: object) -> DriftOptions:
    """The options of the repository, some of them changed."""
    written = yaml.safe_load(CONF.read_text(encoding="utf-8"))["drift"]
    return TypeAdapter(DriftOptions).validate_python(written | changes)
