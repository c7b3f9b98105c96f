"""Options as they are shipped, and a small table of trust."""

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import TypeAdapter

from pulse_kedro.domain.metrics.trust import TRUST_COLUMNS, TrustOptions
from pulse_kedro.domain.training.promotion import PromotionOptions

SETTINGS = Path(__file__).parents[1] / "conf" / "base" / "parameters_metrics.yml"


def shipped() -> dict[str, Any]:
    """Parameters of the metrics room."""
    return dict(yaml.safe_load(SETTINGS.read_text(encoding="utf-8")))


def promotion_options() -> PromotionOptions:
    return TypeAdapter(PromotionOptions).validate_python(shipped()["promotion"])


def trust_options(**changes: object) -> TrustOptions:
    return TypeAdapter(TrustOptions).validate_python(shipped()["trust"] | changes)


def a_trust_table() -> pd.DataFrame:
    """One recipe, both events, one cell, and rules that never fired."""
    nothing = float("nan")
    rows = [
        ("r1", "overall", "all", "all", "skill", 0.75, 0.53, 0.92, 10.0, 10, 0.02, True),
        ("r1", "overall", "all", "all", "coverage", 0.8, 0.6, 0.95, 10.0, 10, 0.01, True),
        ("r1", "cell", "all", "expansion, calm", "skill", 0.7, 0.5, 0.9, 8.0, 8, 0.0, True),
        ("r1", "overall", "all", "all", "alignment", nothing, nothing, nothing, 0.0, 0, nothing, False),
    ]
    return pd.DataFrame(rows, columns=list(TRUST_COLUMNS))
