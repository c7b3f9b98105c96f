"""What stands under `conf/`, and the source that it names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kedro.config import AbstractConfigLoader, MissingConfigException

from pulse_kedro.adapters.checks.findings import Finding, failure, ok
from pulse_kedro.adapters.configuration import DATA_ROOT, database_url

KINDS = ("globals", "parameters", "catalog")
LISTED = 3


def check_configuration(loader: AbstractConfigLoader) -> Finding:
    """Whether every kind of configuration can be read, with all it refers to.

    Args:
        loader: Configuration of the environment.
    """
    problems = [f"{kind}: {problem}" for kind in KINDS if (problem := _unreadable(loader, kind))]
    if problems:
        return failure("configuration", "; ".join(problems), f"Mend the file under conf/base or conf/{loader.env}.")
    database_url(loader)
    counts = f"{len(loader['catalog'])} catalog entries, {len(loader['parameters'])} parameter groups"
    return ok("configuration", f"environment {loader.env}: {counts}, data root {loader['globals'].get(DATA_ROOT)}")


def check_catalog(
    entries: Mapping[str, Mapping[str, Any]], build: Callable[[str, Mapping[str, Any]], object]
) -> Finding:
    """Whether the dataset of every catalog entry can be made; none is loaded.

    Args:
        entries: What each entry says, by name.
        build: Makes the dataset of one entry.
    """
    problems = list(_unbuildable(entries, build))
    if not problems:
        return ok("catalog", f"all {len(entries)} datasets can be made")
    more = f" (and {len(problems) - LISTED} more)" if len(problems) > LISTED else ""
    advice = "Mend the entry in the catalog file, or install the package that its type needs."
    return failure("catalog", "; ".join(problems[:LISTED]) + more, advice)


def check_parameters(parameters: Mapping[str, Any], pipelines: Mapping[str, Any]) -> Finding:
    """Whether the options of every node can be built from the parameters.

    Args:
        parameters: What the files declare.
        pipelines: The registered pipelines.
    """
    from kedro.validation import ParameterValidationError, ParameterValidator

    try:
        ParameterValidator(dict(pipelines)).validate_raw_params(dict(parameters))
    except ParameterValidationError as error:
        said = " ".join(str(error).split())
        return failure("parameters", said, "Mend the parameters file; the comment beside each value says its range.")
    return ok("parameters", f"{len(parameters)} groups, every value in its range")


def check_source(name: str, load: Callable[[], Any], columns: Sequence[str]) -> Finding:
    """Whether the table that cycles start from can be read and has the declared columns.

    Args:
        name: Its catalog entry.
        load: Reads it.
        columns: Columns that the parameters name.
    """
    advice = f"Mend `{name}` in the catalog, or the file it names; `source.columns` says what its columns are called."
    try:
        table = load()
    except Exception as error:  # noqa: BLE001  # whatever the user's dataset raises is the finding
        told = " ".join(str(error.__cause__ or error).split())  # Kedro's own words repeat the whole entry
        return failure("source", f"{name} cannot be read: {told}", advice)
    missing = [column for column in columns if column not in table.columns]
    if missing:
        there = ", ".join(map(str, table.columns))
        return failure("source", f"{name} lacks the columns {', '.join(missing)}; it has {there}", advice)
    if not len(table):
        return failure("source", f"{name} has no rows", advice)
    return ok("source", f"{name}: {len(table):,} rows, columns {', '.join(map(str, table.columns))}")


def columns_of(source: Mapping[str, Any]) -> list[str]:
    """Columns of the table that the parameters name.

    Args:
        source: The parameter `source`.

    Example:
        >>> columns_of({"columns": {"unique_id": "shop", "ds": "day", "y": "sold"}, "static": ["town"]})
        ['shop', 'day', 'sold', 'town']
    """
    named = [*source.get("columns", {}).values(), source.get("static") or []]
    return [name for value in named for name in ([value] if isinstance(value, str) else value or [])]


def _unreadable(loader: AbstractConfigLoader, kind: str) -> str:
    """Why a kind of configuration cannot be read; empty when it can."""
    try:
        loader[kind]
    except MissingConfigException:
        return "no such file"
    except Exception as error:  # noqa: BLE001  # YAML, interpolation, duplicates: whatever it is, it is the finding
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _unbuildable(
    entries: Mapping[str, Mapping[str, Any]], build: Callable[[str, Mapping[str, Any]], object]
) -> Iterator[str]:
    for name, entry in entries.items():
        try:
            build(name, entry)
        except Exception as error:  # noqa: BLE001  # see above
            yield f"{name}: {' '.join(str(error).split())}"
