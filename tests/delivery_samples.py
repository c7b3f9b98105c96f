"""A contract with three versions, and rows that keep each of them."""

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from pulse_kedro.domain.data_management.deliveries.contracts import ContractOptions

DECLARED = {
    "current": 3,
    "version_column": "schema",
    "versions": {
        1: {"columns": {"shop": "text", "month": "date", "sales": "number"}, "cells": "typed"},
        2: {
            "columns": {"shop": "text", "month": "date", "sales": "number", "title": "text or empty"},
            "cells": "typed",
        },
        3: {
            "columns": {"shop": "text", "month": "date", "pieces": "number", "title": "text or empty"},
            "cells": "typed",
        },
    },
}


def contract(**changes: object) -> ContractOptions:
    made: ContractOptions = TypeAdapter(ContractOptions).validate_python({**DECLARED, **changes})
    return made


def rows(version: int, count: int = 2) -> pd.DataFrame:
    """Rows that keep a version, without saying which it is."""
    table = pd.DataFrame({"shop": ["a"] * count, "month": pd.date_range("2019-01-01", periods=count, freq="MS")})
    table["sales" if version < 3 else "pieces"] = np.arange(float(count))
    return table if version == 1 else table.assign(title=None)
