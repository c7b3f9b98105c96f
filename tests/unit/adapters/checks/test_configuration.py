"""What is said about catalog, parameters and source."""

import pandas as pd
import pytest
from kedro.io import DatasetError
from kedro.pipeline import Node, Pipeline

from pulse_kedro.adapters.checks.configuration import check_catalog, check_parameters, check_source
from pulse_kedro.pipelines.reporting.options import ReportingOptions

TABLE = pd.DataFrame({"shop": ["a"], "day": ["2019-01-01"], "sold": [1.0]})


def unreadable() -> pd.DataFrame:
    try:
        raise FileNotFoundError(2, "No such file or directory", "rows.csv")
    except OSError as error:
        message = "Failed while loading data from dataset X(filepath=…)."
        raise DatasetError(message) from error


def build(name: str, entry: dict[str, str]) -> str:
    if entry["type"] == "bad":
        raise DatasetError(f"no class for {name}")  # noqa: EM102, TRY003
    return name


def reporting(options: ReportingOptions) -> str:
    return options.title


def test_a_readable_source_tells_its_size() -> None:
    found = check_source("observations", lambda: TABLE, ["shop", "day", "sold"])

    assert ("ok", "observations: 1 rows, columns shop, day, sold") == (found.level, found.found)


@pytest.mark.parametrize(
    ("load", "columns", "problem"),
    [
        (unreadable, [], "observations cannot be read: [Errno 2] No such file or directory: 'rows.csv'"),
        (lambda: TABLE, ["shop", "price"], "observations lacks the columns price; it has shop, day, sold"),
        (lambda: TABLE.iloc[:0], ["shop"], "observations has no rows"),
    ],
)
def test_a_source_that_no_run_could_use_fails(load: object, columns: list[str], problem: str) -> None:
    found = check_source("observations", load, columns)

    assert ("failure", problem) == (found.level, found.found)
    assert "Mend `observations` in the catalog" in found.next_step


def test_entries_that_cannot_be_made_are_named_and_counted() -> None:
    entries = {f"e{number}": {"type": "bad"} for number in range(5)} | {"good": {"type": "fine"}}

    found = check_catalog(entries, build)

    assert "failure" == found.level
    assert found.found.startswith("e0: no class for e0; e1: ")
    assert found.found.endswith("(and 2 more)")
    assert "ok" == check_catalog({"good": {"type": "fine"}}, build).level


def test_a_value_out_of_its_range_is_named() -> None:
    pipelines = {"__default__": Pipeline([Node(reporting, "params:reporting", "title", name="reporting")])}

    found = check_parameters({"reporting": {"examples": "many"}}, pipelines)

    assert "failure" == found.level
    assert "examples" in found.found
