"""`metrics history|summary|replay` and `compare` as people and programs use them, on cycles made by hand."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from kedro.framework.project import configure_project

from pulse_kedro.adapters.stores import cycles
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.cli import cli
from pulse_kedro.domain.history import SCORE_COLUMNS
from records import NOW, a_cycle, a_record, months, outcomes

Ask = Callable[..., Result]
MASE = (0.5, 0.4, 0.45)
COVERAGE = (0.99, 0.7, 0.82)
CUTOFFS = 24
COMMANDS = (["metrics", "history"], ["metrics", "summary"], ["metrics", "replay"], ["compare", "v1", "v2"])


@pytest.fixture
def ask(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    monkeypatch.delenv("PULSE_DATABASE_URL", raising=False)
    configure_project("pulse_kedro")
    return lambda *words: CliRunner().invoke(cli, ["pulse", *words, "--env", "base"])


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cycles; the losses of the third are those of the second plus noise, those of the first are larger."""
    root = tmp_path_factory.mktemp("metrics")
    engine = open_for_writing(f"sqlite:///{root}/pulse.db")
    keys: list[str] = []
    for place, when in enumerate(months("2018-12-01", 3)):
        cycle = a_cycle(when, keys[::-1])
        record = a_record(cycle, known=outcomes(cycle) if keys else None)
        found, live = _scores(place), _live(0.2 + place / 10)
        cycles.commit(engine, replace(record, scores=found, live_scores=live), now=NOW + timedelta(hours=place))
        keys.append(cycle.key)
    engine.dispose()
    return root


@pytest.fixture
def filled(made_once: Path, tmp_path: Path) -> Path:
    shutil.copy(made_once / "pulse.db", tmp_path)
    return tmp_path


def _scores(place: int) -> pd.DataFrame:
    values = {"mase": MASE[place], "coverage_80": COVERAGE[place], "smape": 0.0 if place == 0 else 1.0}
    rows: list[tuple[object, ...]] = [
        ("r1", "combination", "overall", "", 0, name, value, CUTOFFS) for name, value in values.items()
    ]
    for at, when in enumerate(months("2016-12-01", CUTOFFS)):
        loss = 1 + at % 5 * 0.1 + (0.3 if place == 0 else 0) + (at * 7 % 5 - 2) * 0.01 * (place == 2)
        inside = COVERAGE[place] + (at % 3 - 1) * 0.01
        for name, value in {"mase": loss, "coverage_80": inside}.items():
            rows.append(("r1", "combination", "cutoff", when.isoformat(), 0, name, value, 2 + (place == 2 and at < 2)))
    rows.append(("r9", "combination", "horizon", "", 24, "mase", 0.1, 2))  # of a recipe that did not serve
    rows += [("r1", "combination", "horizon", "", step, "mase", step / 10, 2) for step in (1, 2, 3)]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def _live(value: float) -> pd.DataFrame:
    return pd.DataFrame([("r1", "champion", "overall", "", 0, "mase", value, CUTOFFS)], columns=list(SCORE_COLUMNS))


def told(done: Result) -> dict[str, Any]:
    assert done.exit_code in (0, 3), done.output
    answer: dict[str, Any] = json.loads(done.stdout)  # exactly one object, or this fails
    return answer


def rows_of(done: Result) -> list[list[str]]:
    assert 0 == done.exit_code, done.output
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_before_the_first_cycle_there_is_nothing_to_tell(ask: Ask, tmp_path: Path, words: list[str]) -> None:
    said, as_json = ask(*words), ask(*words, "--json")

    assert [3, 3] == [said.exit_code, as_json.exit_code], said.output
    assert isinstance(told(as_json), dict)
    assert 1 == len(said.output.splitlines())
    assert [] == list(tmp_path.iterdir())


