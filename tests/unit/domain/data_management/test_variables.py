"""The registry knows units and ranges: one internal value, no clipping, and no value without a unit."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from pulse_kedro.domain.data_management.rows import Separated, separate, split
from pulse_kedro.domain.data_management.variables import Registry, VariableOptions
from source_samples import declare, monthly, two_years

INFLATION: dict[str, object] = {
    "unit": "fraction",
    "accepts": ["percent"],
    "frequency": "monthly",
    "release_lag_days": None,
    "range": [-0.5, 1.0],
    "season_length": 12,
    "good": "lower",
}
INDEX = INFLATION | {"unit": "index", "accepts": [], "range": [0, 1e6], "good": "higher"}


def registry(**variables: dict[str, object]) -> Registry:
    return Registry(variables={name: VariableOptions(**known) for name, known in variables.items()})  # type: ignore[arg-type]


KNOWN = registry(inflation=INFLATION, level=INDEX)


def separated(table: pd.DataFrame, known: Registry = KNOWN, **changes: object) -> Separated:
    return separate(table, declare(**changes), known)


def test_percent_and_fraction_give_one_internal_value() -> None:  # D3, K9
    table = pd.concat([monthly("inflation", ["6.2"]), monthly("inflation", ["0.062"], start="2017-02-01")])
    table["unit"] = ["percent", "fraction"]

    found = separated(table, static=["title", "unit"])

    assert [0.062, 0.062] == found.rows["y"].tolist()
    assert ["fraction", "fraction"] == found.rows["unit"].tolist()


def test_the_same_value_in_two_units_is_a_duplicate() -> None:
    table = pd.concat([monthly("inflation", ["6.2"]), monthly("inflation", ["0.062"])])
    table["unit"] = ["percent", "fraction"]

    assert ["duplicate"] == separated(table, static=["title", "unit"]).quarantine["rule"].tolist()


def test_level_of_5000_passes_unchanged() -> None:  # K10
    assert [5000.0] == separated(monthly("level", [5000.0]), unit="index").rows["y"].tolist()


def test_unit_of_the_source_holds_where_rows_name_none() -> None:
    assert [0.062] == separated(monthly("inflation", [6.2]), unit="percent").rows["y"].tolist()


@pytest.mark.parametrize(
    ("unit", "value", "rule", "words"),
    [
        (None, 6.2, "missing_unit", "expected the unit of the value, one of fraction, percent"),
        ("index", 5000.0, "wrong_unit", "holds 5000.0, expected one of fraction, percent as the unit of series"),
        ("percent", 5000.0, "out_of_range", "holds 5000.0, expected -0.5 to 1 fraction for series 'inflation'"),
        ("fraction", 6.2, "out_of_range", "holds 6.2, expected -0.5 to 1 fraction"),
    ],
)
def test_value_that_cannot_be_right_is_set_aside_and_never_clipped(
    unit: str | None, value: float, rule: str, words: str
) -> None:
    table = monthly("inflation", [value, 0.01]).assign(unit=[unit, "fraction"])

    found = separated(table, static=["title", "unit"])

    assert ([rule], [0.01]) == (found.quarantine["rule"].tolist(), found.rows["y"].tolist())
    assert words in found.quarantine.loc[0, "reason"]


def test_source_of_another_frequency_is_set_aside() -> None:
    found = separated(monthly("level", [1.0]), registry(level=INDEX | {"frequency": "daily"}), unit="index")

    assert ["wrong_frequency"] == found.quarantine["rule"].tolist()
    assert "expected a daily source for series 'level', not a monthly one" in found.quarantine.loc[0, "reason"]


def test_series_that_nobody_registered_passes_as_it_is() -> None:
    rows, quarantine = split(two_years("a"), declare())

    found = separated(two_years("a"))

    pd.testing.assert_frame_equal(rows, found.rows)
    pd.testing.assert_frame_equal(quarantine, found.quarantine)


def test_exact_id_goes_before_patterns_and_the_first_pattern_counts() -> None:
    known = registry(**{"a*": INDEX | {"unit": "x"}, "*": INDEX | {"unit": "y"}, "ab": INDEX | {"unit": "z"}})

    assert ["z", "x", "y"] == [known.of(name).unit for name in ("ab", "ac", "b")]  # type: ignore[union-attr]


def test_variable_may_have_a_release_lag_of_its_own() -> None:
    table = pd.concat([monthly("level", [1.0]), monthly("b", [1.0])])

    found = separated(table, registry(level=INDEX | {"release_lag_days": 3}), unit="index", release_lag_days=10)

    assert ["2017-02-11", "2017-02-04"] == found.rows["available_at"].dt.strftime("%Y-%m-%d").tolist()


def test_places_in_the_source_are_kept() -> None:
    table = pd.concat([monthly("b", [1.0, "many"]), monthly("a", [3.0])], ignore_index=True)

    found = separated(table)

    assert ([2, 0], [2]) == (found.at.tolist(), found.quarantine["row"].tolist())
    assert ["sales", "sales"] == found.column.tolist()


def test_bad_cells_are_told_before_variables() -> None:
    table = monthly("inflation", ["many", np.inf]).assign(unit=None)

    found = separated(table, static=["title", "unit"])

    assert ["text_value", "infinite_value"] == found.quarantine["rule"].tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"unit": ""}, "at least 1 character"),
        ({"accepts": ["index"]}, "accepts names index, but fraction converts from fraction, percent"),
        ({"range": [1, 0]}, "range begins at 1.0 and ends at 0.0"),
        ({"season_length": 0}, "greater than or equal to 1"),
        ({"good": "up"}, "'higher', 'lower' or 'neither'"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_wrong_variable_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        VariableOptions(**INFLATION | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", sorted(INFLATION))
def test_nothing_is_assumed_about_a_variable(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        VariableOptions(**{name: value for name, value in INFLATION.items() if name != key})  # type: ignore[arg-type]
