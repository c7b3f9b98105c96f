"""Settings are written whole or not at all, replace nothing of one's own, and evaluate nothing from a file."""

import pickle
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

from pulse_kedro.adapters.settings_files import CATALOG, GLOBALS, MARK, SettingsInTheWay, spell, write_settings

TEXTS = {CATALOG: f"{MARK}\nobservations: {{type: a}}\n", GLOBALS: f"{MARK}\ndata_root: data/a\n"}


def test_every_file_is_written_and_read_back(tmp_path: Path) -> None:
    written = write_settings(tmp_path / "local", TEXTS, replace=False)

    assert [tmp_path / "local" / name for name in TEXTS] == written
    assert {"type": "a"} == yaml.safe_load(written[0].read_text(encoding="utf-8"))["observations"]


def test_settings_of_another_source_are_replaced_on_request_only(tmp_path: Path) -> None:
    write_settings(tmp_path, TEXTS, replace=False)

    with pytest.raises(SettingsInTheWay, match=r"settings of another source.*Replace them with --force"):
        write_settings(tmp_path, TEXTS, replace=False)
    assert write_settings(tmp_path, TEXTS, replace=True)


def test_settings_of_ones_own_are_never_replaced_and_nothing_else_is_written(tmp_path: Path) -> None:
    (tmp_path / GLOBALS).write_text("data_root: elsewhere\n", encoding="utf-8")

    with pytest.raises(SettingsInTheWay, match="got settings of your own"):
        write_settings(tmp_path, TEXTS, replace=True)
    assert [GLOBALS] == [path.name for path in tmp_path.iterdir()]


def test_another_file_that_sets_the_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "catalog.yml").write_text("observations: {type: b}\n", encoding="utf-8")

    with pytest.raises(SettingsInTheWay, match=r"the entry 'observations' in .*catalog\.yml"):
        write_settings(tmp_path, TEXTS, replace=True)


@pytest.mark.parametrize(
    "name",
    [
        "${oc.env:HOME}",
        "a: b",
        "#1",
        "it's",
        'say "x"',
        "10",
        "null",
        "größe",
        "a\tb",
        "\\${x}",
        "\\\\${x}\\",
        "${${x}}",
        "\\",
    ],
)
def test_a_name_from_a_file_stays_the_text_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "parameters.yml"
    path.write_text(f"name: {spell(name)}\n", encoding="utf-8")

    assert name == OmegaConf.to_container(OmegaConf.load(path), resolve=True)["name"]


def test_error_returns_from_a_worker() -> None:
    assert "p" == pickle.loads(pickle.dumps(SettingsInTheWay("p", "x", "y"))).path  # noqa: S301  (our own bytes)