@pytest.mark.usefixtures("filled")
def test_history_lists_values_in_order_of_time(ask: Ask) -> None:
    found = told(ask("metrics", "history", "mase", "--json"))["metrics"]

    assert list(MASE) == [row["value"] for row in found]
    assert ["2018-12-01T00:00:00", "2019-01-01T00:00:00", "2019-02-01T00:00:00"] == [row["as_of"] for row in found]
    title, *lines = rows_of(ask("metrics", "history", "mase"))
    assert ["as", "of", "metric", "model", "value"] == title[:5]
    assert ["2018-12-01", "mase", "combination", "0.5", "-", "-", "24", "r1"] == lines[0]
    assert ["2019-02-01"] == [line[0] for line in rows_of(ask("metrics", "history", "mase", "-n", "1"))[1:]]
    assert 3 * 3 == len(told(ask("metrics", "history", "--json"))["metrics"])


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--since", "2019-01-01"], [0.4, 0.45]),
        (["--until", "2018-12-31"], [0.5]),
        (["--kind", "live"], [0.2, 0.3, 0.4]),
        (["--level", "horizon", "--step", "2"], [0.2, 0.2, 0.2]),
        (["--level", "cutoff", "--series", "2016-12-01T00:00:00", "-n", "2"], [1.0, 0.98]),
    ],
)
def test_history_takes_a_window_and_a_part(ask: Ask, words: list[str], expected: list[float]) -> None:
    found = told(ask("metrics", "history", "mase", *words, "--json"))["metrics"]

    assert expected == pytest.approx([row["value"] for row in found])


@pytest.mark.usefixtures("filled")
def test_a_window_without_values_is_nothing_and_a_wrong_name_is_an_error(ask: Ask) -> None:
    for command in ("history", "summary"):
        empty = ask("metrics", command, "mase", "--since", "2020-01-01")
        assert (3, True) == (empty.exit_code, "No such value is kept. Next: " in empty.output)
        wrong = ask("metrics", command, "masse")
        assert 2 == wrong.exit_code
        assert "got 'masse', expected one of coverage_80, mase, smape. Did you mean 'mase'?" in wrong.output
        assert 3 == ask("metrics", command, "mase", "--model", "nobody").exit_code
    assert {"metrics": []} == told(ask("metrics", "history", "mase", "--since", "2020-01-01", "--json"))
    assert 2 == ask("metrics", "history", "mase", "--since", "yesterday").exit_code
    assert 2 == ask("metrics", "history", "mase", "--kind", "dead").exit_code


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--level", "series"], "--level series needs --series."),
        (["--level", "horizon"], "--level horizon needs --step, counted from 1."),
        (["--series", "a"], "--series goes with --level series, cell, cutoff."),
        (["--step", "2"], "--step goes with --level horizon, newest."),
        (["--level", "serie"], "is not one of 'overall', 'series'"),
        (
            ["--level", "cutoff", "--series", "2016-12-02"],
            "expected one of the 24 with backtest scores at level cutoff.",
        ),
    ],
)
def test_a_part_that_can_hold_nothing_is_wrong_usage(ask: Ask, words: list[str], said: str) -> None:
    done = ask("metrics", "history", "mase", *words)

    assert 2 == done.exit_code
    assert said in done.output


@pytest.mark.usefixtures("filled")
def test_summary_sums_up_over_cycles(ask: Ask) -> None:
    (found,) = told(ask("metrics", "summary", "mase", "--json"))["metrics"]

    assert (3, 0.45, 0.4, 0.5, 0.45) == tuple(found[name] for name in ("n", "median", "min", "max", "last"))
    assert [0.45, 0.05, 0.49] == pytest.approx([found[name] for name in ("mean", "std", "p90")])  # 0.45 + 0.8 * 0.05
    title, line = rows_of(ask("metrics", "summary", "mase"))
    assert ["metric", "n", "mean", "median", "min", "max", "std", "p90", "last"] == title
    assert ["mase", "3", "0.45", "0.45", "0.4", "0.5", "0.05", "0.49", "0.45"] == line


@pytest.mark.usefixtures("filled")
def test_compare_knows_which_way_is_better_and_divides_by_nothing(ask: Ask) -> None:
    rows = {row["metric"]: row for row in told(ask("compare", "v1", "v2", "--json"))["scores"] if row["kind"] != "live"}

    assert [True, "b"] == [rows["mase"][name] for name in ("is_improvement", "better")]
    assert [-0.1, -0.2] == pytest.approx([rows["mase"][name] for name in ("difference", "relative")])
    assert True is rows["coverage_80"]["is_improvement"]  # 0.7 misses 0.8 by less than 0.99 does
    assert [1.0, None, False] == [rows["smape"][name] for name in ("difference", "relative", "is_improvement")]
    assert {"mase", "coverage_80", "smape"} == set(rows)


