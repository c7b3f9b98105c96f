"""`data quality` as people read it."""

from collections.abc import Mapping
from typing import Any

from pulse_kedro.cli.door import FIRST
from pulse_kedro.cli.printing import grid, print_lines, table

Answer = Mapping[str, Any]
FINDINGS = ("kind", "series", "from", "to", "n", "evidence")
LIMITS = {"quality": "at least", "duplicates": "at most", "outliers": "at most", "examples": "at least"}


def print_quality(answer: Answer) -> None:
    """Print shares, counts and findings.

    Args:
        answer: What `quality_of` gave.
    """
    rows = [finding_row(finding) for finding in answer["findings"]]
    more = answer["count"] - len(rows)
    rest = [f"{more} more; --limit shows them, --kind and --series choose."] if more > 0 else []
    print_lines(grid(head_rows(answer)), "", *([table(FINDINGS, rows, numbers=("n",))] if rows else []), *rest)


def head_rows(answer: Answer) -> list[tuple[str, str]]:
    """Names and texts above the table.

    Args:
        answer: What `quality_of` gave.
    """
    counted = answer["rows"]
    kinds = (f"{kind.replace('_', ' ')} {found['count']}" for kind, found in answer["by_kind"].items())
    cleaned = (f"{policy} {count}" for policy, count in answer["cleaning"].items())
    return [
        ("data", f"{answer['source']} as of {answer['as_of']}, snapshot {answer['snapshot']}"),
        ("verdict", "good" if answer["good"] else "poor: " + ", ".join(broken(answer))),
        *((name, measure_text(name, measure)) for name, measure in answer["measures"].items()),
        ("rows", f"{counted['in']:,} in, {counted['quarantined']:,} set aside, {counted['known']:,} known"),
        ("findings", ", ".join(kinds) or "none"),
        ("cleaned", ", ".join(cleaned) or "nothing"),
    ]


def broken(answer: Answer) -> list[str]:
    """Measures beyond their limit."""
    return [name for name, measure in answer["measures"].items() if not measure["holds"]]


def measure_text(name: str, measure: Answer) -> str:
    """A measure with its limit.

    Example:
        >>> measure_text("outliers", {"value": 0.0033, "limit": 0.1, "holds": True})
        '0.33% (at most 10%)'
        >>> measure_text("examples", {"value": 72339, "limit": 5, "holds": True})
        '72,339 values (at least 5)'
    """
    if name == "examples":
        return f"{measure['value']:,} values ({LIMITS[name]} {measure['limit']:,})"
    return f"{100 * measure['value']:.3g}% ({LIMITS[name]} {100 * measure['limit']:g}%)"


def finding_row(finding: Answer) -> list[str]:
    """One finding, a text per entry of `FINDINGS`.

    Args:
        finding: An entry of `findings`.
    """
    first, last = (finding[name] or "-" for name in ("from", "to"))
    return [finding["kind"], finding["unique_id"], first, last, str(finding["n"]), finding["evidence"]]


def missing_words(report: Answer, source: str | None, as_of: str | None) -> str:
    """Why there is no answer, and what makes one.

    Args:
        report: The quality report that is there; empty where there is none.
        source: Source that was asked for.
        as_of: Period that was asked for.
    """
    if not report:
        return FIRST
    asked = " ".join(filter(None, (source and f"source {source}", as_of and f"as of {as_of}")))
    step = f"--params as_of={as_of}" if as_of else ""
    return (
        f"No quality report of {asked}: the newest one is of {report['source']} as of {report['as_of']}. "
        f"Next: `{' '.join(filter(None, ('kedro run', step)))}` writes one."
    )
