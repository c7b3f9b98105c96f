"""Snapshots in a bucket: a dataset and a whole room of the pipeline, and the vintage store with them."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from buckets import KEYS, make_bucket, s3_server
from cycles import Place, small_source
from databases import fresh_database
from pulse_kedro.adapters.stores.blobs import UnreachableStore, open_blobs
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.files import DamagedFile
from pulse_kedro.adapters.stores.vintages import VintageStore
from pulse_kedro.datasets.snapshot_dataset import SnapshotDataset
from records import a_snapshot
from vintage_samples import NOW, rows_of


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


def test_a_snapshot_and_its_pointer_lie_in_a_bucket(server: str, tmp_path: Path) -> None:
    client = make_bucket(server, "whole")
    places = {"filepath": "s3://whole/02/snapshot.json", "url": f"sqlite:///{tmp_path}/pulse.db"}
    dataset = SnapshotDataset(**places, options={"endpoint_url": server, "encryption": "AES256"}, credentials=KEYS)
    assert not dataset.exists()

    dataset.save(a_snapshot())

    assert dataset.exists()
    assert a_snapshot() == dataset.load()
    pd.testing.assert_frame_equal(a_snapshot().rows, dataset.load().rows)
    found = [entry["Key"] for entry in client.list_objects_v2(Bucket="whole")["Contents"]]
    assert ["02/snapshot.json", "02/snapshots/s0.1.parquet"] == found
    assert "AES256" == client.head_object(Bucket="whole", Key=found[1])["ServerSideEncryption"]
    client.put_object(Bucket="whole", Key=found[1], Body=b"PAR1")
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    assert isinstance(caught.value.__cause__, DamagedFile)


def test_what_is_stored_stays_readable_while_the_bucket_refuses_to_grow(server: str, tmp_path: Path) -> None:
    make_bucket(server, "vintages")
    engine = open_for_writing(fresh_database(tmp_path))
    store = VintageStore(engine, open_blobs("s3://vintages/x", KEYS | {"endpoint_url": server}))
    store.append("shop", rows_of([("a", "2019-01-01", "2019-02-05", 1.0)]), now=NOW)
    away = VintageStore(
        engine, open_blobs("s3://vintages/x", KEYS | {"endpoint_url": "http://127.0.0.1:9", "tries": 1})
    )

    with pytest.raises(UnreachableStore):
        away.append("shop", rows_of([("b", "2019-01-01", "2019-02-05", 2.0)]), now=NOW)

    assert ["a"] == store.read("shop")["unique_id"].tolist()
    assert 1 == store.append("shop", rows_of([("b", "2019-01-01", "2019-02-05", 2.0)]), now=NOW).stored


@pytest.mark.slow
def test_the_data_room_runs_with_snapshots_in_a_bucket(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_bucket(server, "room")
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": KEYS["key"],
        "AWS_SECRET_ACCESS_KEY": KEYS["secret"],
        "AWS_DEFAULT_REGION": KEYS["region"],
        "PULSE_SNAPSHOTS": "s3://room/pulse",
    }.items():
        monkeypatch.setenv(name, value)
    place = Place(tmp_path / "data").offer(small_source())

    place.run("2018-12-01", pipeline_names=["data_management"])

    found = [entry["Key"] for entry in client.list_objects_v2(Bucket="room")["Contents"]]
    assert [f"pulse/{name}.parquet" for (name,) in place.ask("SELECT id FROM snapshots")] == found
    assert not (place.root / "02_intermediate/snapshots").exists()
