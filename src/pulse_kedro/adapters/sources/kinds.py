"""The list of kinds of sources. A configuration names one of them; it cannot name a class."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points

from pulse_kedro.adapters.sources.settings import Kind

GROUP = "pulse_kedro.sources"
"""Group of entry points by which an installed package offers kinds of its own."""


def _csv() -> Kind:
    from pulse_kedro.adapters.sources.csv_files import CSV

    return CSV


def _parquet() -> Kind:
    from pulse_kedro.adapters.sources.parquet_files import PARQUET

    return PARQUET


def _sql() -> Kind:
    from pulse_kedro.adapters.sources.sql_tables import SQL

    return SQL


def _http() -> Kind:
    from pulse_kedro.adapters.sources.http_pages import HTTP

    return HTTP


def _fred() -> Kind:
    from pulse_kedro.adapters.sources.fred import FRED

    return FRED


def _ledger() -> Kind:
    from pulse_kedro.adapters.sources.own_ledger import LEDGER

    return LEDGER


def _backtest() -> Kind:
    from pulse_kedro.adapters.sources.own_backtests import BACKTEST

    return BACKTEST


KINDS: Mapping[str, Callable[[], Kind]] = {
    "csv": _csv,
    "parquet": _parquet,
    "sql": _sql,
    "http": _http,
    "fred": _fred,
    "ledger": _ledger,
    "backtest": _backtest,
}
"""Our own kinds by the word that `type` in sources.yml names them with; each is imported when it is used."""


@cache
def known_kinds() -> Mapping[str, Callable[[], Kind]]:
    """Our own kinds and those of installed packages; a package cannot take a name of ours."""
    installed = {point.name: point.load for point in entry_points(group=GROUP)}
    return {**installed, **KINDS}
