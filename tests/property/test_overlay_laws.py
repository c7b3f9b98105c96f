"""Overlays never look ahead, stay between 0 and 1, and read ranks only."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pulse_kedro.domain.data_management.overlays import OverlayDefinition, OverlayInput, expanding_rank, revert, trace
from pulse_kedro.domain.panel import frequency

MONTHLY = frequency("monthly")
values = arrays(
    float,
    st.tuples(st.integers(2, 40), st.just(2)),
    elements=st.one_of(st.integers(-1000, 1000).map(float), st.just(float("nan"))),
)
definitions = st.builds(
    OverlayDefinition,
    name=st.just("mood"),
    inputs=st.just((OverlayInput(series="a"), OverlayInput(series="b", weight=2.0, lowers=True))),
    half_life=st.floats(0.5, 12),
    baseline=st.floats(0, 1),
)


def panel_of(y: np.ndarray) -> pd.DataFrame:
    times = MONTHLY.grid(pd.Timestamp("2000-01-01"), MONTHLY.shift(pd.Timestamp("2000-01-01"), len(y) - 1))
    return pd.DataFrame({"unique_id": np.repeat(["a", "b"], len(y)), "ds": [*times, *times], "y": y.T.ravel()})


@given(values, definitions, st.data())
def test_what_comes_later_changes_nothing(y: np.ndarray, definition: OverlayDefinition, data: st.DataObject) -> None:
    """K11: the future may be anything."""
    stop = data.draw(st.integers(1, len(y)))
    other = y.copy()
    other[stop:] = -other[stop:][::-1] * 7

    before, after = (trace(panel_of(made), MONTHLY, [definition])["value"].to_numpy()[:stop] for made in (y, other))

    np.testing.assert_array_equal(before, after)


@given(values, definitions)
def test_values_stay_between_0_and_1(y: np.ndarray, definition: OverlayDefinition) -> None:
    made = trace(panel_of(y), MONTHLY, [definition])["value"]

    assert made.between(-1e-12, 1 + 1e-12).all()


@given(arrays(float, st.integers(1, 30), elements=st.integers(-50, 50).map(float)))
def test_ranks_know_no_unit(y: np.ndarray) -> None:
    """K10: a level of 5000 is not cut off at 1."""
    np.testing.assert_array_equal(expanding_rank(y), expanding_rank(5000 + 0.25 * y))


@given(st.floats(0, 1), st.floats(0.5, 20), st.floats(0, 1))
def test_without_news_an_overlay_returns_to_its_baseline(baseline: float, half_life: float, news: float) -> None:
    """K10: to the baseline, not to 0."""
    path = revert(np.array([news, *[np.nan] * 1000]), baseline=baseline, half_life=half_life)

    assert abs(path[-1] - baseline) < 1e-9
    assert (np.diff(np.abs(path - baseline)) <= 1e-12).all()
