"""A delivery keeps its contract, or each row that does not says why; nothing that comes can crash the check (D6)."""

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from delivery_samples import DECLARED, contract, rows
from pulse_kedro.domain.data_management.deliveries.cells import fits
from pulse_kedro.domain.data_management.deliveries.contracts import UnknownContract, contract_named
from pulse_kedro.domain.data_management.deliveries.conversions import SecondConverter, forget, registered, up_converter
from pulse_kedro.domain.data_management.deliveries.examining import Examined, examine, version_by_columns
from pulse_kedro.domain.data_management.deliveries.originals import original_rows, row_id, table_of


@pytest.fixture(autouse=True)
def steps() -> Iterator[None]:
    up_converter("shops", from_version=1)(add_title)
    up_converter("shops", from_version=2)(rename)
    yield
    for version in (1, 2):
        forget("shops", version)


def add_title(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(title=None)


def rename(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={"sales": "pieces"})


def held(table: pd.DataFrame, **changes: object) -> Examined:
    return examine(table, "shops", contract(**changes))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_old_version_converts_to_the_current_one(version: int) -> None:
    found = held(rows(version))

    assert ((version,), 0) == (found.versions, len(found.rejected))
    assert ["shop", "month", "pieces", "title"] == list(found.table)
    assert [0.0, 1.0] == found.table["pieces"].tolist()


@pytest.mark.parametrize("version", [1, 2])
def test_old_version_without_a_converter_is_set_aside_with_a_reason(version: int) -> None:
    forget("shops", version)

    found = held(rows(version))

    assert ["not_converted"] * 2 == found.rejected["rule"].tolist()
    assert (
        f"nothing converts version {version} of contract 'shops', expected an up-converter"
        in found.rejected["reason"][0]
    )
    assert found.table.empty


@pytest.mark.parametrize(
    ("convert", "words"),
    [
        (lambda _: 1 / 0, "raised ZeroDivisionError: division by zero"),
        (lambda table: table.iloc[:1], "gave other rows, expected the same 2 rows in version 2"),
        (lambda table: table, "gave no column 'title'"),
        (lambda _: None, "gave other rows"),
        (lambda table: table.assign(title=5), "column 'title' holds '5' (int), expected text"),
    ],
)
def test_converter_that_fails_sets_its_rows_aside(convert: object, words: str) -> None:
    forget("shops", 1)
    up_converter("shops", from_version=1)(convert)  # type: ignore[arg-type]

    found = held(rows(1))

    assert ["not_converted"] * 2 == found.rejected["rule"].tolist()
    assert words in found.rejected["reason"][0]


def test_two_converters_for_one_step_are_refused() -> None:
    with pytest.raises(SecondConverter, match="a second one for contract 'shops' from version 1"):
        up_converter("shops", from_version=1)(lambda table: table)
    assert add_title is registered()["shops", 1]


def test_extra_column_is_drift_and_goes_no_further() -> None:
    found = held(rows(3).assign(colour="red"))

    assert [("extra_column", "colour", 2)] == [(one.kind, one.what, one.rows) for one in found.drift]
    assert (2, 0, False) == (len(found.table), len(found.rejected), "colour" in found.table)


def test_missing_column_rejects_every_row_with_the_nearest_name() -> None:
    found = held(rows(3).rename(columns={"shop": "shopp"}))

    assert ["missing_column"] * 2 == found.rejected["rule"].tolist()
    assert (
        "no column 'shop', expected it in version 3 of contract 'shops'. Did you mean 'shopp'?"
        in (found.rejected["reason"][0])
    )


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("pieces", "1.5", "column 'pieces' holds '1.5' (str), expected a number"),
        ("pieces", True, "column 'pieces' holds 'True' (bool), expected a number"),
        ("pieces", {"value": 1}, "holds \"{'value': 1}\" (dict), expected a number"),
        ("shop", 7, "column 'shop' holds '7' (int), expected text"),
        ("shop", ["a"], "(list), expected text"),
        ("shop", None, "column 'shop' is empty, expected text"),
        ("pieces", float("nan"), "column 'pieces' is empty, expected a number"),
        ("month", "soon", "column 'month' holds 'soon' (str), expected a date"),
        ("month", 2.5, "column 'month' holds '2.5' (float), expected a date"),
    ],
)
def test_cell_of_another_type_rejects_its_row(column: str, cell: object, words: str) -> None:
    table = rows(3, 3).astype(object)
    table.at[1, column] = cell  # noqa: PD008  # loc would spread a list

    found = held(table)

    assert ([1], [0, 2]) == (found.rejected["at"].tolist(), found.table.index.tolist())
    assert words in found.rejected["reason"][0]


def test_row_that_breaks_two_columns_is_rejected_once() -> None:
    table = rows(3, 3).astype(object)
    table.loc[1, ["shop", "pieces"]] = [7, "x"]

    found = held(table)

    assert (1, 2) == (len(found.rejected), len(found.table))
    assert "column 'shop'" in found.rejected["reason"][0]


