"""Our own ledger and backtests as sources: what we said is never taken for what happened."""

import asyncio
from pathlib import Path

import pandas as pd
import pytest
from pydantic import TypeAdapter

from pulse_kedro.adapters.sources.own_backtests import BACKTEST, BacktestOptions, BacktestSource
from pulse_kedro.adapters.sources.own_ledger import LEDGER, LedgerOptions, LedgerSource
from pulse_kedro.adapters.sources.settings import Given
from pulse_kedro.adapters.stores import cycles
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.domain.data_management.fetching import Fetched, Request, Source, SourceNotFound, SourceUnreadable
from pulse_kedro.domain.data_management.narrowing import narrow
from records import NOW, a_cycle, a_record


def fetch(source: Source, request: Request | None = None) -> Fetched:
    return asyncio.run(source.fetch(request or Request()))


def ledger(rows: str, url: str | None) -> LedgerSource:
    return LedgerSource("own", TypeAdapter(LedgerOptions).validate_python({"rows": rows}), Given(database=url))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with one committed cycle."""
    place = f"sqlite:///{tmp_path}/pulse.db"
    cycles.commit(open_for_writing(place), a_record(a_cycle("2018-12-01")), now=NOW)
    return place


def test_forecasts_are_marked_as_our_own_and_have_no_value_to_learn_from(url: str) -> None:
    fetched = fetch(ledger("forecasts", url))

    table = fetched.table
    assert len(table) > 0
    assert {"self"} == set(table["provenance"])
    assert {"y"}.isdisjoint(table.columns)
    assert {"unique_id", "cutoff", "ds", "step", "y_hat", "ruled_q500"} <= set(table.columns)
    assert {pd.Timestamp(NOW)} == set(table["available_at"])
    assert "self" == LEDGER.provenance(TypeAdapter(LedgerOptions).validate_python({"rows": "forecasts"}))


def test_a_forecast_did_not_exist_before_its_cycle_was_committed(url: str) -> None:
    table = fetch(ledger("forecasts", url)).table
    before = Request(as_of=pd.Timestamp(NOW) - pd.Timedelta("1s"))

    assert 0 == len(narrow("own", table, before, None).table)
    assert len(table) == len(narrow("own", table, Request(as_of=pd.Timestamp(NOW)), None).table)


def test_outcomes_keep_the_moment_at_which_they_were_known(url: str) -> None:
    table = fetch(ledger("outcomes", url)).table

    assert {"observed"} >= set(table["provenance"])
    assert ["cycle", "unique_id", "ds", "y", "available_at", "provenance"] == list(table.columns)
    assert "datetime64[ns, UTC]" == str(table["available_at"].dtype)


def test_series_and_periods_are_narrowed(url: str) -> None:
    everything = fetch(ledger("forecasts", url)).table
    series, period = everything["unique_id"].iloc[0], everything["ds"].min()

    table = fetch(ledger("forecasts", url), Request(variables=(series,), start=period, end=period)).table

    assert [(series, period)] == list(zip(table["unique_id"], table["ds"], strict=True))


@pytest.mark.parametrize("place", [None, "sqlite:////nowhere/at/all.db"])
def test_before_the_first_cycle_there_is_no_ledger(place: str | None) -> None:
    with pytest.raises(SourceNotFound, match="got no database, expected one with committed cycles"):
        fetch(ledger("forecasts", place))


BACKTESTED = pd.DataFrame(
    {
        "unique_id": ["a", "a"],
        "cutoff": pd.to_datetime(["2019-01-01", "2019-02-01"]),
        "ds": pd.to_datetime(["2019-02-01", "2019-03-01"]),
        "step": [1, 1],
        "model": "combination",
        "recipe": "r",
        "y": [1.0, 2.0],
        "y_hat": [1.1, 1.9],
        "q500": [1.1, 1.9],
    }
)


def backtest(folder: Path, table: pd.DataFrame = BACKTESTED) -> BacktestSource:
    table.to_parquet(folder / "backtest.parquet")
    values = {"path": "backtest.parquet", "frequency": "monthly", "release_lag_days": 10}
    options = TypeAdapter(BacktestOptions).validate_python(values)
    return BacktestSource("replays", options, Given(place=lambda path: str(folder / path)))


def test_a_backtest_gives_what_it_forecast_and_not_what_came_true(tmp_path: Path) -> None:
    table = fetch(backtest(tmp_path)).table

    assert {"y"}.isdisjoint(table.columns)
    assert {"self"} == set(table["provenance"])
    assert [1.1, 1.9] == table["y_hat"].tolist()
    assert [pd.Timestamp("2019-02-11", tz="UTC"), pd.Timestamp("2019-03-11", tz="UTC")] == table[
        "available_at"
    ].tolist()
    assert "self" == BACKTEST.provenance(None)


def test_a_backtest_is_narrowed_to_what_could_have_been_said(tmp_path: Path) -> None:
    table = fetch(backtest(tmp_path), Request(start=pd.Timestamp("2019-02-01"), variables=("a", "b"))).table

    assert 1 == len(narrow("replays", table, Request(as_of=pd.Timestamp("2019-02-20", tz="UTC")), None).table)


def test_another_table_is_no_backtest(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="got no columns cutoff, model in"):
        fetch(backtest(tmp_path, BACKTESTED.drop(columns=["cutoff", "model"])))
