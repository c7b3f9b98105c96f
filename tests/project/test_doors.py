"""Both doors open, and `make next` knows what comes next, without a single cycle having run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def elsewhere(project: Path, tmp_path: Path) -> dict[str, str]:
    """Environment variables of a run whose data root is a fresh folder with the bundled data in it."""
    (tmp_path / "01_raw").mkdir()
    shutil.copy(project / "data" / "01_raw" / "us_employment.parquet", tmp_path / "01_raw")
    return os.environ | {"PULSE_DATA_ROOT": str(tmp_path), "DO_NOT_TRACK": "1"}


def answer(*command: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], check=False, capture_output=True, text=True, cwd=cwd, env=env)  # noqa: S603 our own commands


def test_second_door_knows_run_and_pulse_from_any_folder(tmp_path: Path) -> None:
    done = answer("-m", "pulse_kedro", "--help", cwd=tmp_path)

    assert 0 == done.returncode, done.stderr
    assert {"run", "pulse"} <= set(done.stdout.split())


def test_second_door_offers_every_option_of_run(project: Path) -> None:
    done = answer("-m", "pulse_kedro", "run", "--help", cwd=project)

    assert {"--params", "--pipelines", "--tags", "--from-nodes"} <= set(done.stdout.replace(",", " ").split())


@pytest.mark.slow
def test_next_month_before_the_first_cycle_says_what_to_do(project: Path, elsewhere: dict[str, str]) -> None:
    done = answer("-m", "pulse_kedro", "pulse", "next", cwd=project, env=elsewhere)

    assert 3 == done.returncode, done.stderr
    assert "make run" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("after", "expected"), [("2018-12-01", "2019-01-01"), ("2019-09-01", "None")])
def test_next_period_is_the_first_later_one_in_the_source(
    project: Path, elsewhere: dict[str, str], after: str, expected: str
) -> None:
    code = f"from pulse_kedro import bootstrap as b; print(b.following_period(b.configuration(None), {after!r}))"

    done = answer("-c", code, cwd=project, env=elsewhere)

    assert expected == done.stdout.strip(), done.stderr