def test_whole_column_of_another_type_is_drift() -> None:
    found = held(rows(3).astype({"pieces": str}))

    assert [("changed_type", "pieces", 2)] == [(one.kind, one.what, one.rows) for one in found.drift]
    assert found.table.empty


def test_rows_say_their_version() -> None:
    mixed = pd.concat([rows(1).assign(schema="1"), rows(3).assign(schema=3), rows(3).assign(schema="9")])

    found = held(mixed)

    assert ((1, 3), 4, ["unknown_version"] * 2) == (found.versions, len(found.table), found.rejected["rule"].tolist())
    assert "the version is 9, expected one of 1, 2, 3 of contract 'shops'" in found.rejected["reason"][0]
    assert [0, 1, 2, 3] == found.table.index.tolist()


def test_row_without_version_is_rejected() -> None:
    found = held(pd.concat([rows(1).assign(schema="1"), rows(1).assign(schema=None)]))

    assert ["unknown_version"] * 2 == found.rejected["rule"].tolist()


def test_facts_of_a_delivery_say_its_version() -> None:
    found = examine(rows(2), "shops", contract(), facts={"schema": 1})

    assert (1,) == found.versions


def test_version_is_found_by_the_columns() -> None:
    assert [1, 2, 3] == [version_by_columns(list(rows(version)), contract()) for version in (1, 2, 3)]
    assert 3 == version_by_columns(["shop", "month", "piecez", "title"], contract())


def test_text_files_spell_their_values() -> None:
    text = {3: {**DECLARED["versions"][3], "cells": "text"}}  # type: ignore[index]
    table = rows(3, 4).astype(str).assign(pieces=["1.5", "-1.234,5", "many", "1e3"], title="t")

    found = held(table, versions=DECLARED["versions"] | text)  # type: ignore[operator]

    assert [2] == found.rejected["at"].tolist()


def test_column_that_stands_there_twice_rejects_all() -> None:
    table = pd.concat([rows(3), rows(3)[["shop"]]], axis=1)

    found = held(table)

    assert ["missing_column"] * 2 == found.rejected["rule"].tolist()
    assert "column 'shop' stands there twice" in found.rejected["reason"][0]


CELL = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(
        ["2019-01-01", "1.5", pd.Timestamp("2019-01-01"), pd.NaT, Decimal("1.5"), b"x", {"a": [1]}, [1, 2]]
    )
)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["shop", "month", "pieces", "title", "schema", "more"]), CELL), max_size=12
    )
)
def test_every_row_is_accepted_or_rejected_once_whatever_comes(records: list[dict[str, object]]) -> None:
    table = pd.DataFrame(records).astype(object) if records else pd.DataFrame()

    found = held(table)

    assert sorted([*found.table.index, *found.rejected["at"]]) == list(range(len(table)))
    assert found.rejected[["rule", "reason"]].notna().all(axis=None)


@given(st.lists(CELL, min_size=1, max_size=8))
def test_kept_rows_are_json_with_one_name(cells: list[object]) -> None:
    table = pd.DataFrame({"x": pd.Series(cells, dtype=object)})

    once, again = (original_rows(table, np.arange(len(table))) for _ in range(2))

    assert once == again
    assert [row_id("s", row, "") for row in once] == [row_id("s", row, "") for row in again]
    assert len(table) == len(table_of(once))


def test_nested_record_has_the_same_name_however_its_keys_are_ordered() -> None:  # K6
    table = pd.DataFrame({"x": [{"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}]})

    first, second = original_rows(table, np.array([0, 1]))

    assert row_id("s", first, "") == row_id("s", second, "")
    assert row_id("s", first, "") != row_id("t", first, "")


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2.5, "3", None], "integer", [True, False, False, True]),
        ([True, "true", 1], "truth", [True, False, False]),
        (["a", 1, None], "text", [True, False, True]),
        (["2019-01-01", "x", 20190101], "date", [True, False, True]),
    ],
)
def test_cells_fit_their_type(values: list[object], kind: str, expected: list[bool]) -> None:
    found = fits(pd.Series(values, dtype=object), kind, spelled=False)  # type: ignore[arg-type]

    assert expected == found.tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"current": 4}, "versions have to be 1 to 4, the current one; got 1, 2, 3"),
        ({"versions": {1: {"columns": {"a": "word"}, "cells": "typed"}}, "current": 1}, "columns"),
        ({"versions": {1: {"columns": {}, "cells": "typed"}}, "current": 1}, "at least 1 item"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_contract_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        contract(**changes)


def test_unknown_contract_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownContract, match=r"got 'shop', expected one of shops\. Did you mean 'shops'\?"):
        contract_named("shop", {"shops": contract()})
