"""The panel: its frequencies, its identity, and its dense form."""

import pickle

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.panel import (
    FREQUENCIES,
    QUANTILE_COLUMNS,
    QUANTILE_LEVELS,
    UnknownFrequency,
    content_hash,
    frequency,
    to_matrix,
)

MONTHLY = frequency("monthly")


@pytest.fixture
def panel() -> pd.DataFrame:
    """Two series, one with a gap and a later start."""
    months = pd.to_datetime(["2001-01-01", "2001-02-01", "2001-04-01", "2001-02-01"]).as_unit("ns")
    return pd.DataFrame({"unique_id": ["b", "b", "b", "a"], "ds": months, "y": [1.0, 2.0, 4.0, 0.5]})


def test_quantile_columns_are_symmetric_and_in_order() -> None:
    assert sorted(QUANTILE_COLUMNS) == list(QUANTILE_COLUMNS)
    assert [1.0] * 13 == pytest.approx([low + high for low, high in zip(QUANTILE_LEVELS, QUANTILE_LEVELS[::-1])])  # noqa: B905


@pytest.mark.parametrize("name", FREQUENCIES)
def test_a_grid_of_any_frequency_is_regular_and_closed(name: str) -> None:
    freq = frequency(name)
    first = pd.Timestamp("2018-01-01").to_period(freq.period).start_time
    last = freq.shift(first, 30)

    grid = freq.grid(first, last)

    assert (first, last, 31) == (grid[0], grid[-1], len(grid))
    assert 30 == freq.distance(first, last)
    assert first == freq.shift(last, -30)
    assert grid[1:].tolist() == freq.end(pd.Series(grid[:-1])).tolist()


def test_a_year_has_as_many_months_as_a_season() -> None:
    assert pd.Timestamp("2020-02-01") == MONTHLY.shift(pd.Timestamp("2019-02-28 13:00"), MONTHLY.season_length)


def test_an_unknown_frequency_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownFrequency, match=r"got 'montly', expected one of hourly, .*Did you mean 'monthly'\?"):
        frequency("montly")


def test_the_error_survives_a_process_boundary() -> None:
    assert "x" == pickle.loads(pickle.dumps(UnknownFrequency("x"))).name  # noqa: S301  (our own bytes)


def test_the_hash_does_not_depend_on_the_order_of_rows(panel: pd.DataFrame) -> None:
    assert content_hash(panel) == content_hash(panel.iloc[::-1])


@pytest.mark.parametrize(
    ("column", "value"),
    [("unique_id", "c"), ("ds", pd.Timestamp("2001-03-01")), ("y", np.nextafter(0.5, 1))],
)
def test_the_hash_sees_every_bit_of_every_row(panel: pd.DataFrame, column: str, value: object) -> None:
    changed = panel.copy()
    changed.loc[3, column] = value

    assert content_hash(panel) != content_hash(changed)
    assert content_hash(panel) != content_hash(panel.iloc[:3])


def test_the_hash_reads_the_columns_it_is_told(panel: pd.DataFrame) -> None:
    titled = panel.assign(title="x")

    assert content_hash(panel) == content_hash(titled)
    assert content_hash(panel) != content_hash(titled, ["unique_id", "ds", "y", "title"])


def test_the_hash_does_not_depend_on_how_values_are_stored(panel: pd.DataFrame) -> None:
    stored = panel.astype({"unique_id": "category", "ds": "datetime64[s]", "y": "float32"})

    assert content_hash(panel) == content_hash(stored.astype({"unique_id": str}))


def test_the_matrix_has_sorted_series_and_nan_in_gaps(panel: pd.DataFrame) -> None:
    matrix = to_matrix(panel, MONTHLY)

    assert ("a", "b") == matrix.ids
    assert pd.date_range("2001-01-01", periods=4, freq="MS").tolist() == matrix.times.tolist()
    np.testing.assert_array_equal([[np.nan, 1], [0.5, 2], [np.nan, np.nan], [np.nan, 4]], matrix.y)


@pytest.mark.parametrize(
    ("expected", "when"), [(2, "2001-02-01"), (2, "2001-02-20"), (0, "2000-12-01"), (4, "2005-01-01")]
)
def test_the_known_part_of_a_matrix_includes_its_period(panel: pd.DataFrame, expected: int, when: str) -> None:
    known = to_matrix(panel, MONTHLY).until(pd.Timestamp(when))

    assert (expected, expected, ("a", "b")) == (len(known.y), len(known.times), known.ids)
