"""The SQL source on SQLite and on a PostgreSQL that the tests start themselves."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from databases import Server, postgres_database
from pulse_kedro.adapters.sources.asking import ask
from pulse_kedro.adapters.sources.settings import Given
from pulse_kedro.adapters.sources.sql_tables import SQL, SqlOptions, SqlSource
from pulse_kedro.domain.data_management.fetching import (
    Fetched,
    Request,
    SourceFailed,
    SourceNotFound,
    SourceTimedOut,
    SourceTooLarge,
)
from pulse_kedro.domain.data_management.narrowing import narrow

MONTHS = [f"2019-{month:02d}-01" for month in range(1, 7)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A SQLite file with sales of two shops, one of which revised a value."""
    with sqlite3.connect(tmp_path / "shops.db") as connection:
        connection.execute("CREATE TABLE sales (shop TEXT, month TEXT, sales REAL, published TEXT)")
        rows = [(shop, month, place, f"{month} 12:00:00") for shop in "ab" for place, month in enumerate(MONTHS)]
        connection.executemany(
            "INSERT INTO sales VALUES (?, ?, ?, ?)", [*rows, ("a", MONTHS[0], 9.5, "2019-06-15T00:00")]
        )
        connection.execute("CREATE VIEW january AS SELECT * FROM sales WHERE month = '2019-01-01'")
    connection.close()
    return tmp_path


def source(place: Path, **options: Any) -> SqlSource:  # noqa: ANN401
    found = TypeAdapter(SqlOptions).validate_python({"url": "sqlite:///shops.db", **options})
    return SqlSource("shops", found, Given(place=lambda path: str(place / path)))


def fetch(found: SqlSource, **asked: Any) -> Fetched:  # noqa: ANN401
    return asyncio.run(found.fetch(Request(**asked)))


@pytest.mark.parametrize(("relation", "rows"), [("sales", 13), ("main.sales", 13), ("january", 3)])
def test_a_table_or_a_view_is_read_whole(place: Path, relation: str, rows: int) -> None:
    fetched = fetch(source(place, relation=relation, chunk_rows=5))

    assert rows == len(fetched.table)
    assert ["shop", "month", "sales", "published"] == list(fetched.table.columns)
    assert {"location": "sqlite:///shops.db"} == dict(fetched.facts)


QUERY = "SELECT * FROM sales WHERE month BETWEEN :start AND :end AND published <= :as_of AND shop = :shop"


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({}, 7),
        ({"start": pd.Timestamp("2019-03-01"), "end": pd.Timestamp("2019-05-01")}, 3),
        ({"as_of": pd.Timestamp("2019-05-02", tz="UTC")}, 5),
        ({"as_of": pd.Timestamp("2019-06-20", tz="UTC")}, 7),
    ],
)
def test_a_query_gets_the_request_and_its_own_values_as_parameters(
    place: Path, asked: dict[str, Any], rows: int
) -> None:
    found = source(place, query=QUERY, parameters={"shop": "a"})

    assert rows == len(fetch(found, **asked).table)


def test_a_value_is_never_part_of_the_statement(place: Path) -> None:
    found = source(place, query=QUERY, parameters={"shop": "a' OR '1'='1"})

    assert 0 == len(fetch(found).table)


def test_bounds_leave_out_nothing_however_dates_are_spelled(tmp_path: Path) -> None:
    spellings = [
        "2019-01-01",
        "2019-01-01 00:00:00",
        "2019-01-01T00:00:00",
        "2019-01-01T00:00:00Z",
        "2019-01-01 00:00:00.000",
    ]
    with sqlite3.connect(tmp_path / "shops.db") as connection:
        connection.execute("CREATE TABLE days (day TEXT)")
        connection.executemany("INSERT INTO days VALUES (?)", [(text,) for text in spellings])
    connection.close()
    day = pd.Timestamp("2019-01-01")

    fetched = fetch(source(tmp_path, query="SELECT * FROM days WHERE day BETWEEN :start AND :end"), start=day, end=day)

    assert spellings == fetched.table["day"].tolist()


