"""What `history` and `versions` say to people."""

import copy
from pathlib import Path

import pytest

from past_samples import HEAD, PAST, REPLAY
from pulse_kedro.adapters.stores.past import Measured
from pulse_kedro.cli.past_answers import history_of, versions_of
from pulse_kedro.cli.past_wording import CYCLES, VERSIONS, cycle_row, print_history, reasons, version_row

MEASURED = {
    HEAD.key: Measured(seconds=24.6, forecasts=1764, outcomes=147, backtest=0.3541, live=0.1849),
    REPLAY.key: Measured(forecasts=1764, backtest=float("nan")),
}


def test_a_cycle_is_one_row_with_a_text_per_column() -> None:
    head, replay = history_of(PAST, (HEAD, REPLAY), MEASURED)["cycles"]

    expected = "2019-02-01 cd4444 head revision ffffffff 4 25 1,764 147 0.354 0.185"
    assert expected.split() == cycle_row(head)
    assert ["2018-06-01", "ce5555", "replay", "revision", "ffffffff", "1", "-", "1,764", "0", "-", "-"] == cycle_row(
        replay
    )
    assert len(CYCLES) == len(cycle_row(head))


def test_reasons_stand_beside_their_keys() -> None:
    answer = history_of(PAST, (HEAD,), MEASURED)

    assert [("cd4444", "Reason of cd4444.")] == list(reasons(answer))
    answer["cycles"][0]["reason"] = None
    assert [("cd4444", "no reason on record")] == list(reasons(answer))


def test_a_cut_list_says_how_to_see_all(capsys: pytest.CaptureFixture[str]) -> None:
    print_history(history_of(PAST, (HEAD,), MEASURED))

    assert capsys.readouterr().out.endswith("\n1 of 5 cycles; `--limit 5` shows all.\n")


def test_lines_stay_whole_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    answer = copy.deepcopy(history_of(PAST, PAST.cycles[1:2], MEASURED))
    answer["cycles"][0]["reason"] = "word " * 60

    print_history(answer)

    assert any(line.count("word") == 60 for line in capsys.readouterr().out.splitlines())


def test_versions_count_what_became_champion_and_mark_who_serves(tmp_path: Path) -> None:
    answer = versions_of(PAST, tmp_path, None)

    assert {"current": 4, "previous": 3} == {name: answer[name] for name in ("current", "previous")}
    assert [(4, "current"), (3, "previous"), (2, None), (1, None)] == [
        (row["version"], row["mark"]) for row in answer["versions"]
    ]
    assert ["current", "previous", "superseded", ""] == [version_row(row)[1] for row in answer["versions"]]
    assert {"missing"} == {row["files"] for row in answer["versions"]}
    assert {None} == {row["registry"] for row in answer["versions"]}
    assert len(VERSIONS) == len(version_row(answer["versions"][0]))


def test_registered_versions_are_told_where_somebody_asked(tmp_path: Path) -> None:
    answer = versions_of(PAST, tmp_path, {HEAD.bundle: "7"})

    assert ["7", None, None, None] == [row["registry"] for row in answer["versions"]]
