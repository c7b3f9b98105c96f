"""Which series get a forecast, and what they are called."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.series import describe_series, panel_of
from source_samples import declare, monthly, snapshot_of, two_years


def statuses(table: pd.DataFrame, **changes: object) -> dict[str, str]:
    series = describe_series(snapshot_of(table, **changes), declare(**changes))
    return dict(zip(series["unique_id"], series["status"], strict=True))


def test_series_are_described_in_order() -> None:
    table = pd.concat([two_years("b").assign(title="Bakery"), two_years("a").iloc[3:]])

    series = describe_series(snapshot_of(table), declare())

    assert ["unique_id", "title", "first", "last", "n", "status"] == list(series)
    assert ["a", "A shop", pd.Timestamp("2017-04-01"), pd.Timestamp("2018-12-01"), 21, "alive"] == series.loc[
        0
    ].tolist()
    assert ["b", "Bakery"] == series.loc[1, ["unique_id", "title"]].tolist()


@pytest.mark.parametrize(("missing", "status"), [(0, "alive"), (3, "alive"), (4, "ended"), (9, "ended")])
def test_series_ends_after_more_than_three_periods_without_a_value(missing: int, status: str) -> None:
    table = pd.concat([two_years("a"), two_years("b").iloc[: 24 - missing]])

    assert {"a": "alive", "b": status} == statuses(table)


@pytest.mark.parametrize(("n", "status"), [(1, "short"), (3, "short"), (12, "short"), (13, "alive")])
def test_series_is_short_until_it_has_one_season_and_one_observation(n: int, status: str) -> None:
    table = pd.concat([two_years("a"), two_years("b").iloc[24 - n :]])

    assert {"a": "alive", "b": status} == statuses(table)


def test_series_whose_observations_never_meet_a_season_apart_is_short() -> None:
    years = [monthly("b", np.arange(12.0), start=start) for start in ("2016-01-01", "2018-01-01")]
    table = pd.concat([two_years("a"), *years])

    assert {"a": "alive", "b": "short"} == statuses(table)


def test_ended_counts_before_short() -> None:
    assert "ended" == statuses(pd.concat([two_years("a"), two_years("b").iloc[:3]]))["b"]


def test_constant_series_and_series_with_a_gap_of_a_year_are_alive() -> None:
    gap = pd.concat([two_years("b", start="2015-01-01"), monthly("b", np.arange(12.0), start="2018-01-01")])

    assert {"b": "alive", "c": "alive"} == statuses(pd.concat([gap, monthly("c", [5.0] * 24)]))


def test_series_without_title_is_called_by_its_id() -> None:
    anonymous = describe_series(snapshot_of(two_years("a").assign(title=None)), declare())
    undeclared = describe_series(snapshot_of(two_years("a"), static=[]), declare(static=[]))

    assert ["a"] == anonymous["title"].tolist() == undeclared["title"].tolist()


def test_newest_label_counts_and_other_labels_follow_the_status() -> None:
    table = two_years("a").assign(region="north")
    table.loc[23, ["title", "region"]] = ["New name", None]
    options = declare(static=["title", "region"])

    series = describe_series(snapshot_of(table, static=["title", "region"]), options)

    assert ("New name", "north") == (series.loc[0, "title"], series.loc[0, "region"])
    assert "region" == list(series)[-1]


def test_panel_keeps_ended_and_short_series() -> None:
    table = pd.concat([two_years("a"), two_years("b").iloc[:5], two_years("c").iloc[-3:]])

    panel = panel_of(snapshot_of(table))

    assert ["unique_id", "ds", "y", "available_at"] == list(panel)
    assert {"a": 24, "b": 5, "c": 3} == panel["unique_id"].value_counts().to_dict()
