"""What kedro-viz shows of the project's own datasets: a few values or rows, read without side effects."""

import json
from pathlib import Path

import pandas as pd
from kedro_datasets._typing import JSONPreview, TablePreview

ROWS = 5
"""As many rows as kedro-viz shows of other tables."""


def preview_values(values: object) -> JSONPreview:
    """Plain values as kedro-viz shows them.

    Args:
        values: Whatever JSON can hold; anything else appears as text.

    Example:
        >>> preview_values({"id": "s1"})
        '{"id": "s1"}'
    """
    return JSONPreview(json.dumps(values, default=str))


def preview_file(path: Path) -> JSONPreview:
    """A JSON file; `null` where there is none yet.

    Args:
        path: The file.

    Example:
        >>> preview_file(Path("/nowhere/period.json"))
        'null'
    """
    return preview_values(json.loads(path.read_text(encoding="utf-8")) if path.exists() else None)


def preview_rows(table: pd.DataFrame) -> TablePreview:
    """The last rows of a table, where what is new stands; moments as text.

    Args:
        table: Any table.

    Example:
        >>> preview_rows(pd.DataFrame({"cycle": ["c1"], "as_of": pd.to_datetime(["2018-12-01"])}))["data"]
        [['c1', '2018-12-01']]
    """
    shown = table.tail(ROWS).reset_index(drop=True)
    moments = shown.select_dtypes(["datetime", "datetimetz"]).columns
    return TablePreview(shown.assign(**{name: shown[name].astype(str) for name in moments}).to_dict(orient="split"))
