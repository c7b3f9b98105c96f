"""Laws of the data room: nothing is lost (D1), order means nothing (D4), and the future is not seen (D7, K11)."""

import numpy as np
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.data_management.features.rows import describe_rows
from pulse_kedro.domain.data_management.quality import assess
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.series import describe_series, panel_of
from pulse_kedro.domain.data_management.snapshots import take
from pulse_kedro.domain.panel import frequency
from source_samples import declare, monthly

OPTIONS = declare(max_quarantined=1)
NUMBERS = st.floats(-1e9, 1e9) | st.integers(-5, 5)
DATES = st.sampled_from(["2019-01-01", "2019-01-31", "2019-02", "20190301", "02/03/2019", "", None, "never"])
ROW = st.fixed_dictionaries(
    {
        "shop": st.sampled_from(["a", " a", "b", "", None]),
        "month": DATES,
        "sales": NUMBERS | st.sampled_from(["many", "1.5", "", None, float("nan"), float("inf"), "inf"]),
        "title": st.sampled_from(["A", "B", None]),
    }
)
# The last row can always be used, so that the source is never refused as a whole.
ANCHOR = monthly("anchor", [1.0]).astype(object)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    drawn = pd.DataFrame(draw(st.lists(ROW, max_size=25)), columns=["shop", "month", "sales", "title"], dtype=object)
    return pd.concat([drawn, ANCHOR], ignore_index=True) if len(drawn) else ANCHOR


@st.composite
def panels(draw: st.DrawFn) -> pd.DataFrame:
    """Up to three series of up to four years with gaps."""
    frames = []
    for name in "abc"[: draw(st.integers(1, 3))]:
        values = draw(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=48))
        frames.append(monthly(name, [np.nan if value is None else value for value in values]))
    observed = pd.concat(frames).dropna(subset="sales")
    return observed if len(observed) else ANCHOR


@given(table=tables())
def test_every_row_is_kept_or_quarantined_once(table: pd.DataFrame) -> None:
    rows, quarantine = split(table, OPTIONS)
    report = assess(rows, quarantine, take(rows, rows["ds"].max(), OPTIONS), OPTIONS)

    assert len(table) == len(rows) + len(quarantine) == report["rows"]["in"]  # type: ignore[index]
    assert quarantine["row"].is_unique
    assert quarantine[["rule", "reason"]].notna().all(axis=None)


@given(table=tables())
def test_kept_rows_are_unique_sorted_and_finite(table: pd.DataFrame) -> None:
    rows, _ = split(table, OPTIONS)

    assert not rows.duplicated(["unique_id", "ds"]).any()
    pd.testing.assert_frame_equal(rows, rows.sort_values(["unique_id", "ds"], ignore_index=True))
    assert np.isfinite(rows["y"]).all()
    assert (rows["available_at"] > rows["ds"].dt.tz_localize("UTC")).all()


@given(table=tables(), seed=st.integers(0, 2**32 - 1))
def test_order_of_the_source_changes_neither_rows_nor_snapshot(table: pd.DataFrame, seed: int) -> None:
    shuffled = table.sample(frac=1.0, random_state=seed)

    rows, quarantine = split(table, OPTIONS)
    again, quarantined_again = split(shuffled, OPTIONS)

    pd.testing.assert_frame_equal(rows, again)
    assert take(rows, rows["ds"].max(), OPTIONS).id == take(again, rows["ds"].max(), OPTIONS).id
    assert quarantine["rule"].value_counts().to_dict() == quarantined_again["rule"].value_counts().to_dict()


@given(table=tables())
def test_kept_rows_go_through_again_unchanged(table: pd.DataFrame) -> None:
    rows, _ = split(table, OPTIONS)
    own = declare(columns={"unique_id": "unique_id", "ds": "ds", "y": "y"}, max_quarantined=1)

    again, quarantine = split(rows, own)

    pd.testing.assert_frame_equal(rows, again)
    assert quarantine.empty


@settings(max_examples=25)
@given(table=panels(), cut=st.integers(0, 47), seed=st.integers(0, 2**32 - 1))
def test_nothing_after_a_cutoff_changes_anything_up_to_it(table: pd.DataFrame, cut: int, seed: int) -> None:
    cutoff = pd.Timestamp("2017-01-01") + pd.DateOffset(months=cut)
    later = table["month"] > cutoff
    deleted = table.loc[~later]
    noise = np.random.default_rng(seed).normal(scale=1e9, size=len(table))
    replaced = table.assign(sales=table["sales"].where(~later, noise))
    assume(not deleted.empty)

    before, after, without = (known(split(frame, OPTIONS)[0], cutoff) for frame in (table, replaced, deleted))

    for one, other, third in zip(before, after, without, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
        pd.testing.assert_frame_equal(one, third, check_exact=True)


def known(rows: pd.DataFrame, cutoff: pd.Timestamp) -> list[pd.DataFrame]:
    """Features up to the cutoff from all rows, and everything a cycle at the cutoff makes of them."""
    snapshot = take(rows, cutoff, OPTIONS)
    everything = describe_rows(panel_of(take(rows, rows["ds"].max(), OPTIONS)), frequency("monthly"))
    features = everything.loc[everything["ds"] <= cutoff].reset_index(drop=True)
    identity = pd.DataFrame({"id": [snapshot.id]})
    return [features, panel_of(snapshot), describe_series(snapshot, OPTIONS), identity]


@given(table=panels())
def test_scale_equals_its_definition(table: pd.DataFrame) -> None:
    panel = panel_of(take(split(table, OPTIONS)[0], table["month"].max(), OPTIONS))
    features = describe_rows(panel, frequency("monthly"))
    value = {(name, when): y for name, when, y in zip(panel["unique_id"], panel["ds"], panel["y"], strict=True)}

    for name, when, scale in zip(features["unique_id"], features["ds"], features["scale"], strict=True):
        pairs = [
            abs(y - value[other, then - pd.DateOffset(months=12)])
            for (other, then), y in value.items()
            if other == name and then <= when and (other, then - pd.DateOffset(months=12)) in value
        ]
        np.testing.assert_allclose(scale, np.mean(pairs) if pairs else np.nan, rtol=1e-9, atol=1e-9)
