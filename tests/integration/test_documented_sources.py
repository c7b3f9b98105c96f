"""What the how-tos on sources say is true: their entries can be built, their code reads a table."""

import asyncio
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from kedro.config import OmegaConfigLoader

from pulse_kedro.adapters.sources import kinds
from pulse_kedro.adapters.sources.configured import configured
from pulse_kedro.adapters.sources.fan_out import fetch_all
from pulse_kedro.adapters.sources.settings import Given
from pulse_kedro.domain.data_management.fetching import Fetched, Request
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.settings import CONFIG_LOADER_ARGS

LEVELS = "1957.0417; 7014\n1957.1250; 7028\n1957.2083; 7030\n1957.2917; n/a\n"


def blocks(project: Path, page: str, language: str) -> list[str]:
    text = (project / "docs" / "how_to" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def loader(folder: Path, **files: str) -> OmegaConfigLoader:
    for name, text in {"globals": "data_root: data\n", **files}.items():
        (folder / "base").mkdir(parents=True, exist_ok=True)
        (folder / "base" / f"{name}.yml").write_text(text, encoding="utf-8")
    (folder / "local").mkdir()
    return OmegaConfigLoader(conf_source=str(folder), env="local", **CONFIG_LOADER_ARGS)  # type: ignore[arg-type]


def test_every_entry_of_the_how_to_can_be_built(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRED_API_KEY", "canary")
    *entries, credentials = blocks(project, "fetch_observations.md", "yaml")
    secrets = {
        **{name: {"token": "x"} for name in ("market", "iris")},
        "market_database": {"con": "postgresql+psycopg://user:password@host/market"},
        "fred": yaml.safe_load(credentials)["fred"],
    }

    found = configured(loader(tmp_path, sources="\n".join(entries), credentials=yaml.safe_dump(secrets)))

    assert set(kinds.KINDS) - {"parquet"} == {source.kind for source in found.values()}
    assert {"own_forecasts", "own_backtests"} == {name for name, source in found.items() if source.provenance == "self"}


@pytest.fixture
def tide(project: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """The code of the page, as an installed package would offer it."""
    (code,) = blocks(project, "add_a_source.md", "python")
    (entry_point,) = blocks(project, "add_a_source.md", "toml")
    name, place = re.findall(r'^(\w+) = "([\w.:]+)"', entry_point, re.MULTILINE)[0]
    module = ModuleType(place.partition(":")[0])
    monkeypatch.setitem(sys.modules, "my_package", ModuleType("my_package"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code, "add_a_source.md", "exec"), module.__dict__)  # noqa: S102  # the page's own code
    monkeypatch.setattr(kinds, "entry_points", lambda group: [EntryPoint(name, place, group)])
    kinds.known_kinds.cache_clear()
    yield
    kinds.known_kinds.cache_clear()


@pytest.mark.usefixtures("tide")
def test_the_class_of_the_how_to_reads_a_table(project: Path, tmp_path: Path) -> None:
    (entry,) = blocks(project, "add_a_source.md", "yaml")
    path = tmp_path / "data" / "01_raw" / "brest.txt"
    path.parent.mkdir(parents=True)
    path.write_text(LEVELS, encoding="ascii")
    given = Given(place=lambda name: str(tmp_path / name))

    sources = configured(loader(tmp_path / "conf", sources=entry), given)
    outcome = asyncio.run(fetch_all(sources, Request()))["brest"]

    assert isinstance(outcome, Fetched)
    options = sources["brest"].table
    assert options is not None
    rows, quarantine = split(outcome.table, options)
    assert ["1957-01-01", "1957-02-01", "1957-03-01"] == [str(when.date()) for when in rows["ds"]]
    assert ([7014.0, 7028.0, 7030.0], 1) == (rows["y"].tolist(), len(quarantine))
