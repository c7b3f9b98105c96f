"""Season and scale of a row, known at that row."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.features.rows import describe_rows
from pulse_kedro.domain.data_management.series import panel_of
from pulse_kedro.domain.panel import frequency
from source_samples import monthly, snapshot_of, two_years

MONTHLY = frequency("monthly")


def features_of(table: pd.DataFrame) -> pd.DataFrame:
    return describe_rows(panel_of(snapshot_of(table)), MONTHLY)


def test_season_is_the_month_and_scale_starts_after_one_season() -> None:
    features = features_of(monthly("a", [0.0] * 12 + [3.0, 5.0]))

    assert ["unique_id", "ds", "season", "scale"] == list(features)
    assert [*range(1, 13), 1, 2] == features["season"].tolist()
    assert 12 == features["scale"].isna().sum()
    assert [3.0, 4.0] == features["scale"].tolist()[12:]


def test_gap_is_matched_by_calendar_and_not_by_row() -> None:
    table = monthly("a", np.arange(36.0))
    kept = table.drop(index=range(14, 20))

    features = features_of(kept).set_index("ds")

    assert 12.0 == features.loc["2019-12-01", "scale"]
    assert features.loc["2018-12-01", "season"] == 12
    assert [12.0] == features["scale"].dropna().unique().tolist()


def test_gap_longer_than_a_season_keeps_the_last_scale() -> None:
    table = pd.concat([monthly("a", np.arange(14.0)), monthly("a", np.arange(3.0), start="2020-01-01")])

    assert [12.0] * 5 == features_of(table)["scale"].dropna().tolist()


def test_constant_series_has_scale_zero() -> None:
    assert [0.0] == features_of(monthly("a", [5.0] * 24))["scale"].dropna().unique().tolist()


def test_short_series_has_no_scale() -> None:
    assert features_of(monthly("a", [1.0, 2.0, 3.0]))["scale"].isna().all()


def test_one_series_does_not_touch_another() -> None:
    alone = features_of(two_years("b"))

    together = features_of(pd.concat([monthly("a", np.full(24, 1e12)), two_years("b")]))

    pd.testing.assert_frame_equal(alone, together.loc[together["unique_id"].eq("b")].reset_index(drop=True))


def test_scale_agrees_with_its_definition() -> None:
    values = np.random.default_rng(0).normal(size=40).cumsum()

    scale = features_of(monthly("a", values))["scale"]

    for at in range(12, 40):
        assert scale[at] == pytest.approx(np.abs(values[12 : at + 1] - values[: at - 11]).mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "alias", "when", "season"),
    [
        ("hourly", "h", "2019-05-16 00:00", 1),
        ("hourly", "h", "2019-05-16 23:00", 24),
        ("daily", "D", "2019-05-13", 1),
        ("daily", "D", "2019-05-19", 7),
        ("quarterly", "QS", "2019-04-01", 2),
        ("weekly", "W-MON", "1970-01-05", 1),
    ],
)
def test_season_starts_on_monday_at_midnight_in_january(name: str, alias: str, when: str, season: int) -> None:
    times = pd.date_range(when, periods=1, freq=alias).as_unit("ns")
    panel = pd.DataFrame({"unique_id": "a", "ds": times, "y": 1.0})

    assert [season] == describe_rows(panel, frequency(name))["season"].tolist()
