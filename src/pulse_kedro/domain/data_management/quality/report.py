"""How good the data of one cycle are: counts, gaps, shares and the score, as one JSON document."""

from collections.abc import Mapping

import pandas as pd

from pulse_kedro.domain.data_management.quality.findings import KINDS, Findings, find, keep_largest
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.data_management.quality.stretches import find_gaps
from pulse_kedro.domain.data_management.quarantine import REPEAT_RULES
from pulse_kedro.domain.data_management.revisions import newest
from pulse_kedro.domain.data_management.series import ALIVE, ENDED, SHORT, describe_series
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.data_management.steps import spell
from pulse_kedro.domain.panel import ID, TARGET, TIME

_LONGEST = 50
_EXAMPLES = 3


def assess(
    rows: pd.DataFrame,
    quarantine: pd.DataFrame,
    snapshot: Snapshot,
    *,
    source: SourceOptions,
    options: QualityOptions,
    cleaned: pd.DataFrame,
) -> tuple[dict[str, object], pd.DataFrame]:
    """Quality report of a cycle's data, and its findings one by one.

    Args:
        rows: Usable rows of the source.
        quarantine: The other rows of the source.
        snapshot: The part of the rows that the cycle knows.
        source: What the source declares.
        options: What is suspicious, and what is good enough.
        cleaned: The cleaning log.

    Returns:
        JSON: where the data come from, rows of the whole source by fate, series of the snapshot by status, their gaps,
        findings by kind, shares against their limits, what was cleaned; and the largest findings. `rows.in` is always
        `rows.kept + rows.quarantined`.
    """
    gaps = find_gaps(snapshot.rows, source.step)
    missing, known = int(gaps["length"].sum()), len(snapshot.rows)
    findings = find(snapshot, quarantine, source, options)
    kept = keep_largest(findings.table, options.kept_findings)
    counts = _count_rows(rows, quarantine, snapshot)
    document = {
        "source": source.name,
        "snapshot": snapshot.id,
        "as_of": spell(snapshot.as_of),
        "unit": source.unit,
        "frequency": source.frequency,
        "first_period": spell(snapshot.rows[TIME].min()),
        "last_period": spell(snapshot.rows[TIME].max()),
        "rows": counts,
        "series": _name_series(rows, quarantine, snapshot, source),
        "gaps": {"count": len(gaps), "periods": missing, "longest": _list_gaps(gaps)},
        "missing_share": missing / (missing + known),
        "findings": _count_findings(findings, kept),
        "score": score(counts, findings, missing, options),
        "cleaning": _count_cleaned(cleaned),
    }
    return document, kept


def score(counts: Mapping[str, object], findings: Findings, missing: int, options: QualityOptions) -> dict[str, object]:
    """Shares of the data against their limits.

    Args:
        counts: Rows of the whole source by fate.
        findings: What was found.
        missing: Periods without a value between the first and the last value of a series.
        options: The limits.

    Returns:
        `quality`: of all values that should be there (known, missing and, in the proportion of the whole source, set
        aside other than as a repeat) the share that is there and not suspicious; `duplicates`: share of the source's
        rows that repeat or contradict another; `outliers`: share of the checked values; `examples`: known values. Each
        has its `value`, its `limit` and whether it `holds`; `good` says whether all do.

    Source:
        Limits: requirement D9, the earlier implementation's defaults. The formulas are ours: counts are rows.
    """
    by_rule = counts["by_rule"]
    rules = by_rule if isinstance(by_rule, Mapping) else {}
    total, kept, known = (int(str(counts[key])) for key in ("in", "kept", "known"))
    repeats = sum(int(rules.get(rule, 0)) for rule in REPEAT_RULES)
    lost = (total - kept - repeats) * known / max(kept, 1)
    outliers = int(findings.table["kind"].eq("outlier").sum())
    shares = {
        "quality": (known - findings.suspicious) / max(known + missing + lost, 1),
        "duplicates": repeats / max(total, 1),
        "outliers": outliers / max(findings.checked, 1),
        "examples": known,
    }
    lower = {"quality": options.minimum_quality, "examples": options.minimum_examples}
    upper = {"duplicates": options.maximum_duplicates, "outliers": options.maximum_outliers}
    measures = {
        name: {
            "value": value,
            "limit": lower.get(name, upper.get(name)),
            "holds": value >= lower[name] if name in lower else value <= upper[name],
        }
        for name, value in shares.items()
    }
    return {**measures, "good": all(measure["holds"] for measure in measures.values())}


def _count_findings(findings: Findings, kept: pd.DataFrame) -> dict[str, object]:
    """How many findings there are of each kind, what they count, and how many values were looked at."""
    groups = findings.table.groupby("kind")["n"]
    found, rows = groups.size(), groups.sum()
    return {
        "count": len(findings.table),
        "listed": len(kept),
        "checked": findings.checked,
        "suspicious": findings.suspicious,
        "by_kind": {kind: {"count": int(found[kind]), "n": int(rows[kind])} for kind in KINDS if kind in found},
    }


def _count_cleaned(log: pd.DataFrame) -> dict[str, int]:
    """Values by what was done to them."""
    return {str(policy): int(count) for policy, count in log["policy"].value_counts(sort=False).sort_index().items()}


def _count_rows(rows: pd.DataFrame, quarantine: pd.DataFrame, snapshot: Snapshot) -> dict[str, object]:
    """Rows of the whole source by what became of them."""
    values = len(newest(rows))
    rules = quarantine.groupby("rule", sort=True)
    return {
        "in": len(rows) + len(quarantine),
        "kept": len(rows),
        "quarantined": len(quarantine),
        "by_rule": {str(rule): len(group) for rule, group in rules},
        "examples": {
            str(rule): [f"row {row}: {reason}" for row, reason in group[["row", "reason"]].head(_EXAMPLES).to_numpy()]
            for rule, group in rules
        },
        "known": len(snapshot.rows),
        "after_as_of": values - len(snapshot.rows),
        "revisions": len(rows) - values,
    }


def _name_series(
    rows: pd.DataFrame, quarantine: pd.DataFrame, snapshot: Snapshot, options: SourceOptions
) -> dict[str, object]:
    """How many series there are, and the names of those that a person should look at."""
    series = describe_series(snapshot, options)
    values = snapshot.rows.groupby(ID, sort=True)[TARGET]
    constant = values.nunique().eq(1) & values.size().gt(1)
    return {
        "total": len(series),
        ALIVE: int(series["status"].eq(ALIVE).sum()),
        ENDED: series.loc[series["status"].eq(ENDED), ID].tolist(),
        SHORT: series.loc[series["status"].eq(SHORT), ID].tolist(),
        "constant": constant.index[constant].tolist(),
        "lost": sorted(set(quarantine["series"].dropna()) - set(rows[ID])),
    }


def _list_gaps(gaps: pd.DataFrame) -> list[dict[str, object]]:
    """The longest gaps, longest first; all of them where there are few."""
    longest = gaps.sort_values(["length", ID, "from"], ascending=[False, True, True]).head(_LONGEST)
    return [
        {ID: str(row[ID]), "from": spell(row["from"]), "to": spell(row["to"]), "length": int(row["length"])}
        for row in longest.to_dict(orient="records")
    ]
