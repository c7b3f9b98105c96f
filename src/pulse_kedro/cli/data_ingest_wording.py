"""What `data ingest` did, as people read it: one line per source, and below it what went wrong."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulse_kedro.cli.printing import print_lines

Answer = Mapping[str, Any]


def print_ingested(answer: Answer) -> None:
    """Print what became of each source.

    Args:
        answer: What `answer_of` gave.
    """
    for one in answer["sources"]:
        print_lines(*lines_of(one))


def lines_of(one: Answer) -> Iterator[str]:
    """One line about a source, and one for each thing that a person should look at.

    Args:
        one: An entry of the answer.

    Example:
        >>> counts = {"rows_in": 24, "stored": 23, "revisions": 0, "duplicates": 0, "quarantined": 1}
        >>> rest = {"by_rule": {"text_value": 1}, "drift": [], "hooks": {}, "error": None, "snapshot": "s1"}
        >>> for line in lines_of({"source": "shops", "status": "stored", **counts, **rest}):
        ...     print(line)
        shops: stored 23 of 24 rows as s1 (0 revisions), 0 duplicates, 1 set aside
          set aside: text_value 1; see `kedro pulse data quarantine list --source shops`
    """
    name = one["source"]
    if one["status"] == "failed":
        yield f"{name}: failed. {one['error']}"
        return
    stored = f"stored {one['stored']:,} of {one['rows_in']:,} rows"
    where = f" as {one['snapshot']}" if one["stored"] else ""
    counts = f"{one['duplicates']:,} duplicates, {one['quarantined']:,} set aside"
    yield f"{name}: {stored}{where} ({one['revisions']:,} revisions), {counts}"
    if one["status"] == "refused":
        yield f"  refused: {one['error']}"
    if one["by_rule"]:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in one["by_rule"].items())
        yield f"  set aside: {rules}; see `kedro pulse data quarantine list --source {name}`"
    for drift in one["drift"]:
        yield f"  drift: {drift['kind'].replace('_', ' ')} {drift['what']} in {drift['rows']:,} rows"
    for hook, problem in one["hooks"].items():
        yield f"  hook {hook}: {problem}"
