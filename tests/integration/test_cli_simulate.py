"""`simulate` on small files: the answer for programs, for people, the page, and the messages of bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project

FIGURES = {"mase", "cpu_seconds", "retrainings", "promotions", "false_promotions", "cycles", "coverage_80"}

OF_RULES = {"warm_up_origins", "rules_applied", "rule_sets_tried", "rule_sets_passed", "rules_dropped", "rules"}
GAINS = ("differences", "gains_of_rules")


@pytest.fixture(autouse=True)
def at(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    bootstrap_project(project)


def simulate(path: Path, *words: str) -> Result:
    from pulse_kedro.cli import cli

    return CliRunner().invoke(cli, ["pulse", "simulate", "--data", str(path), "--horizon", "6", "--freq", "M", *words])


@pytest.fixture
def dated(tmp_path: Path) -> Path:
    rng, t = np.random.default_rng(0), np.arange(96)
    rows = ["date,a,b"]
    for k in t:
        values = 50 + 5 * np.sin(2 * np.pi * k / 12 + np.arange(2)) + rng.normal(size=2)
        rows.append(f"{2010 + k // 12}-{k % 12 + 1:02d}-01,{values[0]:.3f},{values[1]:.3f}")
    path = tmp_path / "dated.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_answer_is_one_object(dated: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"

    done = simulate(dated, "--start", "2014-12-31", "--policies", "recursive,full:2", "--json", "--plot", str(page))

    assert 0 == done.exit_code, done.output
    found = json.loads(done.stdout)
    assert ["recursive", "full:2"] == list(found["policies"])
    assert all(set(one) >= FIGURES for one in found["policies"].values())
    assert [6, 6] == [one["cycles"] for one in found["policies"].values()]
    assert [1, 3] == [one["retrainings"] for one in found["policies"].values()]
    assert found["origins"][0].startswith("2014-12-01")
    assert "recursive" == found["differences"]["full:2"]["against"]
    assert 3 == page.read_text(encoding="utf-8").count("<svg")


def test_a_policy_with_rules_is_told_beside_the_same_without(dated: Path, tmp_path: Path) -> None:
    page, words = tmp_path / "page.html", ("--policies", "never,recursive,recursive+rules", "--break", "level@2")

    told = simulate(dated, *words)
    done = simulate(dated, *words, "--json", "--plot", str(page))

    assert 0 == done.exit_code, done.output
    found = json.loads(done.stdout)
    with_rules, without = (found["policies"][name] for name in ("recursive+rules", "recursive"))
    assert set(with_rules) > OF_RULES
    assert "rules" not in without
    assert {"never", "recursive"} == {found[part]["recursive+rules"]["against"] for part in GAINS}
    assert with_rules["mase"] == without["mase"]  # 11 windows are too few to choose among rules
    assert with_rules["rulebook"] in page.read_text(encoding="utf-8")
    assert "recursive+rules: rules in force at 0 of 8 origins" in told.stdout
    assert told.stdout.count("recursive+rules: +0.00 % better than recursive") == 1


def test_without_a_file_the_source_of_the_project_is_replayed() -> None:
    from pulse_kedro.cli import cli

    words = ["pulse", "simulate", "--start", "2018-04-01", "--every", "3", "--policies", "never", "--json"]
    done = CliRunner().invoke(cli, words)

    assert 0 == done.exit_code, done.output
    found = json.loads(done.stdout)
    assert (148, 12, 12) == (found["n_series"], found["horizon"], found["season"])
    assert ["2018-04-01", "2018-07-01"] == [origin[:10] for origin in found["origins"]]
    assert 0 < found["policies"]["never"]["mase"] < 1


def test_the_old_rule_is_replayed_with_its_false_promotions(dated: Path) -> None:
    done = simulate(dated, "--every", "2", "--policy", "threshold", "--aa-pairs", "1", "--json")

    assert 0 == done.exit_code, done.output
    found = json.loads(done.stdout)
    assert {"promotions", "false_promotions"} < set(found["policies"]["threshold"])
    assert found["aa"]["threshold"]["decisions"] > 0
    assert found["aa"]["threshold"]["tests"] == found["aa"]["threshold"]["decisions"]


@pytest.mark.parametrize("missing", ["--freq", "--horizon"])
def test_a_file_needs_its_step_and_horizon(dated: Path, missing: str) -> None:
    from pulse_kedro.cli import cli

    given = {"--freq": "M", "--horizon": "6"}
    words = [word for name, value in given.items() if name != missing for word in (name, value)]
    done = CliRunner().invoke(cli, ["pulse", "simulate", "--data", str(dated), *words])

    assert 2 == done.exit_code
    assert f"got no {missing}" in done.stderr


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--policies", "recursve"), "Did you mean 'recursive'?", 2),
        (("--policies", "promotion+rules"), "+rules after a policy without a gate", 2),
        (("--start", "2031-01-01"), "a date from 2010-01-01 to 2017-12-01", 2),
        (("--start", "90"), "which leave 1 origins", 1),
        (("--break", "level@99"), "expected KIND@ORIGIN", 2),
    ],
)
def test_what_cannot_be_replayed_is_explained(dated: Path, words: tuple[str, str], said: str, code: int) -> None:
    done = simulate(dated, *words)

    assert code == done.exit_code
    assert said in done.stderr


@pytest.mark.parametrize("values", [[7.0] * 60, [None] * 60])
def test_series_that_nothing_can_be_said_of_are_explained(tmp_path: Path, values: list[float | None]) -> None:
    import pandas as pd

    path, dates = tmp_path / "still.csv", pd.date_range("2010-01-01", periods=60, freq="MS")
    pd.DataFrame({"date": dates, "a": values}).to_csv(path, index=False)

    done = simulate(path)

    assert 1 == done.exit_code
    assert "expected at least one such series" in done.stderr


def test_a_cell_that_is_no_number_is_named_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("date,a\n2010-01-01,1\n2010-02-01,many\n", encoding="utf-8")

    done = simulate(path)

    assert 1 == done.exit_code
    assert "'many' in column 'a', row 2" in done.stderr


def test_an_empty_file_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("date,a\n", encoding="utf-8")

    done = simulate(path)

    assert 1 == done.exit_code
    assert "a header and no row" in done.stderr
