"""`evaluate` on small files of every frequency: the answer for programs and for people, exit codes, the page."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kedro.framework.startup import bootstrap_project

from competition_worlds import HORIZON, make_world
from terminal import on_a_terminal

FIGURES = {"smape", "mase", "owa", "msis", "coverage_80", "coverage_95"}
COSTS = ["cpu_seconds", "wall_seconds", "peak_rss_mb"]
KEYS = ["n_series", "horizon", "combination", "models", "naive2", "skipped", *COSTS]
FREQUENCIES = sorted(HORIZON)


@pytest.fixture(autouse=True)
def at(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    bootstrap_project(project)


def evaluate(*words: str) -> Result:
    from pulse_kedro.cli import cli

    return CliRunner().invoke(cli, ["pulse", "evaluate", *words])


def answer(*words: str) -> dict[str, Any]:
    done = evaluate(*words, "--json")
    assert 0 == done.exit_code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield value


@pytest.mark.parametrize("name", FREQUENCIES)
def test_the_answer_is_one_object_with_exactly_these_keys(tmp_path: Path, name: str) -> None:
    world = make_world(name)
    found = answer(*world.write(tmp_path, shape="wide"))

    assert KEYS == list(found)
    assert [6, world.horizon] == [found["n_series"], found["horizon"]]
    assert FIGURES | {"choice", "origins"} == set(found["combination"])
    assert {"smape", "mase", "owa"} == set(found["naive2"])
    assert {"naive", "seasonal_naive"} <= set(found["models"])
    assert {frozenset(FIGURES | {"abstained", "cpu_seconds"})} == {frozenset(one) for one in found["models"].values()}
    assert all(math.isfinite(number) for number in numbers(found))
    assert 1.0 == found["naive2"]["owa"]
    assert 0 < found["combination"]["owa"] < 3
    assert all(0 <= one["smape"] <= 200 and 0 <= one["coverage_95"] <= 1 for one in found["models"].values())
    assert found["models"].keys().isdisjoint(found["skipped"])


@pytest.mark.parametrize("name", FREQUENCIES)
def test_a_wide_and_a_long_file_of_the_same_series_give_the_same(tmp_path: Path, name: str) -> None:
    world = make_world(name, series=4)

    wide, long = (answer(*world.write(tmp_path, shape=shape)) for shape in ("wide", "long"))

    for found in (wide, long):
        for model in (found["combination"], *found["models"].values()):
            model.pop("cpu_seconds", None)
    assert set(wide["models"]) == set(long["models"])
    for model, figures in wide["models"].items():
        assert figures == pytest.approx(long["models"][model], rel=1e-6)


def test_both_seasons_of_hourly_data_have_members(tmp_path: Path) -> None:
    words = make_world("hourly").write(tmp_path, shape="wide")

    found = answer(*words)

    assert {"seasonal_naive_m168", "seasonal_mean_m168"} <= set(found["models"])
    assert set(found["models"]) == set(answer(*words, "--season", "168", "--season", "24")["models"])
    assert set(found["models"]) == set(answer(*words, "--season", "24")["models"])
    assert "seasonal_naive_m168" not in answer(*words, "--season", "12")["models"]


def test_scores_change_with_the_period_that_they_are_asked_for(tmp_path: Path) -> None:
    words = make_world("weekly").write(tmp_path, shape="wide")

    usual, asked = answer(*words), answer(*words, "--score-season", "1")
    other = answer(*words, "--score-season", "52")

    assert usual["naive2"] == asked["naive2"]
    assert usual["combination"]["smape"] != 0
    assert usual["naive2"]["mase"] != other["naive2"]["mase"]


def test_people_get_a_table_with_the_combination_first(tmp_path: Path) -> None:
    done = evaluate(*make_world("weekly").write(tmp_path, shape="wide"))

    assert 0 == done.exit_code
    lines = done.stdout.splitlines()
    assert re.match(r"6 series, 13 steps ahead, \d origins$", lines[0])
    assert ["model", "sMAPE", "MASE", "OWA", "MSIS", "80 % covers", "95 % covers", "CPU s"] == re.findall(
        r"\d+ % covers|CPU s|\w+", lines[1]
    )
    assert lines[2].startswith("combination (")
    assert lines[3].startswith("naive2 ")
    assert re.match(r"[\d.]+ CPU s, [\d.]+ s, \d+ MiB$", lines[-1])
    assert "Left out: " in done.stdout


def test_a_gallery_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"

    done = evaluate(*make_world("quarterly").write(tmp_path, shape="long"), "--plot", str(page))

    assert 0 == done.exit_code
    assert done.stdout.endswith(f"Gallery: {page}\n")
    assert 6 == page.read_text(encoding="utf-8").count("<figure>")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("--horizon", "0"), 2, "0 is not in the range"),
        (("--freq", "Y"), 2, "'Y' is not one of"),
        (("--season", "0"), 2, "0 is not in the range"),
        (("--budget-seconds", "-1"), 2, "-1.0 is not in the range"),
        (("--season", "4", "--season", "6", "--season", "8"), 1, "got the seasons 4, 6, 8, expected at most 2"),
        (("--horizon", "50"), 1, "got 12 values, the last at step 12, in the 50 steps after the history"),
        (("--train", "nowhere.csv"), 1, "Reading nowhere.csv failed: got no table"),
        (("--test", "nowhere.csv"), 1, "Reading nowhere.csv failed: got no table"),
    ],
)
def test_what_is_wrong_ends_with_a_sentence_and_its_exit_code(
    tmp_path: Path, change: tuple[str, ...], code: int, words: str
) -> None:
    done = evaluate(*make_world("monthly").write(tmp_path, shape="wide"), *change, "--json")

    assert code == done.exit_code
    assert words in done.stderr
    assert "" == done.stdout
    assert "Traceback" not in done.output


def test_a_horizon_longer_than_the_history_is_refused(tmp_path: Path) -> None:
    world = make_world("monthly")
    words = world.write(tmp_path, shape="wide")
    (tmp_path / "wide_train.csv").write_text("id,1,2,3\nM1,1,2,3\n", encoding="utf-8")

    done = evaluate(*words)

    assert 1 == done.exit_code
    assert "got a median history of 3 values, expected more than 24 for a horizon of 12" in done.stderr


def test_training_data_as_test_data_are_told_by_their_dates(tmp_path: Path) -> None:
    words = make_world("monthly").write(tmp_path, shape="long")
    train = tmp_path / "long_train.csv"

    done = evaluate(*words, "--test", str(train))

    assert 1 == done.exit_code
    assert "got no value in the 12 steps after the history of series 'M" in done.stderr


def test_odd_series_leave_no_nan_in_the_answer(tmp_path: Path) -> None:
    world = make_world("monthly")
    world.values[:, 0] = 0.0
    world.values[:, 1] = 5.0
    world.values[:, 2] -= 200
    world.values[60, 3] = 1e15

    found = answer(*world.write(tmp_path, shape="wide"))

    assert all(math.isfinite(number) for number in numbers(found))
    assert found["combination"]["mase"] is not None


def test_a_panel_that_never_moves_is_answered_with_null(tmp_path: Path) -> None:
    world = make_world("monthly", series=2)
    world.values[:] = 3.0
    words = world.write(tmp_path, shape="wide")

    found, done = answer(*words), evaluate(*words)

    assert [0.0, None, None] == [found["combination"][name] for name in ("smape", "mase", "owa")]
    assert re.search(r"naive2 +0\.000 +- +1\.000", done.stdout)


@pytest.mark.slow
def test_slow_members_join_where_the_budget_allows_and_are_named_where_not(tmp_path: Path) -> None:
    words = make_world("quarterly", series=3).write(tmp_path, shape="wide")

    none, all_of_them = answer(*words), answer(*words, "--budget-seconds", "10000")

    slow = {"auto_theta", "mfles", "auto_ets", "cycle_linear_8"}
    assert slow <= set(none["skipped"])
    assert {"auto_theta", "mfles", "auto_ets"} <= set(all_of_them["models"])
    assert slow == slow & (set(all_of_them["models"]) | set(all_of_them["skipped"]))
    assert all(none["models"][name]["smape"] == all_of_them["models"][name]["smape"] for name in none["models"])
    little = answer(*words, "--budget-seconds", "0.001")
    assert {"the budget was spent after 0 of 3 series"} <= {
        little["skipped"][name] for name in slow - {"cycle_linear_8"}
    }


@pytest.mark.slow
def test_on_a_terminal_a_bar_counts_the_members_and_ends_full(project: Path, tmp_path: Path) -> None:
    words = make_world("weekly", series=40).write(tmp_path, shape="wide")
    models = len(answer(*words)["models"])

    code, drawn = on_a_terminal([sys.executable, "-m", "pulse_kedro", "pulse", "evaluate", *words], project)

    assert 0 == code, drawn
    shown = re.findall(r"(\d+)/(\d+) \d:\d\d:\d\d +(\S+)", drawn)
    assert {str(models + 1)} == {total for _, total, _ in shown}
    assert "combination" in {step for _, _, step in shown}
    counts = [int(count) for count, _, _ in shown]
    assert counts == sorted(counts)
    assert models == counts[-1]


@pytest.mark.slow
def test_a_process_of_its_own_prints_the_object_and_nothing_else(project: Path, tmp_path: Path) -> None:
    words = make_world("weekly").write(tmp_path, shape="wide")
    command = [sys.executable, "-m", "pulse_kedro", "pulse", "evaluate", *words, "--json"]

    done = subprocess.run(command, cwd=project, env=os.environ, capture_output=True, text=True, check=False)  # noqa: S603 ours

    assert 0 == done.returncode, done.stderr
    found = json.loads(done.stdout)
    assert "" == done.stderr
    assert 0 < found["cpu_seconds"] < 600
    assert 30 < found["peak_rss_mb"] < 2000
