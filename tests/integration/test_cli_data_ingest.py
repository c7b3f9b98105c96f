"""`data ingest` and `data quarantine` on the bundled data, and a cycle that reads what they stored."""

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from kedro.framework.project import settings
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from cycles import small_source


@pytest.fixture
def data(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data root of its own with a small source."""
    (tmp_path / "01_raw").mkdir()
    source(tmp_path, small_source(since="2015-01-01"))
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    monkeypatch.chdir(project)
    bootstrap_project(project)
    return tmp_path


def source(root: Path, table: pd.DataFrame) -> None:
    table.to_parquet(root / "01_raw" / "us_employment.parquet")


def call(*words: str) -> Result:
    from pulse_kedro.cli import cli

    result = CliRunner().invoke(cli, ["pulse", "data", *words, "--env", "base"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def answer(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(*words, "--json").stdout)
    return found


def test_source_is_ingested_twice_and_stored_once(data: Path) -> None:
    size = len(pd.read_parquet(data / "01_raw" / "us_employment.parquet"))

    (first,), (second,) = (answer("ingest", "us_employment")["sources"] for _ in range(2))

    assert ("stored", size, size, 0) == tuple(first[name] for name in ("status", "rows_in", "stored", "quarantined"))
    assert ("unchanged", size) == (second["status"], second["duplicates"])
    assert first["snapshot"] == second["snapshot"]


def test_bad_row_is_listed_shown_fixed_and_dropped(data: Path) -> None:
    table = small_source(since="2015-01-01")
    table.loc[0, "y"], table.loc[1, "y"] = -5.0, None
    source(data, table)
    said = call("ingest", "us_employment")
    listed = answer("quarantine", "list", "--source", "us_employment")
    first, second = (row["id"] for row in listed["rows"])

    fixed = call("quarantine", "fix", first, "--set", "y=100.5")
    shown = answer("quarantine", "show", first[:9])
    dropped = call("quarantine", "drop", second, "--reason", "no value")
    released = call("quarantine", "release", "--rule", "empty_cell")

    assert "2 set aside" in said.stdout
    assert {"out_of_range", "empty_cell"} == {row["rule"] for row in listed["rows"]}
    assert (0, "stored", -5.0) == (fixed.exit_code, shown["outcome"], shown["original"]["y"])
    assert (0, 3) == (dropped.exit_code, released.exit_code)
    assert 3 == call("quarantine", "list").exit_code
    assert "dropped" in call("quarantine", "list", "--state", "all").stdout
    assert "no value" in call("quarantine", "show", second).stdout


def test_row_that_stays_broken_is_exit_code_1(data: Path) -> None:
    source(data, small_source(since="2015-01-01").assign(y=-5.0).iloc[:1])
    call("ingest", "us_employment")

    released = call("quarantine", "release", "--source", "us_employment")

    assert (1, True) == (released.exit_code, "still broken" in released.stdout)


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ingest",), 2, "Name the sources to ingest, or say --all"),
        (("ingest", "us_employment", "--all"), 2, "Name the sources to ingest, or say --all"),
        (("ingest", "us_employmen"), 1, "Did you mean 'us_employment'?"),
        (("ingest", "us_employment", "--start", "soon"), 1, "expected a day such as 2019-01-31"),
        (("ingest", "us_employment", "--as-of", "soon"), 1, "expected a calendar day or moment"),
        (("ingest", "us_employment", "--start", "2019-02-01", "--end", "2019-01-01"), 1, "2019-02-01"),
        (("quarantine", "list"), 3, "No row waits"),
        (("quarantine", "show", "q1"), 1, "expected the id of one of 0 waiting rows"),
        (("quarantine", "release"), 2, "Name rows by their ids, or choose them"),
        (("quarantine", "release", "--rule", "x"), 3, "No row waits"),
        (("quarantine", "fix", "q1", "--set", "y"), 2, "--set needs COLUMN=VALUE"),
    ],
)
def test_wrong_words_are_told_with_their_exit_code(words: tuple[str, ...], code: int, said: str) -> None:
    result = call(*words)

    assert (code, True) == (result.exit_code, said in result.output), result.output


def test_missing_file_fails_and_is_told(data: Path) -> None:
    (data / "01_raw" / "us_employment.parquet").unlink()

    result = call("ingest", "--all")

    assert (1, True) == (result.exit_code, "us_employment: failed." in result.stdout)


@pytest.mark.usefixtures("data")
def test_part_of_a_source_is_ingested() -> None:
    made = answer("ingest", "us_employment", "--start", "2018-01-01", "--end", "2018-12-01", "--variables", "PAYNSA")
    later = answer("ingest", "us_employment", "--since-watermark", "--variables", "PAYNSA")

    assert (12, 12) == (made["sources"][0]["rows_in"], made["sources"][0]["stored"])
    assert (10, 9) == (later["sources"][0]["rows_in"], later["sources"][0]["stored"])


def test_how_to_of_a_revision_is_true(data: Path, project: Path, tmp_path: Path) -> None:
    """The example of docs/how_to/ingest.md: ingest, revise, ingest, and two cycles at two moments."""
    conf = tmp_path / "conf"
    shutil.copytree(project / "conf", conf, ignore=shutil.ignore_patterns("local"))
    page = (project / "docs" / "how_to" / "ingest.md").read_text(encoding="utf-8")
    for name in ("sources.yml", "catalog.yml", "parameters.yml"):
        place = conf / "vintages" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(example(page, name), encoding="utf-8")
    table = small_source(since="2015-01-01")
    seen = table["ds"] + pd.DateOffset(months=1, days=5)
    first = table.assign(published=seen.dt.tz_localize("UTC"))
    june = first["ds"].eq("2019-06-01")
    corrected = first.loc[june].assign(y=lambda rows: rows["y"] + 1000, published=pd.Timestamp("2019-10-20", tz="UTC"))

    for delivery in (first, pd.concat([first, corrected])):
        delivery.to_parquet(data / "01_raw" / "payrolls.parquet")
        made = run_ingest(conf)
    found = {}
    for moment in ("2019-10-10", "2019-11-15"):
        run_cycle(conf, project, {"as_of": "2019-08", "known_at": moment})
        panel = pd.read_parquet(data / "03_primary" / "panel.parquet")
        found[moment] = panel.loc[panel["ds"].eq("2019-06-01")].set_index("unique_id")["y"]

    assert int(june.sum()) == made["sources"][0]["revisions"] == made["sources"][0]["stored"]
    assert [1000.0] == (found["2019-11-15"] - found["2019-10-10"]).round(6).unique().tolist()


def run_ingest(conf: Path) -> dict[str, Any]:
    from pulse_kedro.cli import cli

    words = ["pulse", "data", "ingest", "payrolls", "--env", "vintages", "--conf-source", str(conf), "--json"]
    result = CliRunner().invoke(cli, words)
    assert 0 == result.exit_code, result.output
    made: dict[str, Any] = json.loads(result.stdout)
    return made


def run_cycle(conf: Path, project: Path, given: dict[str, str]) -> None:
    settings.set("DISABLE_HOOKS_FOR_PLUGINS", ("kedro_mlflow",))
    with warnings.catch_warnings(record=True):  # MLflow 3 warns when a plugin imports it, whatever the filters say
        warnings.simplefilter("ignore")
        session = KedroSession.create(project, env="vintages", conf_source=str(conf), runtime_params=given)
    with session:
        session.run(pipeline_names=["data_management"])


def example(page: str, name: str) -> str:
    """The block of a page that shows a file of an environment."""
    block = page.partition(f"# conf/vintages/{name}\n")[2]
    assert block, name
    return block.partition("```")[0]
