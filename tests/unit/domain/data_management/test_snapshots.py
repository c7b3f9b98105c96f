"""A snapshot is its content."""

import dataclasses

import pandas as pd
import pytest

from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.snapshots import Snapshot, take
from source_samples import declare, snapshot_of, two_years


def test_snapshot_ends_at_its_period() -> None:
    snapshot = snapshot_of(two_years("a"), as_of="2018-06-01")

    assert (18, pd.Timestamp("2018-06-01")) == (len(snapshot.rows), snapshot.rows["ds"].max())
    assert (pd.Timestamp("2018-06-01"), "shops") == (snapshot.as_of, snapshot.source)


def test_id_is_short_and_no_parser_takes_it_for_a_number() -> None:
    identity = snapshot_of(two_years("a")).id

    assert "s" == identity[0]
    assert 16 == len(bytes.fromhex(identity[1:])) * 2


def test_later_rows_do_not_change_the_id() -> None:
    early = two_years("a").iloc[:18]

    assert snapshot_of(early).id == snapshot_of(two_years("a"), as_of="2018-06-01").id


@pytest.mark.parametrize(
    "change",
    [
        {"sales": 1e-300},
        {"title": "Another name"},
        {"shop": "z"},
        {"month": pd.Timestamp("2016-12-01")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_of_content_changes_the_id(change: dict[str, object]) -> None:
    table = two_years("a")
    table.loc[0, list(change)] = list(change.values())

    assert snapshot_of(two_years("a")).id != snapshot_of(table).id


def test_declared_release_lag_is_content() -> None:
    assert snapshot_of(two_years("a")).id != snapshot_of(two_years("a"), release_lag_days=11).id


def test_row_published_after_the_newest_period_is_not_known() -> None:
    rows, _ = split(two_years("a"), declare())
    late = rows.copy()
    late.loc[3, "available_at"] = pd.Timestamp("2019-06-01", tz="UTC")

    snapshot = take(late, pd.Timestamp("2018-12-01"), declare())

    assert rows.loc[3, "ds"] not in set(snapshot.rows["ds"])
    assert 23 == len(snapshot.rows)


def test_snapshot_is_immutable_and_equal_by_content() -> None:
    snapshot = snapshot_of(two_years("a"))

    assert snapshot == Snapshot(id=snapshot.id, rows=pd.DataFrame(), as_of=snapshot.as_of, source="shops")
    with pytest.raises(dataclasses.FrozenInstanceError):
        snapshot.id = "s0"  # type: ignore[misc]
