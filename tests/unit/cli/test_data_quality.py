"""Answer and words of `data quality`: what fits is shown, the rest is counted, and nothing is an answer too."""

import json

import pytest

from pulse_kedro.cli.data_quality import KINDS as OFFERED
from pulse_kedro.cli.data_quality_answers import NO_QUALITY, quality_of
from pulse_kedro.cli.data_quality_wording import finding_row, head_rows, missing_words
from pulse_kedro.domain.data_management.quality.findings import KINDS
from pulse_kedro.domain.data_management.quality.report import assess
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.snapshots import take
from quality_samples import UNTOUCHED, table, thresholds, usual
from source_samples import declare

Answer = dict[str, object]


@pytest.fixture(scope="module")
def made() -> tuple[Answer, object]:
    a, b, options = usual(seed=2), usual(seed=3), declare()
    a[100] += 40
    a[120] += 90
    b[150:] *= 1000
    rows, quarantine = split(table(a, b), options)
    snapshot = take(rows, rows["ds"].max(), options)
    settings = thresholds(maximum_outliers=0.001)
    return assess(rows, quarantine, snapshot, source=options, options=settings, cleaned=UNTOUCHED)


def ask(made: tuple[Answer, object], *, series: str = "*", kind: str | None = None, limit: int = 20) -> Answer:
    found = quality_of(*made, series=series, kind=kind, limit=limit)  # type: ignore[arg-type]
    return dict(json.loads(json.dumps(found, allow_nan=False)))


def test_command_offers_every_kind() -> None:
    assert tuple(KINDS) == OFFERED


def test_answer_has_the_keys_of_an_empty_one(made: tuple[Answer, object]) -> None:
    assert set(NO_QUALITY) == set(ask(made))


def test_findings_are_chosen_by_series_and_kind_and_the_largest_come_first_where_few_are_shown(
    made: tuple[Answer, object],
) -> None:
    assert ["outlier", "outlier", "unit"] == [found["kind"] for found in ask(made)["findings"]]
    assert ["unit"] == [found["kind"] for found in ask(made, series="[b-z]")["findings"]]

    one = ask(made, kind="outlier", limit=1)
    assert (2, ["2010-01-01"]) == (one["count"], [found["from"] for found in one["findings"]])


def test_words_name_the_broken_limit_and_every_count(made: tuple[Answer, object]) -> None:
    words = dict(head_rows(ask(made)))

    assert "poor: outliers" == words["verdict"]
    assert "outlier 2, unit 1" == words["findings"]
    assert "360 in, 0 set aside, 360 known" == words["rows"]
    assert "nothing" == words["cleaned"]


def test_finding_is_one_line(made: tuple[Answer, object]) -> None:
    row = finding_row(ask(made, kind="unit")["findings"][0])

    assert ["unit", "b", "2012-07-01", "2014-12-01", "30"] == row[:5]


def test_missing_report_is_told_with_the_run_that_writes_it() -> None:
    report = {"source": "shops", "as_of": "2014-12-01"}

    assert "No cycle has been committed yet." in missing_words({}, None, None)
    assert "of source other: the newest one is of shops as of 2014-12-01" in missing_words(report, "other", None)
    assert "kedro run --params as_of=2001-01-01" in missing_words(report, None, "2001-01-01")
