"""What sources.yml says becomes sources, or a sentence with file, key, value and next step."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.config import OmegaConfigLoader
from pydantic import TypeAdapter

from pulse_kedro.adapters.sources import kinds
from pulse_kedro.adapters.sources.configured import (
    ConfiguredSource,
    InvalidSource,
    UnknownSource,
    chosen,
    configured,
)
from pulse_kedro.adapters.sources.csv_files import CSV
from pulse_kedro.adapters.sources.settings import Given
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.settings import CONFIG_LOADER_ARGS
from source_samples import DECLARATION

DECLARED = {key: value for key, value in DECLARATION.items() if key != "name"}
CANARY = "canary-secret-42"


def loader(
    folder: Path, entries: dict[str, Any], *, credentials: dict[str, Any] | None = None, env: str = "base"
) -> OmegaConfigLoader:
    for name, content in {
        f"{env}/sources_own.yml": entries,
        "base/globals.yml": {"data_root": "data"},
        **({"local/credentials.yml": credentials} if credentials else {}),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    (folder / "local").mkdir(exist_ok=True)
    return OmegaConfigLoader(conf_source=str(folder), env="local", **CONFIG_LOADER_ARGS)  # type: ignore[arg-type]


def test_an_entry_becomes_a_source(tmp_path: Path) -> None:
    entry = {"type": "csv", "path": "${globals:data_root}/shops.csv", "table": DECLARED, "contract": "shops_v1"}

    shops = configured(loader(tmp_path, {"shops": entry}))["shops"]

    assert isinstance(shops, ConfiguredSource)
    assert ("csv", "data/shops.csv", "shops_v1", "observed") == (
        shops.kind, shops.location, shops.contract, shops.provenance,
    )  # fmt: skip
    assert shops.table is not None
    assert "shops" == shops.table.name


def test_no_file_means_no_source(tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    (folder / "base").mkdir(parents=True)
    (folder / "local").mkdir()

    assert {} == configured(OmegaConfigLoader(conf_source=str(folder), env="local", **CONFIG_LOADER_ARGS))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("shops.csv", r"Reading shops in conf/base/sources_own.yml failed: got 'shops.csv', expected a group of keys"),
        ({}, r"Reading shops.type in .* failed: got nothing, expected one of csv, parquet, sql, http, fred, ledger"),
        ({"type": "parket"}, r"got 'parket', expected one of .* Did you mean 'parquet'\?"),
        ({"type": "pulse_kedro.adapters.sources.csv_files.CsvSource"}, "expected one of csv"),
        ({"type": "csv"}, r"Reading shops.path in .* failed: got nothing, expected a value\. Add `path`\."),
        ({"type": "csv", "path": 3}, r"Reading shops.path in .* got 3, expected a valid string"),
        ({"type": "csv", "path": "x", "delimeter": ";"}, r"Reading shops.delimeter in .* Did you mean 'delimiter'\?"),
        (
            {"type": "csv", "path": "x", "tabel": {}},
            r"one of type, credentials, table, contract, .*Did you mean 'table'",
        ),
        ({"type": "csv", "path": "x", "contract": 1}, r"Reading shops.contract in .* got 1, expected the name"),
        ({"type": "csv", "path": "x", "table": "source"}, r"Reading shops.table in .* expected the keys of a decl"),
        (
            {"type": "csv", "path": "x", "table": {**DECLARED, "frequency": "yearly"}},
            r"Reading shops.table.frequency in .* failed: got 'yearly', expected 'hourly', 'daily'",
        ),
        (
            {"type": "csv", "path": "x", "table": {**DECLARED, "frequence": "daily"}},
            r"Reading shops.table.frequence in .* Did you mean 'frequency'\?",
        ),
        (
            {"type": "http", "url": "https://example.org", "limits": {"atempts": 3}},
            r"Reading shops.limits.atempts in .* expected one of connect_timeout_s, .* Did you mean 'attempts'\?",
        ),
        (
            {"type": "http", "url": "https://example.org", "paging": {"kind": "pages"}},
            r"Reading shops.paging.kind in .* got 'pages', expected 'none', 'page', 'offset'",
        ),
        ({"type": "sql", "relation": "x"}, "got these keys, expected url is needed, or credentials with con"),
        ({"type": "sql", "url": "my shops", "relation": "x"}, "expected a URL of SQLAlchemy"),
        ({"type": "sql", "url": "sqlite:///x"}, "got these keys, expected one of relation and query is needed"),
        (
            {"type": "ledger", "rows": "forecasts", "table": DECLARED},
            "Reading shops.table in .* expected null, because our own forecasts are never observations",
        ),
    ],
)
def test_a_wrong_entry_is_told_with_file_key_value_and_next_step(tmp_path: Path, entry: Any, told: str) -> None:  # noqa: ANN401
    with pytest.raises(InvalidSource, match=told):
        configured(loader(tmp_path, {"shops": entry}))


HTTP = {"type": "http", "url": "https://example.org"}


@pytest.mark.parametrize(
    ("entry", "credentials", "told"),
    [
        ({**HTTP, "credentials": "iris"}, {"irsi": {"token": CANARY}}, r"got 'iris', .*Did you mean 'irsi'\?"),
        ({**HTTP, "credentials": "iris"}, None, r"Write it into conf/local/credentials.yml"),
        ({**HTTP, "credentials": {"token": CANARY}}, None, r"Put what stands here into conf/local/credentials.yml"),
        ({**HTTP, "credentials": "iris"}, {"iris": {"tokn": CANARY}}, r"unfit credentials \(tokn\)"),
        ({**HTTP, "credentials": "iris"}, {"iris": {"token": f"{CANARY}\n"}}, r"unfit credentials \(token\)"),
        ({**HTTP, "credentials": "iris"}, {"iris": {"user": CANARY}}, r"user and password belong together"),
        ({"type": "fred", "series": ["GDP"], "credentials": "iris"}, {"iris": {"key": CANARY}}, r"unfit credentials"),
        ({**HTTP, "headers": {"x-key": CANARY}, "token": CANARY}, None, r"Reading shops.token in"),
        (
            {"type": "sql", "relation": "x", "url": f"postgresql://me:{CANARY}@db/x"},
            None,
            "url may not hold a password",
        ),
        (
            {"type": "sql", "relation": "x", "url": f"postgresql://db/x?password={CANARY}"},
            None,
            "url may not hold a password",
        ),
    ],
)
def test_credentials_come_by_name_and_no_message_tells_one(
    tmp_path: Path, entry: dict[str, Any], credentials: dict[str, Any] | None, told: str
) -> None:
    with pytest.raises(InvalidSource, match=told) as raised:
        configured(loader(tmp_path, {"shops": entry}, credentials=credentials))

    assert CANARY not in str(raised.value) + repr(raised.value)


def test_a_source_does_not_show_what_it_was_given(tmp_path: Path) -> None:
    entry = {**HTTP, "credentials": "iris"}

    found = configured(loader(tmp_path, {"shops": entry}, credentials={"iris": {"token": CANARY}}))

    assert CANARY not in repr(found)
    assert CANARY not in repr(Given(credentials={"token": CANARY}, database=f"postgresql://me:{CANARY}@db/x"))


def test_only_values_that_are_secret_are_hidden() -> None:
    credentials = {"user": "me", "password": "x1", "client_kwargs": {"endpoint_url": "http://s3", "token": ["x2"]}}

    assert ("x1", "x2") == tuple(Given(credentials=credentials).secrets)


def test_the_environment_is_named_where_the_entry_stands_in_it(tmp_path: Path) -> None:
    found = loader(tmp_path, {"shops": {"type": "cvs"}}, env="local")

    with pytest.raises(InvalidSource, match=r"in conf/local/sources_own.yml failed"):
        configured(found)


def test_an_unknown_source_names_the_nearest(tmp_path: Path) -> None:
    found = configured(loader(tmp_path, {"shops": {"type": "csv", "path": "x"}, "banks": {"type": "csv", "path": "y"}}))

    assert ["banks"] == list(chosen(found, ["banks"]))
    assert ["shops", "banks"] == list(chosen(found, [])) or ["banks", "shops"] == list(chosen(found, []))
    with pytest.raises(UnknownSource, match=r"got 'shop', expected one of banks, shops\. Did you mean 'shops'\?"):
        chosen(found, ["shop"])


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """Pretend that packages offer kinds."""

    def offer(**values: str) -> None:
        points = [EntryPoint(name, value, kinds.GROUP) for name, value in values.items()]
        monkeypatch.setattr(kinds, "entry_points", lambda group: points if group == kinds.GROUP else [])
        kinds.known_kinds.cache_clear()

    yield offer
    kinds.known_kinds.cache_clear()


def test_an_installed_package_offers_a_kind(tmp_path: Path, installed: Any) -> None:  # noqa: ANN401
    installed(text="pulse_kedro.adapters.sources.csv_files:CSV")

    assert "x" == configured(loader(tmp_path, {"shops": {"type": "text", "path": "x"}}))["shops"].location


def test_a_package_cannot_take_a_name_of_ours(installed: Any) -> None:  # noqa: ANN401
    installed(csv="pulse_kedro.adapters.sources.parquet_files:PARQUET")

    assert CSV is kinds.known_kinds()["csv"]()


def test_what_a_package_offers_must_be_a_kind(tmp_path: Path, installed: Any) -> None:  # noqa: ANN401
    installed(odd="pulse_kedro.adapters.sources.csv_files:CsvSource")

    with pytest.raises(InvalidSource, match="got 'odd', which is type, expected a `Kind`"):
        configured(loader(tmp_path, {"shops": {"type": "odd"}}))


def test_the_bundled_source_is_declared_as_cycles_read_it(project: Path) -> None:
    found = yaml.safe_load((project / "conf/base/sources.yml").read_text(encoding="utf-8"))["us_employment"]["table"]
    read = yaml.safe_load((project / "conf/base/parameters_data_management.yml").read_text(encoding="utf-8"))["source"]
    options = TypeAdapter(SourceOptions)

    assert options.validate_python({"name": "us_employment", **found}) == options.validate_python(read)


def test_a_source_with_vintages_needs_the_column_of_their_moments(tmp_path: Path) -> None:
    columns = {"unique_id": "unique_id", "ds": "ds", "y": "y"}
    entry = {"type": "fred", "series": ["GDP"], "credentials": "fred", "table": {**DECLARED, "columns": columns}}
    key = {"fred": {"api_key": "abc"}}

    with pytest.raises(InvalidSource, match=r"Reading gdp\.table\.columns\.available_at in .* got nothing"):
        configured(loader(tmp_path, {"gdp": entry}, credentials=key))

    entry["table"] = {**DECLARED, "columns": {**columns, "available_at": "available_at"}}
    assert configured(loader(tmp_path, {"gdp": entry}, credentials=key))["gdp"].table is not None