@pytest.mark.usefixtures("filled")
def test_compare_tests_the_cutoffs_that_both_kept(ask: Ask) -> None:
    def of(a: str, b: str) -> dict[str, Any]:
        (row, _) = told(ask("compare", a, b, "--metric", "mase", "--json"))["scores"]
        return row

    better, same, itself = of("v1", "v2"), of("v2", "v3"), of("v2", "v2")

    assert [CUTOFFS, CUTOFFS - 2, CUTOFFS] == [row["cutoffs"] for row in (better, same, itself)]
    assert [0, 2, 0] == [row["unmatched"] for row in (better, same, itself)]  # scored on another number of series
    assert [8, 7, 8] == [row["worth"] for row in (better, same, itself)]
    assert better["p"] < 0.01
    assert 0 < better["low"] <= better["gain"] <= better["high"]
    assert 0.3 / (1.3 + sum(at % 5 for at in range(CUTOFFS)) / CUTOFFS / 10) == pytest.approx(better["gain"])
    assert same["p"] > 0.05
    assert same["low"] < 0 < same["high"]
    assert (1.0, 0.0, None) == (itself["p"], itself["gain"], itself["better"])


@pytest.mark.usefixtures("filled")
def test_every_score_that_is_kept_by_cutoff_is_tested_in_its_own_direction(ask: Ask) -> None:
    rows = {row["metric"]: row for row in told(ask("compare", "v1", "v2", "--json"))["scores"] if row["kind"] != "live"}

    coverage, mase, smape = (rows[name] for name in ("coverage_80", "mase", "smape"))
    assert ("points", pytest.approx(0.09)) == (coverage["unit"], coverage["gain"])  # from .19 above to .1 below
    assert coverage["p"] < 0.01
    assert pytest.approx(2 * min(mase["p"], coverage["p"])) == min(mase["p_holm"], coverage["p_holm"])
    assert (0, None, None) == (smape["cutoffs"], smape["p"], smape["p_holm"])
    assert "A and B kept no values by cutoff" in smape["untested"]
    assert all(row["p"] <= row["p_holm"] for row in (mase, coverage))


@pytest.mark.usefixtures("filled")
def test_people_read_what_chance_could_do_and_what_was_not_tested(ask: Ask) -> None:
    better, same = ask("compare", "v1", "v2").output, ask("compare", "v2", "v3", "--metric", "mase").output

    assert "more than chance" in better
    assert "Not tested: sMAPE, last backtest: A and B kept no values by cutoff; cycles that are run from now" in better
    assert "chance would do as much" in same


@pytest.mark.usefixtures("filled")
def test_compare_shows_live_scores_and_only_what_was_asked_for(ask: Ask) -> None:
    rows = told(ask("compare", "v1", "v2", "--metric", "mase", "--json"))["scores"]

    assert [("backtest", 0.5, 0.4), ("live", 0.2, 0.3)] == [
        (row["kind"], row["a"], pytest.approx(row["b"])) for row in rows
    ]
    assert [None, False] == [rows[1]["p"], rows[1]["is_improvement"]]
    assert "values by cutoff are kept of backtests only" == rows[1]["untested"]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["v1", "v9"], "got 'v9', expected the beginning of a cycle key"),
        (["v1", "v2", "--metric", "masse"], "Did you mean 'mase'?"),
        (["v1"], "Missing argument 'B'"),
    ],
)
def test_compare_of_what_is_not_there_is_wrong_usage(ask: Ask, words: list[str], said: str) -> None:
    done = ask("compare", *words, "--json")

    assert (2, "") == (done.exit_code, done.stdout)
    assert said in done.stderr


def test_replay_writes_what_waits_and_keeps_the_rest(ask: Ask, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters import tracked_scores

    rows = [{"run": "r", "name": name, "value": 0.5, "step": 0, "at": 1} for name in ("mase", "wis")]
    file = bootstrap.dead_metrics(bootstrap.configuration("base"))
    assert file.is_relative_to(filled)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    left = iter((1, 0))
    monkeypatch.setattr(tracked_scores, "replay_dead", lambda *_: next(left))

    some, rest = ask("metrics", "replay"), ask("metrics", "replay", "--json")

    assert 1 == some.exit_code
    assert f"Wrote 1 metrics to MLflow; 1 still wait in {file}." in some.output
    assert (0, {"written": 2, "waiting": 0}) == (rest.exit_code, told(rest))