def test_large_numbers_stay_exact_beside_missing_ones(tmp_path: Path) -> None:
    numbers = [2**53 + 1, None, 2**53 + 3, 4]
    with sqlite3.connect(tmp_path / "shops.db") as connection:
        connection.execute("CREATE TABLE numbers (n)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in numbers])
    connection.close()

    for chunk in (1, 2, 10):
        table = fetch(source(tmp_path, relation="numbers", chunk_rows=chunk)).table
        assert numbers == [None if pd.isna(number) else int(number) for number in table["n"]]


def test_a_column_that_comes_twice_is_told(place: Path) -> None:
    found = source(place, query="SELECT shop, sales, sales FROM sales")

    with pytest.raises(SourceFailed, match="got column 'sales' more than once"):
        asyncio.run(ask("shops", found, Request()))


@pytest.mark.parametrize(
    "query", ["DELETE FROM sales", "INSERT INTO sales VALUES ('c', '2019-01-01', 1, '') RETURNING *"]
)
def test_a_source_cannot_write(place: Path, query: str) -> None:
    with pytest.raises(SourceFailed):
        fetch(source(place, query=query))
    assert 13 == len(fetch(source(place, relation="sales")).table)


def test_an_unknown_table_names_the_nearest(place: Path) -> None:
    with pytest.raises(SourceNotFound, match=r"got no table 'sale', .*Did you mean 'sales'"):
        fetch(source(place, relation="sale"))


def test_a_missing_file_is_told_and_not_made(place: Path) -> None:
    with pytest.raises(SourceNotFound, match=r"none\.db"):
        fetch(source(place, url="sqlite:///none.db", relation="sales"))
    assert not (place / "none.db").exists()


def test_too_many_rows_are_refused_not_cut_off(place: Path) -> None:
    with pytest.raises(SourceTooLarge, match="more than 10 rows"):
        fetch(source(place, relation="sales", max_rows=10, chunk_rows=4))


def test_a_few_rows_are_enough_to_look(place: Path) -> None:
    assert 3 == len(fetch(source(place, relation="sales"), enough=3).table)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "one of relation and query is needed"),
        ({"relation": "sales", "query": "SELECT 1"}, "not both"),
        ({"query": "SELECT * FROM sales WHERE month > :begin"}, "uses :begin, which is neither of start, end, as_of"),
        ({"relation": "sales", "url": "postgresql://me:canary@db/pulse"}, "url may not hold a password"),
    ],
)
def test_options_that_cannot_work_are_refused_without_a_secret(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as raised:
        TypeAdapter(SqlOptions).validate_python(options)
    assert "canary" not in str(raised.value)


def test_a_database_is_needed() -> None:
    with pytest.raises(ValueError, match="url is needed, or credentials with con"):
        SqlSource("shops", TypeAdapter(SqlOptions).validate_python({"relation": "sales"}), Given())


@pytest.fixture(scope="module")
def postgres(server: Server) -> Iterator[str]:
    """URL of a database of this file, with a password that nobody checks on its socket."""
    with postgres_database(server, empty=True) as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA market"))
            connection.execute(text("CREATE SEQUENCE market.counter"))
            connection.execute(
                text("CREATE TABLE market.sales (shop text, month date, sales numeric, published timestamptz)")
            )
            rows = [{"shop": "a", "month": month, "sales": place} for place, month in enumerate(MONTHS)]
            insert = (
                "INSERT INTO market.sales VALUES (:shop, :month, :sales, CAST(:month AS date) + interval '40 days')"
            )
            connection.execute(text(insert), rows)
        yield url


def on_postgres(url: str, **options: Any) -> SqlSource:  # noqa: ANN401
    return SqlSource("shops", TypeAdapter(SqlOptions).validate_python(options), Given(credentials={"con": url}))


@pytest.mark.slow
def test_postgresql_reads_in_utc_and_knows_the_past(postgres: str) -> None:
    known = "SELECT shop, month, sales, published AS available_at FROM market.sales WHERE published <= :as_of"
    query = f"{known} AND month >= :start"
    as_of = pd.Timestamp("2019-05-15", tz="UTC")

    fetched = fetch(on_postgres(postgres, query=query), start=pd.Timestamp("2019-02-01"), as_of=as_of)

    assert ["2019-02-01", "2019-03-01", "2019-04-01"] == [str(month) for month in fetched.table["month"]]
    assert "UTC" in str(fetched.table["available_at"].dtype)
    assert 6 == len(fetch(on_postgres(postgres, relation="market.sales", chunk_rows=2)).table)
    assert 0 == narrow("shops", fetched.table, Request(as_of=as_of), None).later


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"query": "SELECT nextval('market.counter')"}, SourceFailed, "read-only"),
        ({"query": "SELECT pg_sleep(5)", "timeout_s": 0.2}, SourceTimedOut, "statement timeout"),
        ({"relation": "market.sale"}, SourceNotFound, "Did you mean 'sales'"),
        ({"query": "SELECT nothing FROM market.sales"}, SourceFailed, "does not exist"),
    ],
)
def test_postgresql_refusals_are_told(
    postgres: str, options: dict[str, Any], kind: type[SourceFailed], told: str
) -> None:
    with pytest.raises(kind, match=told):
        fetch(on_postgres(postgres, **options))


def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    url = "postgresql+psycopg://me:canary-word@127.0.0.1:9/pulse"

    with pytest.raises(SourceFailed) as raised:
        fetch(on_postgres(url, relation="sales", timeout_s=1))

    assert "canary" not in str(raised.value) + repr(raised.value)
    assert "rows from postgresql+psycopg://127.0.0.1:9/pulse" in str(raised.value)
    assert "a query at the database of its credentials" == SQL.location(
        TypeAdapter(SqlOptions).validate_python({"query": "SELECT 1"})
    )
