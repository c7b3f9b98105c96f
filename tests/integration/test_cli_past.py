"""Commands that look back, on a real database: before any run, after cycles, after a replay."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project

from cycles import Place
from pulse_kedro.adapters.bundles import MANIFEST
from pulse_kedro.forecasting import bundle_files

COMMANDS = (
    ["history"],
    ["versions"],
    ["compare", "previous", "champion"],
    ["report"],
    ["why"],
    ["lineage", "champion"],
)
OTHER = {"recipe": {"horizon": 6, "members": [{"kind": "naive"}, {"kind": "seasonal_naive"}]}}
pytestmark = pytest.mark.slow


@pytest.fixture
def at(project: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The command line standing in the repository."""
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    monkeypatch.chdir(project)
    bootstrap_project(project)
    return monkeypatch


@pytest.fixture(scope="module")
def past(after_three: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three cycles, then a replay of an earlier month with another recipe. Read it only."""
    place = after_three.copy(tmp_path_factory.mktemp("past"))
    place.run("2018-11-01", OTHER)
    return place


@pytest.fixture
def known(past: Place, at: pytest.MonkeyPatch) -> Place:
    at.setenv("PULSE_DATA_ROOT", str(past.root))
    return past


def pulse(*words: str) -> Result:
    from pulse_kedro.cli import cli

    return CliRunner().invoke(cli, ["pulse", *words])


def answer(*words: str) -> dict[str, object]:
    result = pulse(*words, "--json")
    assert result.exit_code in (0, 3), result.output
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_before_the_first_cycle_there_is_nothing_to_tell_and_nothing_is_made(
    at: pytest.MonkeyPatch, tmp_path: Path, words: list[str]
) -> None:
    at.setenv("PULSE_DATA_ROOT", str(tmp_path))

    told, as_json = pulse(*words), pulse(*words, "--json")

    assert [3, 3] == [told.exit_code, as_json.exit_code], told.output
    assert "make run" in told.output
    assert isinstance(json.loads(as_json.stdout), dict)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_an_unknown_environment_is_wrong_usage(known: Place, words: list[str]) -> None:
    assert known.root.is_dir()
    result = pulse(*words, "--env", "locla")

    assert 2 == result.exit_code
    assert "Did you mean 'local'?" in result.output


def test_history_tells_every_commit_the_newest_first(known: Place) -> None:
    found = answer("history")

    assert ["2018-11-01", "2019-02-01", "2019-01-01", "2018-12-01"] == [row["as_of"] for row in found["cycles"]]
    assert ["replay", "main", "main", "main"] == [row["line"] for row in found["cycles"]]
    assert [False, True, False, False] == [row["head"] for row in found["cycles"]]
    assert ["BOOTSTRAP", "REVISION", "REVISION", "BOOTSTRAP"] == [row["verdict"] for row in found["cycles"]]
    assert [1, 3, 2, 1] == [row["revision"] for row in found["cycles"]]
    (head,) = known.ask("select cycle from champion")[0]
    assert [4, head] == [found["count"], found["head"]]


def test_history_counts_what_the_ledger_holds(known: Place) -> None:
    for row in answer("history")["cycles"]:
        issued = known.ask(f"select count(*) from forecasts where cycle = '{row['key']}'")  # noqa: S608  # our own words
        seen = known.ask(f"select count(*) from outcomes where cycle = '{row['key']}'")  # noqa: S608
        assert [(row["forecasts"],), (row["outcomes"],)] == [*issued, *seen]
        assert 0 < row["seconds"] < 600


def test_history_shows_the_scores_that_the_cycles_kept(known: Place) -> None:
    query = "select cycle, kind, value from metrics where level = 'overall' and metric = 'mase' and model in "
    kept = {(cycle, kind): value for cycle, kind, value in known.ask(query + "('combination', 'champion')")}

    for row in answer("history")["cycles"]:
        assert {"backtest": kept[row["key"], "backtest"], "live": kept.get((row["key"], "live"))} == row["mase"]


def test_history_is_cut_where_asked_and_says_so(known: Place) -> None:
    assert known.root.is_dir()
    assert 2 == len(answer("history", "--limit", "2")["cycles"])
    assert "2 of 4 cycles; `--limit 4` shows all." in pulse("history", "--limit", "2").output
    assert 2 == pulse("history", "--limit", "0").exit_code


def test_versions_are_the_bundles_that_became_champion(known: Place) -> None:
    found = answer("versions")

    assert [3, 2] == [found["current"], found["previous"]]
    assert [(3, "current"), (2, "previous"), (1, None)] == [(row["version"], row["mark"]) for row in found["versions"]]
    assert {"whole"} == {row["files"] for row in found["versions"]}
    assert known.champion().digest == found["versions"][0]["bundle"]
    assert "replay" not in {row["line"] for row in found["versions"]}


def test_versions_tell_which_files_are_gone(grown: Place, at: pytest.MonkeyPatch) -> None:
    at.setenv("PULSE_DATA_ROOT", str(grown.root))
    newest, middle, oldest = (row["bundle"] for row in answer("versions")["versions"])
    bundles = grown.root / "06_models" / "bundles"
    (bundles / newest / bundle_files.COMMON).unlink()
    (bundles / middle / MANIFEST).unlink()
    (bundles / oldest).rename(bundles / "away")

    assert ["incomplete", "incomplete", "missing"] == [row["files"] for row in answer("versions")["versions"]]
    assert bundle_files.MANIFEST == MANIFEST


def test_compare_of_two_revisions_finds_the_same_recipe_and_moved_forecasts(known: Place) -> None:
    found = answer("compare", "previous", "champion")

    assert [True, []] == [found["recipe"]["same"], found["recipe"]["differences"]]
    assert ["2019-01-01", "2019-02-01"] == [found[side]["as_of"] for side in ("a", "b")]
    assert [False, True] == [found[side]["head"] for side in ("a", "b")]
    targets = "select unique_id, ds from forecasts where cycle = "
    common = set(known.ask(f"{targets}'{found['a']['key']}'")) & set(known.ask(f"{targets}'{found['b']['key']}'"))
    assert len(common) == found["forecasts"]["common"] > 0
    sizes = [abs(row["share"]) for row in found["forecasts"]["largest"]]
    assert sizes == sorted(sizes, reverse=True)
    assert not found["same_data"]


def test_compare_tells_recipes_apart_field_by_field(known: Place) -> None:
    assert known.root.is_dir()
    found = answer("compare", "2018-11-01", "champion")

    fields = {row["field"]: (row["a"], row["b"]) for row in found["recipe"]["differences"]}
    assert ("6", "12") == fields["horizon"]
    assert (None, "yes") == fields["members.level_ridge_24"]
    assert "members.naive" not in fields
    assert "season_length" not in fields
    mase = next(row for row in found["scores"] if (row["kind"], row["metric"]) == ("backtest", "mase"))
    assert "A forecasts 6 steps and B 12, so neither is the better one" == mase["untested"]
    assert [None, None] == [mase["better"], mase["is_improvement"]]
    assert 9 == found["series"]["compared"]
    assert 9 == sum(found["series"][name] for name in ("better_a", "better_b", "equal"))
    assert "another one" in pulse("compare", "2018-11-01", "champion").output


def test_a_cycle_compared_with_itself_differs_in_nothing(known: Place) -> None:
    assert known.root.is_dir()
    found = answer("compare", "champion", "champion")

    assert {None} == {row["better"] for row in found["scores"]}
    assert [0, 0] == [found["series"]["better_a"], found["series"]["better_b"]]
    assert [0.0, 0.0] == [found["forecasts"]["mean"], found["forecasts"]["mean_absolute"]]
    assert found["same_data"]


def test_compare_tests_the_cutoffs_that_two_months_share(known: Place) -> None:
    assert known.root.is_dir()
    scores = answer("compare", "previous", "champion", "--metric", "mase")["scores"]
    (backtest,) = [row for row in scores if row["kind"] == "backtest"]

    assert 100 < backtest["cutoffs"]
    assert 0 < backtest["p"] <= 1
    assert backtest["low"] <= backtest["gain"] <= backtest["high"]


def test_why_and_lineage_tell_the_same_of_a_cycle_by_any_name(known: Place) -> None:
    assert known.root.is_dir()
    second = answer("history")["cycles"][2]

    assert {second["key"]} == {answer("why", name)["cycle"] for name in ("v2", "2019-01-01", second["bundle"][:9])}
    assert "replay" == answer("why", "2018-11-01")["place"]
    above = {one["name"] for one in answer("lineage", second["bundle"][:9], "--up")["ancestors"]}
    assert {f"cycle:{second['key']}", f"recipe:{second['recipe']}", "source:us_employment"} <= above
    assert not any(one["gone"] for one in answer("lineage", "champion", "--up")["ancestors"])


def test_a_name_that_means_nothing_or_several_is_wrong_usage(known: Place) -> None:
    assert known.root.is_dir()
    unknown, several = pulse("compare", "2019-02-02", "champion"), pulse("compare", "2019", "champion")

    assert [2, 2] == [unknown.exit_code, several.exit_code]
    assert "got '2019-02-02'" in unknown.output
    assert "(as of 2019-02-01)" in unknown.output
    assert "It may mean" in several.output


def test_report_prints_the_path_alone_and_beside_it_whose_report_that_is(known: Place) -> None:
    result = pulse("report")

    assert 0 == result.exit_code
    assert f"{known.root}/08_reporting/cycle_report.html\n" == result.stdout
    assert "as of 2018-11-01, replay), not of the head" in result.stderr
    assert "`kedro run --params as_of=2019-02-01` writes it" in result.stderr
    found = answer("report")
    assert [False, "2018-11-01"] == [found["of_head"], found["as_of"]]


def test_report_of_the_head_needs_no_words_and_opens(grown: Place, at: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at.setenv("PULSE_DATA_ROOT", str(grown.root))
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n', encoding="utf-8")
    browser.chmod(0o755)
    code = "import sys; from pulse_kedro.__main__ import main; sys.argv[1:] = ['pulse', 'report', '--open']; main()"
    at.setenv("BROWSER", f"{browser} %s")

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  # ours

    page = grown.root / "08_reporting" / "cycle_report.html"
    assert (0, f"{page}\n", "") == (done.returncode, done.stdout, done.stderr)
    assert f"{page.as_uri()}\n" == (tmp_path / "opened").read_text(encoding="utf-8")


def test_a_lost_report_is_nothing_to_show_and_names_the_run(served: Place, at: pytest.MonkeyPatch) -> None:
    at.setenv("PULSE_DATA_ROOT", str(served.root))
    (served.root / "08_reporting" / "cycle_report.html").unlink()

    result = pulse("report")

    assert [3, ""] == [result.exit_code, result.stdout]
    assert "`kedro run --params as_of=2018-12-01` writes it" in result.stderr
    assert answer("report")["path"] is None


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_readers_answer_with_one_object_and_without_pandas(
    known: Place, at: pytest.MonkeyPatch, words: list[str]
) -> None:
    at.setenv("PULSE_DATA_ROOT", str(known.root))
    code = f"""
import sys
sys.argv = ["pulse_kedro", "pulse", *{words!r}, "--json"]
from pulse_kedro.__main__ import main
try:
    main()
finally:
    print(sorted({{"pandas", "mlflow", "alembic", "pyarrow", "torch"}} & set(sys.modules)), file=sys.stderr)
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # ours

    assert isinstance(json.loads(done.stdout), dict)
    assert "[]" == done.stderr.strip().splitlines()[-1]
