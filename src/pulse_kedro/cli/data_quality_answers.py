"""What `data quality` answers, as plain data: exactly what `--json` prints."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from pulse_kedro.domain.data_management.quality.findings import keep_largest
from pulse_kedro.domain.data_management.steps import spell
from pulse_kedro.domain.panel import ID, TIME

Answer = dict[str, object]
MEASURES = ("quality", "duplicates", "outliers", "examples")
NO_QUALITY: Mapping[str, object] = {
    "source": None,
    "as_of": None,
    "snapshot": None,
    "good": None,
    "measures": {},
    "rows": {},
    "by_kind": {},
    "cleaning": {},
    "count": 0,
    "findings": [],
}


def quality_of(
    report: Mapping[str, Any], findings: pd.DataFrame, *, series: str, kind: str | None, limit: int
) -> Answer:
    """Shares, counts and the largest findings.

    Args:
        report: The quality report of a run.
        findings: Its findings one by one.
        series: Pattern of series ids.
        kind: One kind; `None` takes all.
        limit: Most findings.

    Returns:
        `source`, `as_of`, `snapshot`, `good` (whether every share keeps its limit), `measures` (each with `value`,
        `limit`, `holds`), `rows` by fate, `by_kind` (findings and what they count, of the whole run), `cleaning`
        (values by policy), `count` (findings that fit) and `findings`, the largest of them by series and period.
    """
    chosen = findings[[fnmatchcase(str(name), series) for name in findings[ID]]]
    chosen = chosen if kind is None else chosen[chosen["kind"] == kind]
    score, rows = report["score"], report["rows"]
    return {
        "source": report["source"],
        "as_of": report["as_of"],
        "snapshot": report["snapshot"],
        "good": score["good"],
        "measures": {name: score[name] for name in MEASURES},
        "rows": {name: rows[name] for name in ("in", "kept", "quarantined", "known")},
        "by_kind": report["findings"]["by_kind"],
        "cleaning": report["cleaning"],
        "count": len(chosen),
        "findings": [_finding(row) for row in keep_largest(chosen, limit).to_dict(orient="records")],
    }


def _finding(row: Mapping[Any, Any]) -> Answer:
    first, last = (None if pd.isna(row[name]) else spell(row[name]) for name in (TIME, "until"))
    return {
        ID: row[ID],
        "kind": row["kind"],
        "from": first,
        "to": last,
        "n": int(row["n"]),
        "size": float(row["size"]),
        "evidence": row["evidence"],
    }
