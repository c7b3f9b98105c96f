"""CSV and Parquet sources: local, in memory, behind HTTP and in S3, each with what can go wrong there."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest
from pydantic import TypeAdapter

from buckets import KEYS, make_bucket, s3_server
from misbehaving_server import Misbehaving, Reply, serving
from pulse_kedro.adapters.sources.csv_files import CsvOptions, CsvSource
from pulse_kedro.adapters.sources.parquet_files import ParquetOptions, ParquetSource
from pulse_kedro.adapters.sources.settings import Given
from pulse_kedro.domain.data_management.fetching import (
    Fetched,
    Request,
    Source,
    SourceDenied,
    SourceFailed,
    SourceNotFound,
    SourceTimedOut,
    SourceUnreadable,
)

TABLE = pd.DataFrame({"shop": ["007", "b"], "month": ["2019-01-01", "2019-02-01"], "sales": ["1,5", ""]})
TEXT = "shop;month;sales\n007;2019-01-01;1,5\nb;2019-02-01;\n"


def csv(path: str, given: Given | None = None, **options: Any) -> CsvSource:  # noqa: ANN401
    found = TypeAdapter(CsvOptions).validate_python({"path": path, "delimiter": ";", **options})
    return CsvSource("shops", found, given or Given())


def parquet(path: str, given: Given | None = None, **options: Any) -> ParquetSource:  # noqa: ANN401
    return ParquetSource(
        "shops", TypeAdapter(ParquetOptions).validate_python({"path": path, **options}), given or Given()
    )


def fetch(source: Source) -> Fetched:
    return asyncio.run(source.fetch(Request()))


@pytest.mark.parametrize("name", ["shops.csv", "shops.csv.gz"])
def test_text_stays_text(tmp_path: Path, name: str) -> None:
    with fsspec.open(str(tmp_path / name), "wb", compression="infer") as file:
        file.write(TEXT.encode())

    fetched = fetch(csv(name, Given(place=lambda path: str(tmp_path / path))))

    assert TABLE.to_dict("records") == fetched.table.astype(object).to_dict("records")
    assert {"location": name} == dict(fetched.facts)


def test_parquet_keeps_its_types_and_columns_can_be_chosen(tmp_path: Path) -> None:
    TABLE.assign(sales=[1.5, None]).to_parquet(tmp_path / "shops.parquet")

    fetched = fetch(parquet(str(tmp_path / "shops.parquet"), columns=["shop", "sales"]))

    assert ["object", "float64"] == [str(kind) for kind in fetched.table.dtypes]


def test_memory_is_a_place() -> None:
    with fsspec.open("memory://sources/shops.csv", "wb") as file:
        file.write(TEXT.encode())

    assert 2 == len(fetch(csv("memory://sources/shops.csv")).table)


@pytest.mark.parametrize("make", [csv, parquet])
def test_a_missing_file_is_told(tmp_path: Path, make: Any) -> None:  # noqa: ANN401
    with pytest.raises(SourceNotFound, match=r"Fetching source 'shops' failed: got FileNotFoundError.*nothing\.csv"):
        fetch(make(str(tmp_path / "nothing.csv")))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "shut.csv"
    path.write_text(TEXT)
    path.chmod(0)

    with pytest.raises(SourceDenied):
        fetch(csv(str(path)))


@pytest.mark.parametrize(
    ("content", "make", "told"),
    [
        (b"a;b\n1;2;3\n", csv, "got 3 cells in line 2"),
        ("a;b\nKäse;1\n".encode("latin-1"), csv, "bytes that are no utf-8"),
        (b"", csv, "got nothing in the first line"),
        (b"<html>", parquet, "ArrowInvalid"),
        (b"PAR1 and then nothing", parquet, "ArrowInvalid"),
    ],
)
def test_a_file_that_is_no_table_is_told(tmp_path: Path, content: bytes, make: Any, told: str) -> None:  # noqa: ANN401
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(SourceFailed, match=told):
        fetch(make(str(path)))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Misbehaving]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as room:
        yield room


def test_a_file_behind_http_is_read_without_telling_its_key(server: Misbehaving) -> None:
    server.answers["/shops.csv"] = Reply(TEXT.encode(), headers={"content-type": "text/csv"})

    fetched = fetch(csv(f"{server.url}/shops.csv?sig=canary"))

    assert 2 == len(fetched.table)
    assert f"{server.url}/shops.csv" == fetched.facts["location"]
    with pytest.raises(SourceFailed) as raised:
        fetch(csv(f"{server.url}/none.csv?api_key=canary"))
    assert "canary" not in str(raised.value)


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, Any]]:
    """A bucket `pulse` in an S3 server of this machine, and the credentials that open it."""
    with s3_server() as address:
        make_bucket(address, "pulse")
        client = {"endpoint_url": address, "region_name": KEYS["region"]}
        credentials = {"key": KEYS["key"], "secret": KEYS["secret"], "client_kwargs": client}
        files = fsspec.filesystem("s3", **credentials, skip_instance_cache=True)
        files.pipe_file("pulse/shops.csv", TEXT.encode())
        with files.open("pulse/shops.parquet", "wb") as file:
            TABLE.to_parquet(file)
        yield credentials


@pytest.mark.slow
def test_s3_holds_files_too(bucket: dict[str, Any]) -> None:
    given = Given(credentials=bucket)

    assert 2 == len(fetch(csv("s3://pulse/shops.csv", given)).table)
    assert TABLE.equals(fetch(parquet("s3://pulse/shops.parquet", given)).table)
    with pytest.raises(SourceNotFound, match=r"s3://pulse/none\.csv"):
        fetch(csv("s3://pulse/none.csv", given))


@pytest.mark.slow
def test_s3_that_does_not_answer_is_a_time_out_without_the_secret(server: Misbehaving) -> None:
    server.answers["/pulse/shops.csv"] = Reply(b"", pause_s=1)
    client = {"endpoint_url": server.url, "region_name": "us-east-1"}
    quick = {"retries": {"max_attempts": 0}}
    given = Given(
        credentials={"key": "reader", "secret": "canary-secret", "client_kwargs": client, "config_kwargs": quick}
    )

    with pytest.raises(SourceTimedOut) as raised:
        fetch(csv("s3://pulse/shops.csv", given, timeout_s=0.1))

    assert "canary" not in str(raised.value)


def test_nothing_is_made_up_from_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "head.csv").write_text("shop;month;sales\n")

    fetched = fetch(csv(str(tmp_path / "head.csv")))

    assert (0, ["shop", "month", "sales"]) == (len(fetched.table), list(fetched.table.columns))
    assert issubclass(SourceUnreadable, SourceFailed)


def test_parquet_behind_http_is_read_from_a_server_without_ranges(server: Misbehaving, tmp_path: Path) -> None:
    TABLE.to_parquet(tmp_path / "shops.parquet")
    server.answers["/shops.parquet"] = Reply((tmp_path / "shops.parquet").read_bytes())

    assert TABLE.equals(fetch(parquet(f"{server.url}/shops.parquet")).table)


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_behind_http_is_told(server: Misbehaving, status: int) -> None:
    server.answers["/shops.csv"] = Reply(b"no", status=status)

    with pytest.raises(SourceFailed, match=r"expected a table at .*/shops\.csv"):
        fetch(csv(f"{server.url}/shops.csv"))
