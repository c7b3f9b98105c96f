"""Other tables joined by what was known when: by hand, whatever their order, and nothing dropped in silence."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_kedro.domain.data_management.features.blending import (
    BlendOptions,
    UnblendableTable,
    UnconfiguredSource,
    blend,
    forecast_rows,
)
from source_samples import declare

SOURCE = declare()
WANTED = BlendOptions(columns=("value",))


def moments(*days: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(days)).tz_localize("UTC").as_unit("ns"))


def rows(*days: str, series: str = "a") -> pd.DataFrame:
    when = moments(*days)
    return pd.DataFrame({"unique_id": series, "ds": when.dt.tz_localize(None), "available_at": when})


def a_table(*known: tuple[str, float], series: str | None = "a", provenance: str = "live") -> pd.DataFrame:
    frame = pd.DataFrame({"value": [value for _, value in known], "provenance": provenance})
    frame["available_at"] = moments(*(day for day, _ in known))
    return frame if series is None else frame.assign(unique_id=series)


def test_a_row_gets_the_newest_value_that_was_known_at_it() -> None:
    base = rows("2020-01-10", "2020-01-20", "2020-02-01")

    found = blend(base, {"x": a_table(("2020-01-15", 1.0), ("2020-01-20", 2.0), ("2020-02-02", 3.0))}, {"x": WANTED})

    assert [None, 2.0, 2.0] == found["x_value"].astype(object).where(found["x_value"].notna(), None).tolist()
    assert [False, True, True] == found["x_provenance"].eq("live").tolist()
    assert moments("2020-01-20").iloc[0] == found["x_known_at"].iloc[2]


def test_rows_keep_their_order_and_tables_are_never_joined_by_position() -> None:
    base = pd.concat([rows("2020-03-01", "2020-01-01"), rows("2020-02-01", series="b")], ignore_index=True)
    table = pd.concat([a_table(("2020-01-01", 1.0)), a_table(("2020-01-15", 7.0), series="b")], ignore_index=True)

    found = blend(base, {"x": table.iloc[::-1]}, {"x": WANTED})

    assert base.equals(found[list(base)])
    assert [1.0, 1.0, 7.0] == found["x_value"].tolist()


def test_a_table_without_series_speaks_to_all() -> None:
    base = pd.concat([rows("2020-03-01"), rows("2020-03-01", series="b")], ignore_index=True)

    found = blend(base, {"rate": a_table(("2020-01-01", 4.5), series=None)}, {"rate": WANTED})

    assert [4.5, 4.5] == found["rate_value"].tolist()


def test_an_old_value_is_not_taken_for_ever() -> None:
    options = BlendOptions(columns=("value",), maximum_age_days=10)

    found = blend(rows("2020-01-11", "2020-01-12"), {"x": a_table(("2020-01-01", 1.0))}, {"x": options})

    assert [False, True] == found["x_value"].isna().tolist()


def test_live_rows_win_over_backtest_rows_of_the_same_moment_and_say_so() -> None:
    table = pd.concat(
        [a_table(("2020-01-01", 1.0), provenance="live"), a_table(("2020-01-01", 2.0), provenance="backtest")]
    )

    found = blend(rows("2020-01-02"), {"x": table}, {"x": WANTED})

    assert [1.0, "live"] == found[["x_value", "x_provenance"]].iloc[0].tolist()


def test_forecasts_of_ledger_and_backtest_are_known_when_their_cutoff_was_published() -> None:
    cutoffs = pd.to_datetime(["2020-01-01", "2020-01-01", "2020-02-01"])
    ledger = pd.DataFrame({"unique_id": "a", "cutoff": cutoffs, "step": [1, 2, 1], "y_hat": [10.0, 11.0, 20.0]})
    ledger["ds"] = pd.to_datetime(["2020-02-01", "2020-03-01", "2020-03-01"])
    replayed = ledger.assign(model="naive", cutoff=cutoffs - pd.DateOffset(months=1), y_hat=-1.0)
    table = pd.concat(
        [
            forecast_rows(ledger, SOURCE, step=1, provenance="live"),
            forecast_rows(replayed, SOURCE, step=1, provenance="backtest", model="naive"),
        ]
    )
    base = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2019-11-01", periods=5, freq="MS").as_unit("ns")})
    base["available_at"] = SOURCE.release(base["ds"])

    found = blend(base, {"own": table}, {"own": BlendOptions(columns=("y_hat",))})

    assert [np.nan, -1.0, 10.0, 20.0, 20.0] == pytest.approx(found["own_y_hat"].tolist(), nan_ok=True)
    assert ["backtest", "live"] == found["own_provenance"].tolist()[1:3]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 9))
def test_nothing_that_became_known_after_a_row_changes_it_and_order_is_irrelevant(seed: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    days = pd.date_range("2020-01-01", periods=10).strftime("%Y-%m-%d")
    base = pd.concat([rows(*days), rows(*days, series="b")], ignore_index=True)
    drawn = pd.DataFrame({"unique_id": rng.choice(["a", "b"], 30), "value": rng.normal(size=30), "provenance": "live"})
    drawn["available_at"] = moments(*rng.choice(days, 30)) + pd.to_timedelta(np.arange(30), unit="s")
    cutoff = moments(days[cut]).iloc[0]
    later = drawn["available_at"] > cutoff
    spoiled = drawn.assign(value=drawn["value"].where(~later, 1e9)).sample(frac=1.0, random_state=seed)

    here, there = (blend(base, {"x": table}, {"x": WANTED}) for table in (drawn, spoiled))
    without = blend(base, {"x": drawn[~later]}, {"x": WANTED})

    known = base["available_at"] <= cutoff
    pd.testing.assert_frame_equal(here[known], there[known])
    pd.testing.assert_frame_equal(here[known], without[known])
    seen = drawn["available_at"].to_numpy()[None] <= base["available_at"].to_numpy()[:, None]
    seen &= drawn["unique_id"].to_numpy()[None] == base["unique_id"].to_numpy()[:, None]
    newest = np.where(seen, drawn["available_at"].astype("int64").to_numpy(), -1)
    expected = np.where(seen.any(axis=1), drawn["value"].to_numpy()[newest.argmax(axis=1)], np.nan)
    np.testing.assert_array_equal(expected, here["x_value"])


@pytest.mark.parametrize(
    ("sources", "wanted", "message"),
    [
        (["x", "ledger"], ["x"], "got tables x, ledger, expected those of the settings, x.*nothing is dropped"),
        (["x"], ["x", "leger"], "got tables x, expected those of the settings, x, leger"),
        (["ledger"], ["leger"], "Did you mean 'leger'"),
    ],
)
def test_a_table_without_settings_or_settings_without_a_table_are_refused(
    sources: list[str], wanted: list[str], message: str
) -> None:
    with pytest.raises(UnconfiguredSource, match=message):
        blend(rows("2020-01-01"), dict.fromkeys(sources, a_table()), dict.fromkeys(wanted, WANTED))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (a_table(("2020-01-01", 1.0)).drop(columns="value"), "'value' too"),
        (a_table(("2020-01-01", 1.0)).drop(columns="provenance"), "'provenance' too"),
        (a_table(("2020-01-01", 1.0)).assign(available_at=pd.Timestamp("2020-01-01")), "expected moments in UTC"),
        (a_table(("2020-01-01", 1.0), ("2020-01-01", 2.0)), "got two rows for a, 2020-01-01"),
    ],
)
def test_a_table_that_does_not_say_what_was_known_when_is_refused(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(UnblendableTable, match=message):
        blend(rows("2020-01-02"), {"x": table}, {"x": WANTED})
