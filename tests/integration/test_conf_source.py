"""Commands read another configuration where they are told to: a folder, an archive, and none that is not there."""

import os
import shutil
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kedro.framework.project import settings
from kedro.framework.startup import bootstrap_project

from pulse_kedro.adapters.configuration import environments


@pytest.fixture
def elsewhere(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the configuration whose data root is another one, with the command line standing in the repository."""
    for name in ("PULSE_DATA_ROOT", "PULSE_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(project / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "base" / "globals.yml").write_text(
        f"data_root: {tmp_path}/data\ndatabase: sqlite:///{tmp_path}/data/pulse.db\n", encoding="utf-8"
    )
    monkeypatch.chdir(project)
    bootstrap_project(project)
    return tmp_path / "conf"


@pytest.fixture
def archive(elsewhere: Path) -> Path:
    path = elsewhere.parent / "conf.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        file.add(elsewhere, "conf")
    return path


def pulse(*words: str) -> Result:
    from pulse_kedro.cli import cli

    return CliRunner().invoke(cli, ["pulse", *words])


@pytest.mark.parametrize("kind", ["elsewhere", "archive"])
def test_a_command_reads_the_configuration_it_is_told_and_only_that_once(
    request: pytest.FixtureRequest, kind: str
) -> None:
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.configuration import database_url

    source: Path = request.getfixturevalue(kind)
    before = database_url(bootstrap.configuration(None))

    result = pulse("status", "--conf-source", str(source))

    assert 3 == result.exit_code, result.output
    assert "base" in environments(str(source))
    assert "conf" == str(settings.CONF_SOURCE)
    assert before == database_url(bootstrap.configuration(None))


def test_the_data_of_another_configuration_is_asked(elsewhere: Path) -> None:
    from pulse_kedro.adapters.stores import cycles
    from pulse_kedro.adapters.stores.engine import open_for_writing
    from records import NOW, a_cycle, a_record

    (elsewhere.parent / "data").mkdir()
    engine = open_for_writing(f"sqlite:///{elsewhere.parent}/data/pulse.db")
    cycles.commit(engine, a_record(a_cycle("2018-12-01")), now=NOW)

    result = pulse("status", "--json", f"--conf-source={os.path.relpath(elsewhere)}")

    assert 0 == result.exit_code, result.output
    assert '"as_of": "2018-12-01"' in result.output


def test_an_unknown_environment_of_an_archive_is_wrong_usage(archive: Path) -> None:
    result = pulse("status", "--env", "locla", "--conf-source", str(archive))

    assert 2 == result.exit_code
    assert "got 'locla', expected one of base, local. Did you mean 'local'?" in result.output


def test_a_configuration_that_is_not_there_is_wrong_usage(elsewhere: Path) -> None:
    result = pulse("status", "--conf-source", str(elsewhere.parent / "conf-of-yesterday.tar.gz"))

    assert 2 == result.exit_code
    assert "expected a folder or an archive of one" in result.output
    assert "--conf-source" in result.output
