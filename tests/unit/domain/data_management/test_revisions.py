"""Revisions of a value are kept, told apart, and known from the moment of their publication on."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.cycle import identify
from pulse_kedro.domain.data_management.as_of import KnownAtTooEarly, UnreadableKnownAt, resolve
from pulse_kedro.domain.data_management.quality.report import assess
from pulse_kedro.domain.data_management.revisions import known_at
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.snapshots import take
from quality_samples import UNTOUCHED, thresholds
from source_samples import DECLARATION, Past, declare, two_years

COLUMNS = {"unique_id": "shop", "ds": "month", "y": "sales", "available_at": "seen"}
OPTIONS = declare(columns=COLUMNS, max_quarantined=1)
JUNE = pd.Timestamp("2017-06-01")


def releases(*published: tuple[str, float]) -> pd.DataFrame:
    """Values of June 2017, each published at a moment."""
    rows = [{"shop": "a", "month": JUNE, "sales": value, "title": "A", "seen": seen} for seen, value in published]
    return pd.DataFrame(rows)


def revised() -> pd.DataFrame:
    """Two years, each month published ten days after its end; June 2017 was corrected in May 2018."""
    first = two_years("a").assign(seen=lambda table: table["month"] + pd.DateOffset(months=1, days=10))
    return pd.concat([first, releases(("2018-05-20", 99.0)).astype({"seen": "datetime64[ns]"})], ignore_index=True)


def test_values_published_at_different_moments_are_revisions() -> None:
    rows, quarantine = split(revised(), OPTIONS)

    assert (25, 0) == (len(rows), len(quarantine))
    assert [25.0, 99.0] == rows.loc[rows["ds"].eq(JUNE), "y"].tolist()


def test_values_published_at_one_moment_are_in_conflict() -> None:
    rows, quarantine = split(releases(("2017-07-10", 1.0), ("2017-07-10", 2.0), ("2017-08-10", 3.0)), OPTIONS)

    assert ([3.0], ["conflict", "conflict"]) == (rows["y"].tolist(), quarantine["rule"].tolist())
    expected = "series 'a', period 2017-06-01, published 2017-07-10T00:00:00Z: 2 different values (1.0, 2.0)"
    assert quarantine.loc[0, "reason"].startswith(expected)


@pytest.mark.parametrize(
    ("values", "kept"),
    [([1, 1, 1], [1]), ([1, 2, 2], [1, 2]), ([1, 2, 1], [1, 2, 1]), ([1, 1, 2, 2, 1], [1, 2, 1])],
)
def test_value_that_did_not_change_is_a_duplicate_and_one_that_came_back_is_not(
    values: list[float], kept: list[float]
) -> None:
    moments = ["2017-07-10", "2017-08-10", "2017-09-10", "2017-11-10", "2017-12-10"]
    rows, quarantine = split(releases(*zip(moments, values, strict=False)), OPTIONS)

    assert kept == rows["y"].tolist()
    assert {"duplicate"} >= set(quarantine["rule"])
    assert len(values) == len(rows) + len(quarantine)


def test_many_values_that_did_not_change_do_not_make_a_source_unusable() -> None:
    table = releases(*((f"2018-01-{day:02d}", 1.0) for day in range(1, 20)))

    rows, _ = split(table, declare(columns=COLUMNS, max_quarantined=0))

    assert 1 == len(rows)


@pytest.mark.parametrize(
    ("seen", "rule", "words"),
    [
        (None, "missing_release", "column 'seen' is empty"),
        ("soon", "unreadable_release", "column 'seen' holds 'soon', expected a moment in ISO 8601"),
        ("10/07/2017", "unreadable_release", "expected a moment in ISO 8601"),
        ("2017-06-30T23:59:59", "early_release", "expected no moment before the period ends"),
    ],
)
def test_release_that_makes_no_sense_is_set_aside(seen: object, rule: str, words: str) -> None:
    table = pd.concat([releases((seen, 1.0)), releases(("2017-07-01", 2.0))])  # type: ignore[arg-type]

    rows, quarantine = split(table, OPTIONS)

    assert ([2.0], [rule]) == (rows["y"].tolist(), quarantine["rule"].tolist())
    assert words in quarantine.loc[0, "reason"]


@pytest.mark.parametrize(
    ("seen", "moment"),
    [
        ("2017-07-10", "2017-07-10"),
        ("2017-07-10T08:00", "2017-07-10T08:00"),
        ("2017-07-10T08:00-04:00", "2017-07-10T12:00"),
    ],
)
def test_moment_of_publication_is_utc_and_one_without_offset_is_taken_as_utc(seen: str, moment: str) -> None:
    rows, _ = split(releases((seen, 1.0)), OPTIONS)

    assert pd.Timestamp(moment, tz="UTC") == rows.loc[0, "available_at"]


def test_publication_in_another_zone_is_the_same_moment() -> None:
    table = releases(("2017-07-10T08:00", 1.0))
    aware = table.assign(seen=pd.to_datetime(table["seen"]).dt.tz_localize("America/New_York"))

    rows, _ = split(aware, OPTIONS)

    assert pd.Timestamp("2017-07-10T12:00", tz="UTC") == rows.loc[0, "available_at"]


@given(st.permutations(range(25)))
def test_order_of_revisions_in_the_source_means_nothing(order: list[int]) -> None:
    expected, _ = split(revised(), OPTIONS)

    rows, _ = split(revised().iloc[order], OPTIONS)

    pd.testing.assert_frame_equal(expected, rows)


@pytest.mark.parametrize(("moment", "value"), [("2018-05-19", 25.0), ("2018-05-20", 99.0), (None, 99.0)])
def test_snapshot_holds_the_newest_value_known_at_its_moment(moment: str | None, value: float) -> None:
    rows, _ = split(revised(), OPTIONS)

    period = resolve(rows, "2018-03-01", OPTIONS, Past(), known_at=moment)
    snapshot = take(rows, pd.Timestamp("2018-12-01") if moment is None else period.as_of, OPTIONS, period.known_at)

    assert [value] == snapshot.rows.loc[snapshot.rows["ds"].eq(JUNE), "y"].tolist()
    assert not snapshot.rows.duplicated(["unique_id", "ds"]).any()


def test_without_a_moment_a_period_is_known_when_it_is_published() -> None:
    rows, _ = split(revised(), OPTIONS)

    snapshot = take(rows, pd.Timestamp("2017-12-01"), OPTIONS)

    assert [25.0] == snapshot.rows.loc[snapshot.rows["ds"].eq(JUNE), "y"].tolist()


def test_period_that_was_published_late_is_known_from_then_on() -> None:
    late = revised()
    late.loc[23, "seen"] = pd.Timestamp("2019-03-01")
    rows, _ = split(late, OPTIONS)

    assert 24 == len(take(rows, pd.Timestamp("2018-12-01"), OPTIONS).rows)


def test_another_moment_with_other_values_makes_another_cycle() -> None:
    rows, _ = split(revised(), OPTIONS)
    keys = set()
    for moment in ("2018-05-11", "2018-05-19", "2018-05-20"):
        period = resolve(rows, "2018-03-01", OPTIONS, Past(), known_at=moment)
        snapshot = take(rows, period.as_of, OPTIONS, period.known_at)
        keys.add(identify(period, snapshot=snapshot.id, recipe="r", code_version="1").key)

    assert 2 == len(keys)


def test_newest_period_is_the_newest_that_was_known() -> None:
    rows, _ = split(revised(), OPTIONS)

    assert pd.Timestamp("2018-03-01") == resolve(rows, None, OPTIONS, Past(), known_at="2018-05-01").as_of


@pytest.mark.parametrize(("as_of", "moment"), [("2018-12-01", "2019-01-10"), (None, "2017-01-01")])
def test_moment_before_the_period_was_published_is_refused(as_of: str | None, moment: str) -> None:
    rows, _ = split(revised(), OPTIONS)

    with pytest.raises(KnownAtTooEarly, match=r"expected at least 201.*published its first value"):
        resolve(rows, as_of, OPTIONS, Past(), known_at=moment)


@pytest.mark.parametrize("text", ["yesterday", "2019", "2019-02-30", "15/11/2019", 2019])
def test_moment_that_cannot_be_read_is_refused(text: object) -> None:
    rows, _ = split(revised(), OPTIONS)

    with pytest.raises(UnreadableKnownAt, match="expected a calendar day or moment as YYYY-MM-DD"):
        resolve(rows, None, OPTIONS, Past(), known_at=text)


def test_quality_report_counts_revisions_apart() -> None:
    rows, quarantine = split(revised(), OPTIONS)

    snapshot = take(rows, pd.Timestamp("2018-06-01"), OPTIONS)
    report, _ = assess(rows, quarantine, snapshot, source=OPTIONS, options=thresholds(), cleaned=UNTOUCHED)
    counts = report["rows"]

    assert (18, 6, 1) == tuple(counts[name] for name in ("known", "after_as_of", "revisions"))  # type: ignore[index]


def test_source_without_publication_is_read_as_ever() -> None:
    plain = {**DECLARATION["columns"], "available_at": None}  # type: ignore[dict-item]

    pd.testing.assert_frame_equal(split(two_years("a"), declare())[0], split(two_years("a"), declare(columns=plain))[0])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 5), st.integers(0, 2)), max_size=40))
def test_what_was_known_is_the_last_publication_by_then(drawn: list[tuple[int, int, int, int]]) -> None:
    base = pd.Timestamp("2017-01-01")
    cells = [
        ("abc"[shop], base + pd.DateOffset(months=month), base + pd.DateOffset(months=month + 1 + lag), float(y))
        for shop, month, lag, y in drawn
    ]
    table = pd.DataFrame(
        [*cells, ("z", base, base + pd.DateOffset(months=1), 1.0)],
        columns=["shop", "month", "seen", "sales"],
    )
    rows, quarantine = split(table.assign(title="t"), OPTIONS)
    conflicts = set(quarantine.loc[quarantine["rule"].eq("conflict"), "row"] - 1)

    assert len(table) == len(rows) + len(quarantine)
    for moment in pd.date_range(base, periods=9, freq="MS"):
        expected = {}
        for place, (shop, month, seen, y) in sorted(enumerate(cells), key=lambda cell: cell[1][2]):
            if place not in conflicts and seen <= moment:
                expected[shop, month] = y
        known = known_at(rows, moment.tz_localize("UTC"))
        found = dict(zip(zip(known["unique_id"], known["ds"], strict=True), known["y"], strict=True))
        assert expected == {key: y for key, y in found.items() if key[0] != "z"}
    assert np.isfinite(rows["y"]).all()
