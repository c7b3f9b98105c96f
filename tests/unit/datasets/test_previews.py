"""What kedro-viz shows of a dataset before anything was committed, and of the newest rows afterwards."""

import json
from inspect import signature
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pulse_kedro.datasets.parquet_dataset import ParquetDataset
from pulse_kedro.datasets.previews import ROWS, preview_rows
from pulse_kedro.datasets.record_dataset import RecordDataset
from pulse_kedro.datasets.registry_dataset import BundleDataset, CandidatesDataset, ChampionDataset
from pulse_kedro.datasets.snapshot_dataset import SnapshotDataset
from pulse_kedro.datasets.store_dataset import CycleRecordDataset, HistoryDataset, LedgerDataset
from records import a_cycle, a_record

OURS: dict[str, tuple[type, tuple[str, ...]]] = {
    "record": (RecordDataset, ("filepath",)),
    "snapshot": (SnapshotDataset, ("filepath", "url")),
    "candidates": (CandidatesDataset, ("filepath",)),
    "bundle": (BundleDataset, ("filepath",)),
    "champion": (ChampionDataset, ("path", "url")),
    "history": (HistoryDataset, ("url",)),
    "ledger": (LedgerDataset, ("url",)),
    "cycle record": (CycleRecordDataset, ("url",)),
    "parquet": (ParquetDataset, ("filepath",)),
}


@pytest.mark.parametrize("name", OURS)
def test_dataset_without_content_has_a_typed_preview_and_creates_nothing(name: str, tmp_path: Path) -> None:
    where = {"filepath": f"{tmp_path}/it.json", "path": f"{tmp_path}/it", "url": f"sqlite:///{tmp_path}/pulse.db"}
    kind, asked = OURS[name]
    dataset: Any = kind(**{key: where[key] for key in asked})

    shown = dataset.preview()

    declared = signature(dataset.preview).return_annotation.__name__
    assert declared in {"JSONPreview", "TablePreview"}
    assert isinstance(shown, str if declared == "JSONPreview" else dict)
    assert [] == list(tmp_path.iterdir())


def test_record_period_and_history_are_shown(tmp_path: Path) -> None:
    url, cycle = f"sqlite:///{tmp_path}/pulse.db", a_cycle("2018-12-01")
    record = CycleRecordDataset(url=url)
    record.save(a_record(cycle))
    period = RecordDataset(filepath=f"{tmp_path}/period.json")
    period.save(cycle.period)

    assert cycle.key == json.loads(record.preview())["key"]
    assert "monthly" == json.loads(period.preview())["frequency"]
    assert cycle.key == HistoryDataset(url=url).preview()["data"][0][0]
    assert {"forecasts": 24, "outcomes": 0} == json.loads(LedgerDataset(url=url).preview())


def test_table_shows_its_newest_rows() -> None:
    table = preview_rows(pd.DataFrame({"n": range(100)}))

    assert [[99 - place] for place in reversed(range(ROWS))] == table["data"]


def test_parquet_with_a_missing_moment_has_a_preview_that_json_can_hold(tmp_path: Path) -> None:
    dataset = ParquetDataset(filepath=f"{tmp_path}/it.parquet")
    dataset.save(pd.DataFrame({"axis": ["growth"] * 2, "since": [pd.Timestamp("2018-12-01"), pd.NaT]}))

    shown = dataset.preview(nrows=2)

    assert [["growth", "2018-12-01"], ["growth", "NaT"]] == json.loads(json.dumps(shown))["data"]
