"""What `init-data` found, as plain data and as people read it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pulse_kedro.cli.printing import grid, print_lines

if TYPE_CHECKING:
    from pulse_kedro.cli.own_data import Examined

EXAMPLES = 3


def describe(examined: "Examined", *, written: Sequence[str], env: str) -> dict[str, Any]:
    """Plain data of what was found.

    Args:
        examined: The file and how it can be read.
        written: Settings files, as the project names them; empty when nothing was written.
        env: Environment that was written.

    Returns:
        `file`, `columns`, `dates`, `numbers`, `frequency`, `series`, `rows`, `gaps`, `notes`, `unused`, `settings`,
        `next`.
    """
    from pulse_kedro.domain.data_management.quality.stretches import find_gaps
    from pulse_kedro.domain.data_management.steps import spell
    from pulse_kedro.domain.panel import ID, TIME

    opened, proposal, rows = examined.opened, examined.proposal, examined.rows
    gaps, sizes = find_gaps(rows, examined.source.step), rows.groupby(ID, sort=False).size()
    return {
        "file": {"path": str(opened.path), "delimiter": opened.delimiter, "encoding": opened.encoding},
        "columns": {
            "unique_id": list(proposal.unique_id),
            "ds": proposal.ds,
            "y": list(proposal.y),
            "static": list(proposal.static),
        },
        "unused": dict(proposal.unused),
        "dates": {
            "format": proposal.date_format or "ISO 8601",
            "first": spell(rows[TIME].min()),
            "last": spell(rows[TIME].max()),
        },
        "numbers": {"decimal": proposal.decimal, "thousands": proposal.thousands},
        "frequency": proposal.frequency,
        "series": {"count": len(sizes), "shortest": int(sizes.min()), "longest": int(sizes.max())},
        "rows": _count(examined),
        "gaps": {"count": len(gaps), "periods": int(gaps["length"].sum())},
        "notes": [*proposal.notes, *examined.fit.notes],
        "settings": list(written),
        "next": _next(env, written),
    }


def _count(examined: "Examined") -> dict[str, Any]:
    kept, quarantine = len(examined.rows), examined.quarantine
    reasons = [f"row {row}: {reason}" for row, reason in quarantine[["row", "reason"]].head(EXAMPLES).to_numpy()]
    return {
        "in": kept + len(quarantine),
        "kept": kept,
        "quarantined": len(quarantine),
        "by_rule": {str(rule): int(count) for rule, count in quarantine["rule"].value_counts().items()},
        "examples": reasons,
    }


def _next(env: str, written: Sequence[str]) -> list[str]:
    if not written:
        return ["the same command without --dry-run"]
    where = "" if env == "local" else f" --env {env}"
    return [f"kedro run{where}", f"kedro pulse report{where}"]


def print_found(answer: dict[str, Any]) -> None:
    """Print what was found.

    Args:
        answer: What `describe` gave.
    """
    print_lines(grid(lines_of(answer)))


def lines_of(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """What was found, line by line.

    Args:
        answer: What `describe` gave.
    """
    columns, rows, series, dates = (answer[name] for name in ("columns", "rows", "series", "dates"))
    lines = [
        ("file", _file(answer["file"])),
        ("series", f"{series['count']:,} named by {_named(columns)}; {_range(series)}"),
        ("date", f"column {columns['ds']} ({dates['format']}), {dates['first']} to {dates['last']}"),
        ("frequency", answer["frequency"]),
        ("value", f"{_columns(columns['y'])}, {_numbers(answer['numbers'])}"),
    ]
    if columns["static"]:
        lines.append(("description", _columns(columns["static"])))
    lines += [("not used", f"{name}: {why}") for name, why in answer["unused"].items()]
    lines.append(("rows", f"{rows['in']:,} values, {rows['kept']:,} usable, {rows['quarantined']:,} set aside"))
    lines += [("", example) for example in rows["examples"]]
    gaps = answer["gaps"]
    lines.append(("gaps", f"{gaps['count']:,} with {gaps['periods']:,} missing periods" if gaps["count"] else "none"))
    lines += [("note", note) for note in answer["notes"]]
    lines += [("written", path) for path in answer["settings"]]
    return [*lines, ("next", ", then ".join(answer["next"]))]


def _file(file: dict[str, Any]) -> str:
    if file["delimiter"] is None:
        return f"{file['path']} (Parquet)"
    sign = "tab" if file["delimiter"] == "\t" else file["delimiter"]
    return f"{file['path']} ({file['encoding']}, delimiter {sign})"


def _named(columns: dict[str, Any]) -> str:
    if not columns["unique_id"]:
        return "the value column" if len(columns["y"]) == 1 else "the value columns"
    return _columns(columns["unique_id"]) + (" and the value column" if len(columns["y"]) > 1 else "")


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")  # noqa: PLR2004  # a line
    return f"column{'s' if len(names) > 1 else ''} {shown}"


def _range(series: dict[str, int]) -> str:
    if series["shortest"] == series["longest"]:
        return f"{series['longest']:,} values each"
    return f"{series['shortest']:,} to {series['longest']:,} values each"


def _numbers(numbers: dict[str, Any]) -> str:
    return f"spelled like 1{numbers['thousands'] or ''}234{numbers['decimal']}5"
