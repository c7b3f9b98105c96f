"""`data quality` on what runs left on disk: before any run, after one, and for a period that is not there."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project

from pulse_kedro.domain.data_management.quality.report import assess
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.snapshots import take
from quality_samples import UNTOUCHED, table, thresholds, usual
from source_samples import declare


@pytest.fixture
def root(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data root, and the command line standing in the repository."""
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    monkeypatch.chdir(project)
    bootstrap_project(project)
    return tmp_path


def pulse(*words: str) -> Result:
    from pulse_kedro.cli import cli

    return CliRunner().invoke(cli, ["pulse", "data", "quality", *words])


def leave(root: Path) -> None:
    """What a run leaves behind."""
    values, options = usual(seed=2), declare()
    values[100] += 40
    rows, quarantine = split(table(values), options)
    snapshot = take(rows, pd.Timestamp("2014-12-01"), options)
    report, findings = assess(rows, quarantine, snapshot, source=options, options=thresholds(), cleaned=UNTOUCHED)
    folder = root / "02_intermediate"
    folder.mkdir()
    (folder / "quality_report.json").write_text(json.dumps(report), encoding="utf-8")
    findings.to_parquet(folder / "quality_findings.parquet")


def test_without_a_report_there_is_nothing_to_tell(root: Path) -> None:
    told, as_json = pulse(), pulse("--json")

    assert [3, 3] == [told.exit_code, as_json.exit_code], told.output
    assert "make run" in told.output
    assert [] == json.loads(as_json.stdout)["findings"]
    assert [] == list(root.iterdir())


def test_newest_report_is_told_and_another_period_is_not(root: Path) -> None:
    leave(root)

    told, found, other = pulse(), pulse("--source", "shops", "--json"), pulse("--as-of", "2014-11-01")

    assert [0, 0, 3] == [told.exit_code, found.exit_code, other.exit_code], told.output
    assert "outlier" in told.output
    assert ["2008-05-01"] == [one["from"] for one in json.loads(found.stdout)["findings"]]
    assert "kedro run --params as_of=2014-11-01" in other.output


def test_unknown_kind_is_wrong_usage(root: Path) -> None:
    result = pulse("--kind", "outliers")

    assert 2 == result.exit_code
    assert "'level_shift'" in result.output
    assert [] == list(root.iterdir())
