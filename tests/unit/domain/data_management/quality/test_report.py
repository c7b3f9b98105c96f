"""The report counts rows, names series and measures gaps."""

import json

import numpy as np
import pandas as pd

from pulse_kedro.domain.data_management.cleaning import clean
from pulse_kedro.domain.data_management.quality.report import assess
from pulse_kedro.domain.data_management.quality.stretches import find_gaps
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.snapshots import take
from pulse_kedro.domain.panel import frequency
from quality_samples import rules, thresholds
from source_samples import declare, monthly, snapshot_of, two_years


def report(table: pd.DataFrame, *, as_of: str = "2018-12-01", **changes: object) -> dict[str, dict[str, object]]:
    options = declare(**changes)
    rows, quarantine = split(table, options)
    snapshot = take(rows, pd.Timestamp(as_of), options)
    _, log = clean(snapshot, options, thresholds(), rules())
    document, _ = assess(rows, quarantine, snapshot, source=options, options=thresholds(), cleaned=log)
    return json.loads(json.dumps(document, allow_nan=False))


def test_report_counts_every_row_of_the_source() -> None:
    table = pd.concat([two_years("a").astype({"sales": object}), monthly("a", ["many", None, 1.0], start="2019-01-01")])

    counts = report(table)["rows"]

    assert (27, 25, 2) == (counts["in"], counts["kept"], counts["quarantined"])
    assert (24, 1) == (counts["known"], counts["after_as_of"])
    assert {"missing_value": 1, "text_value": 1} == counts["by_rule"]
    assert ["row 25: column 'sales' holds 'many', expected a number"] == counts["examples"]["text_value"]


def test_report_names_the_series_that_need_a_look() -> None:
    table = pd.concat(
        [
            two_years("alive").astype({"sales": object}),
            two_years("ended").iloc[:15],
            two_years("short").iloc[-3:],
            monthly("constant", [5.0] * 24),
            monthly("lost", ["many"] * 3),
        ]
    )

    series = report(table)["series"]

    assert {
        "total": 4,
        "alive": 2,
        "ended": ["ended"],
        "short": ["short"],
        "constant": ["constant"],
        "lost": ["lost"],
    } == (series)


def test_report_measures_gaps() -> None:
    table = two_years("a").drop(index=[3, 6, 7])

    found = report(table)

    assert {"unique_id": "a", "from": "2017-07-01", "to": "2017-08-01", "length": 2} == found["gaps"]["longest"][0]
    assert (2, 3) == (found["gaps"]["count"], found["gaps"]["periods"])
    assert 3 / 24 == found["missing_share"]


def test_gap_of_a_year_is_one_gap_of_twelve_months() -> None:
    table = pd.concat([two_years("a", start="2015-01-01"), monthly("a", np.arange(12.0), start="2018-01-01")])

    gaps = find_gaps(snapshot_of(table).rows, frequency("monthly"))

    assert [["a", pd.Timestamp("2017-01-01"), pd.Timestamp("2017-12-01"), 12]] == gaps.to_numpy().tolist()


def test_neighbouring_series_make_no_gap() -> None:
    table = pd.concat([two_years("a"), two_years("b", start="2010-01-01")])

    assert find_gaps(snapshot_of(table).rows, frequency("monthly")).empty


def test_long_list_of_gaps_shows_the_longest() -> None:
    table = monthly("a", np.arange(240.0), start="1999-01-01").drop(index=[*range(1, 220, 2), 220])

    gaps = report(table)["gaps"]

    assert (110, 50, 2) == (gaps["count"], len(gaps["longest"]), gaps["longest"][0]["length"])


def test_report_says_where_the_data_come_from() -> None:
    found = report(two_years("a"), as_of="2018-06-01")

    assert ["shops", "2018-06-01", "pieces", "monthly", "2017-01-01", "2018-06-01"] == [
        found[key] for key in ("source", "as_of", "unit", "frequency", "first_period", "last_period")
    ]
    assert str(found["snapshot"]).startswith("s")
