"""What a colleague gets who has only the wheel and the archive of the configuration: cycles from an empty folder."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHIPPED = ("pyproject.toml", "README.md", "LICENSE", "src", "conf", "data/01_raw/us_employment.parquet")
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.egg-info", "local")
FROM_OUTSIDE = {
    "PULSE_DATA_ROOT",
    "PULSE_DATABASE_URL",
    "PULSE_TRACKING",
    "MLFLOW_TRACKING_URI",
    "KEDRO_LOGGING_CONFIG",
    "DO_NOT_TRACK",
}
"""Variables that would lead the installed package elsewhere."""


@dataclass(frozen=True, slots=True)
class Package:
    """What `kedro package` leaves in `dist/`, and the wheel installed into a folder of its own."""

    built_in: Path
    wheel: Path
    conf: Path
    installed: Path

    def call(self, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """One command of the installed package, typed in a folder."""
        environment = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
        return subprocess.run(  # noqa: S603  # our own command
            [sys.executable, "-m", "pulse_kedro", *words],
            cwd=folder,
            env=environment | {"PYTHONPATH": str(self.installed), "COLUMNS": "400"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def package(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Built from a copy of the repository by the two commands of `kedro package`, but without a download."""
    copy, installed = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("installed")
    for name in SHIPPED:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (project / name).is_dir():
            shutil.copytree(project / name, copy / name, symlinks=True, ignore=NOT_SHIPPED)
        else:
            shutil.copy(project / name, copy / name)
    (copy / "conf" / "local").mkdir()
    for name in (".gitkeep", "credentials.yml"):
        (copy / "conf" / "local" / name).write_text("", encoding="utf-8")
    conf = copy / "dist" / "conf-pulse_kedro.tar.gz"
    make(copy, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist")
    make(copy, "tar", "--exclude=local/*.yml", "-czf", str(conf), f"--directory={copy}", "conf")
    (wheel,) = (copy / "dist").glob("*.whl")
    where = ("--no-deps", "--no-index", "--target", str(installed))
    make(copy, sys.executable, "-m", "pip", "install", "--quiet", *where, str(wheel))
    return Package(built_in=copy, wheel=wheel, conf=conf, installed=installed)


def make(folder: Path, *command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)  # noqa: S603  # ours
    assert 0 == done.returncode, done.stdout + done.stderr


def test_the_package_serves_a_colleague_who_has_nothing_else(package: Package, project: Path, tmp_path: Path) -> None:
    """One test, so that the package is built once however the tests are shared out."""
    assert_the_wheel_is_whole(package, project)
    assert_nothing_names_the_machine_that_built_it(package, project)
    assert_the_archive_holds_no_settings_of_one_machine(package)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert_a_cycle_runs_from_an_empty_folder(package, empty)
    assert_the_next_cycle_continues(package, empty)
    assert_an_unpacked_archive_needs_no_option(package, empty)
    assert_a_folder_with_data_of_its_own_gets_no_other(package, tmp_path / "own")


def assert_the_wheel_is_whole(package: Package, project: Path) -> None:
    source = project / "src"
    here = {
        path.relative_to(source).as_posix()
        for path in (source / "pulse_kedro").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(package.wheel) as wheel:
        shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (data,) = (name for name in shipped if name.endswith(".parquet"))

        assert here == shipped
        assert (project / "data/01_raw/us_employment.parquet").read_bytes() == wheel.read(data)


def assert_nothing_names_the_machine_that_built_it(package: Package, project: Path) -> None:
    strange = [str(package.built_in).encode(), str(project).encode()]
    with zipfile.ZipFile(package.wheel) as wheel:
        assert [] == [name for name in wheel.namelist() if any(path in wheel.read(name) for path in strange)]


def assert_the_archive_holds_no_settings_of_one_machine(package: Package) -> None:
    with tarfile.open(package.conf) as archive:
        names = archive.getnames()

    assert {"conf/base/globals.yml", "conf/logging.yml", "conf/local/.gitkeep"} <= set(names)
    assert [] == [name for name in names if "credentials" in name]


def assert_a_cycle_runs_from_an_empty_folder(package: Package, folder: Path) -> None:
    done = package.call("run", "--conf-source", str(package.conf), "--params", "as_of=2018-12-01", folder=folder)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"put the bundled example data into {folder}/data/01_raw/us_employment.parquet" in done.stdout
    assert "committed cycle" in done.stdout
    assert "WARNING" not in done.stdout
    assert "logging configuration" not in done.stdout
    assert ["data"] == [path.name for path in folder.iterdir()]
    assert {"pulse.db", "mlflow.db", "mlflow"} <= {path.name for path in (folder / "data").iterdir()}
    assert "Plotly" in (folder / "data" / "08_reporting" / "cycle_report.html").read_text(encoding="utf-8")


def assert_the_next_cycle_continues(package: Package, folder: Path) -> None:
    elsewhere = ("--conf-source", f"{package.conf}")
    month = package.call("pulse", "next", *elsewhere, folder=folder).stdout.strip()
    done = package.call("run", *elsewhere, "--params", f"as_of={month}", folder=folder)
    said = package.call("pulse", "status", "--json", *elsewhere, folder=folder)

    assert "2019-01-01" == month
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "bundled" not in done.stdout
    status = json.loads(said.stdout)
    assert ("2019-01-01", 2, 147) == (
        status["as_of"],
        status["champion"]["revision"],
        status["ledger"]["resolved"],
    )


def assert_an_unpacked_archive_needs_no_option(package: Package, folder: Path) -> None:
    with tarfile.open(package.conf) as archive:
        archive.extractall(folder, filter="data")

    said = package.call("pulse", "status", "--json", folder=folder)

    assert "2019-01-01" == json.loads(said.stdout)["as_of"]


def assert_a_folder_with_data_of_its_own_gets_no_other(package: Package, folder: Path) -> None:
    (folder / "data" / "01_raw").mkdir(parents=True)

    done = package.call("run", "--conf-source", str(package.conf), folder=folder)

    assert 1 == done.returncode
    assert f"No such file or directory: '{folder}/data/01_raw/us_employment.parquet'" in done.stdout
    assert "Next: Restore the file that the message names or correct its path under `conf/`" in done.stdout
