"""Units are converted by moving the decimal point, exactly, or not at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.data_management.units import UNITS, NoConversion, alike, convert


def test_percent_and_fraction_of_inflation_are_one_value() -> None:  # K9, D3
    assert 0.062 == convert(np.array([6.2]), "percent", "fraction")[0]


@given(st.integers(-(10**14), 10**14), st.integers(0, 12))
def test_decimals_are_moved_exactly(digits: int, places: int) -> None:
    text = f"{digits}e-{places}"

    found = convert(np.array([float(text)]), "percent", "fraction")

    assert float(f"{digits}e-{places + 2}") == found[0]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12), max_size=20))
def test_there_and_back_is_the_same_number(values: list[float]) -> None:
    there = convert(np.array(values), "fraction", "basis points")

    np.testing.assert_allclose(convert(there, "basis points", "fraction"), values, rtol=1e-15, atol=1e-320)


def test_index_level_passes_unchanged() -> None:  # K10
    values = np.array([5000.0])

    assert values is convert(values, "index", "index")


def test_what_is_no_number_stays_what_it_is() -> None:
    found = convert(np.array([np.nan, np.inf, -np.inf, 1e300, 1e-300, 0.0]), "percent", "fraction")

    np.testing.assert_array_equal([np.nan, np.inf, -np.inf, 1e298, 1e-302, 0.0], found)


@pytest.mark.parametrize(("source", "target"), [("percent", "index"), ("index", "percent"), ("miles", "kilometres")])
def test_units_of_different_things_are_refused(source: str, target: str) -> None:
    with pytest.raises(NoConversion, match=f"got '{source}', expected one of {target}"):
        convert(np.array([1.0]), source, target)


def test_every_unit_converts_into_those_like_it_and_into_no_other() -> None:
    for source in UNITS:
        for target in UNITS:
            if target in alike(source):
                assert np.isfinite(convert(np.array([1.5]), source, target)).all()
            else:
                with pytest.raises(NoConversion):
                    convert(np.array([1.5]), source, target)
