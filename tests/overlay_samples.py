"""The terms of overlays as in conf/, and what the rooms after them read where there are none."""

from pathlib import Path

import pandas as pd
import yaml
from pydantic import TypeAdapter

from pulse_kedro.domain.rules.corrector import OverlayOptions

CONF = Path(__file__).parents[1] / "conf/base/parameters_data_management.yml"
NO_CORRECTION = pd.DataFrame({"unique_id": pd.Series(dtype=object), "step": pd.Series(dtype="int64"), "correction": []})
NOTHING = {"kept": False, "reason": "No overlay is defined.", "overlays": ()}


def overlay_options(**changes: object) -> OverlayOptions:
    """What conf/base declares, changed."""
    written = yaml.safe_load(CONF.read_text(encoding="utf-8"))["overlays"]
    return TypeAdapter(OverlayOptions).validate_python(written | changes)
