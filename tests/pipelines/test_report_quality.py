"""What the report shows and says about suspicious data: marks at their places, worst series first, a warning."""

from functools import cache
from typing import Any

import pandas as pd
import pytest

from pulse_kedro.pipelines.reporting.pictures.canvas import split_panels
from pulse_kedro.pipelines.reporting.pictures.palette import DARK, LIGHT
from pulse_kedro.pipelines.reporting.pictures.suspicions import (
    MARKS,
    SHOWN_PERIODS,
    count_bars,
    draw_suspicions,
    series_traces,
    worst_series,
)
from pulse_kedro.pipelines.reporting.words.quality import describe_quality, findings_table, poor_data
from quality_samples import findings, table, usual
from report_samples import IDS, report, room
from source_samples import snapshot_of

FEW: dict[str, Any] = {"aggregate": IDS[0], "examples": 3}


@cache
def made() -> dict[str, Any]:
    return report(room(earlier=1), **FEW)


def planted() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of two series, and what is found in them."""
    a, b = usual(seed=2), usual(seed=3)
    a[100] += 40
    b[120:125] *= 1000
    source = table(a, b)
    return snapshot_of(source).rows, findings(source).table


def test_marks_stand_at_the_values_they_are_about() -> None:
    rows, found = planted()

    _, marks = series_traces(
        rows.loc[rows["unique_id"] == "a", ["ds", "y"]], found[found["unique_id"] == "a"], "monthly"
    )

    assert (["2008-05-01"], [pytest.approx(usual(seed=2)[100] + 40, abs=0.01)]) == (marks["x"], marks["y"])
    assert {"marker.color": "watch"} == marks["meta"]


def test_series_with_the_most_suspicious_values_comes_first() -> None:
    assert ["b", "a"] == worst_series(planted()[1])
    assert ["b"] == worst_series(planted()[1], 1)
    assert [] == worst_series(planted()[1].iloc[:0])


def test_findings_are_counted_by_year_in_long_data() -> None:
    rows, found = planted()

    bars = {str(trace["name"]): (trace["x"], trace["y"]) for trace in count_bars(found, rows)}

    assert {"outlier": (["2008-01-01"], [1]), "change of unit": (["2010-01-01"], [1])} == bars


def test_long_series_are_shown_around_their_newest_finding() -> None:
    rows = pd.DataFrame({"ds": pd.date_range("1800-01-01", periods=2400, freq="MS"), "y": range(2400)})
    found = pd.DataFrame({"ds": [pd.Timestamp("1850-01-01")], "kind": ["outlier"], "evidence": ["odd"]})

    line, mark = series_traces(rows, found, "monthly")

    assert SHOWN_PERIODS == len(line["x"])
    assert ["1850-01-01"] == mark["x"]


def test_every_colour_of_a_mark_has_a_light_and_a_dark_shade() -> None:
    roles = {role for role, _ in MARKS.values()}

    assert roles <= set(LIGHT) & set(DARK)


def test_picture_without_findings_is_empty() -> None:
    rows, found = planted()

    assert [] == draw_suspicions(rows, found.iloc[:0], [], "monthly")["data"]


def test_page_shows_counts_and_the_worst_series() -> None:
    page, panels = str(made()["cycle_report"]), split_panels(made()["data_quality"])

    assert 2 <= len(panels) == 1 + len(made()["cycle_summary"]["data"]["worst"])
    assert all(f'data-picture="quality-{number}"' in page for number in range(len(panels)))
    assert "change of unit" in made()["cycle_summary"]["data"]["worst"][0]["note"]
    assert "no rule of cleaning changed a value" in page


def test_shares_are_told_with_their_limits() -> None:
    score = {"quality": {"value": 0.6512, "limit": 0.7, "holds": False}, "good": False}

    told = describe_quality({"score": score, "cleaning": {"set_missing": 3}})

    assert "65.12 % of the expected values are there and not suspicious (at least 70 %; this is beyond the limit)." == (
        told[0].text
    )
    assert "set missing: 3 values." == told[-1].text
    assert [] == describe_quality({})


def test_poor_data_are_a_warning_on_the_front_page() -> None:
    inputs = room()
    poor = {"outliers": {"value": 0.2, "limit": 0.1, "holds": False}, "good": False}
    bad = report(inputs | {"quality_report": inputs["quality_report"] | {"score": poor}}, **FEW)

    sentence = "The data are poor: outliers beyond the limit. See the section Data."
    assert sentence in [advice["text"] for advice in bad["cycle_summary"]["advice"]]
    assert sentence == poor_data({"score": poor})
    assert "" == poor_data({"score": {"outliers": {"holds": True}}})


def test_table_names_what_is_counted() -> None:
    found = findings_table({"findings": {"by_kind": {"level_shift": {"count": 2, "n": 12}}}})

    assert (("New level", "2", "12", "a new level that lasts"),) == found.rows
