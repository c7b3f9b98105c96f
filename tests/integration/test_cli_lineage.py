"""`lineage` on stores made by hand: cycles, a challenger that a person promoted, names of every kind, odd graphs."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from kedro.framework.project import configure_project
from sqlalchemy import Engine, create_engine

from pulse_kedro.adapters.stores import cycles, edges, snapshots
from pulse_kedro.adapters.stores.blobs import FileBlobs
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.takeover import put_in_charge
from pulse_kedro.cli import cli
from records import NOW, a_cycle, a_record, a_snapshot, outcomes

Ask = Callable[..., Result]
CHALLENGER = "c0ffee" + "0" * 58


@pytest.fixture
def ask(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PULSE_DATA_ROOT", str(tmp_path))
    for name in ("PULSE_DATABASE_URL", "PULSE_SNAPSHOTS"):
        monkeypatch.delenv(name, raising=False)
    configure_project("pulse_kedro")
    return lambda *words: CliRunner().invoke(cli, ["pulse", "lineage", *words, "--env", "base"])


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cycles and a replay that made the same rulebook; a person put the challenger of the second in charge."""
    root = tmp_path_factory.mktemp("lineage")
    engine = open_for_writing(f"sqlite:///{root}/pulse.db")
    snapshots.keep(engine, FileBlobs(root / "02_intermediate/snapshots"), a_snapshot(), now=NOW)
    first = a_cycle("2018-12-01")
    second = a_cycle("2019-01-01", [first.key])
    made = {"challenger": {"bundle": CHALLENGER, "recipe": "r2"}}
    record = a_record(second, known=outcomes(second))
    record = replace(record, decision={**record.decision, "verdict": "HOLD", "candidates": made})
    for number, one in enumerate((a_record(first), record, a_record(a_cycle("2018-06-01")))):
        cycles.commit(engine, one, now=NOW + timedelta(hours=number))
    past = read_past(engine)
    put_in_charge(
        engine,
        past,
        past.challengers[0],
        kind="promote",
        reason="wanted",
        now=NOW + timedelta(days=1),
        check=lambda _: {"ok": True},
    )
    engine.dispose()
    return root


@pytest.fixture
def engine(made_once: Path, tmp_path: Path) -> Engine:
    shutil.copy(made_once / "pulse.db", tmp_path)
    return create_engine(f"sqlite:///{tmp_path}/pulse.db")


FIRST, SECOND = a_cycle("2018-12-01").key, a_cycle("2019-01-01", [a_cycle("2018-12-01").key]).key
REPLAY = a_cycle("2018-06-01").key


def told(done: Result) -> dict[str, Any]:
    assert 0 == done.exit_code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def names(nodes: list[dict[str, Any]]) -> set[str]:
    return {one["name"] for one in nodes}


def test_before_anything_was_stored_there_is_nothing_to_tell(ask: Ask) -> None:
    done, as_json = ask("champion"), ask("champion", "--json")

    assert [3, 3] == [done.exit_code, as_json.exit_code]
    assert "Nothing has been stored yet" in done.output
    assert {"id", "ancestors", "descendants", "edges", "mermaid"} == set(json.loads(as_json.stdout))


@pytest.mark.usefixtures("engine")
def test_a_cycle_leads_up_to_sources_and_down_to_what_it_made(ask: Ask) -> None:
    answer = told(ask(FIRST[:6], "--json"))

    assert f"cycle:{FIRST}" == answer["id"]["name"]
    assert ["snapshot:s201812"] == [one["name"] for one in answer["ancestors"]]
    assert answer["ancestors"][0]["gone"]
    below = names(answer["descendants"])
    assert {f"cycle:{SECOND}", f"bundle:{CHALLENGER}", f"forecasts:{SECOND}", "rulebook:h0", "transition:3"} <= below
    assert f"forecasts:{REPLAY}" not in below  # the replay made the same rulebook, and other forecasts
    assert "as of 2018-12-01, main" == answer["id"]["detail"]


@pytest.mark.usefixtures("engine")
def test_names_of_parts_periods_and_versions_are_understood(ask: Ask) -> None:
    found = {
        name: told(ask(name, "--json"))["id"]["name"]
        for name in ("champion", "challenger", "previous", "v1", "2019-01-01", "c0ff", "bundle:c0ff", "h0")
    }

    assert {
        "champion": f"bundle:{CHALLENGER}",
        "challenger": f"bundle:{CHALLENGER}",
        "previous": f"bundle:bundle of {SECOND}",
        "v1": f"bundle:bundle of {FIRST}",
        "2019-01-01": f"cycle:{SECOND}",
        "c0ff": f"bundle:{CHALLENGER}",
        "bundle:c0ff": f"bundle:{CHALLENGER}",
        "h0": "rulebook:h0",
    } == found


@pytest.mark.usefixtures("engine")
def test_who_acted_is_told_below_both_bundles(ask: Ask) -> None:
    for name in ("champion", "previous"):
        (promoted,) = [
            one for one in told(ask(name, "--down", "--json"))["descendants"] if one["name"] == "transition:3"
        ]
        assert promoted["detail"].startswith("promote, 2026-01-03 03:04, by ")
        assert promoted["detail"].endswith(": wanted")


@pytest.mark.usefixtures("engine")
def test_a_forecast_is_looked_up_in_the_ledger(ask: Ask) -> None:
    answer = told(ask("forecast:2018-12-01/a", "--json"))

    assert f"forecast:{FIRST}/a" == answer["id"]["name"]
    assert "12 targets, 2019-01-01 to 2019-12-01, 1 of them known" == answer["id"]["detail"]
    above = names(answer["ancestors"])
    assert {f"cycle:{FIRST}", f"bundle:bundle of {FIRST}", "rulebook:h0", "recipe:r1", "snapshot:s201812"} == above
    assert f"cycle:{SECOND}" in names(answer["descendants"])
    later = names(told(ask(f"forecast:{SECOND[:7]}/b", "--up", "--json"))["ancestors"])
    assert {f"cycle:{FIRST}", f"cycle:{SECOND}", f"bundle:bundle of {FIRST}"} <= later
    assert f"cycle:{REPLAY}" not in later


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("forecast:2018-12-01/aa", "got series 'aa', expected one of the 2 that cycle"),
        ("forecast:2018-12-02/a", "Nearest: "),
        ("us_employmnt", "Did you mean 'us_employment'?"),
        ("20", "got '20'"),
        ("", "got ''"),
    ],
)
def test_a_name_that_means_nothing_is_wrong_usage_with_the_nearest(ask: Ask, name: str, words: str) -> None:
    done = ask(name)

    assert 2 == done.exit_code
    assert words in done.output


@pytest.mark.usefixtures("engine")
def test_one_direction_leaves_the_other_unsaid(ask: Ask) -> None:
    up, down = (told(ask("2018-12-01", way, "--json")) for way in ("--up", "--down"))

    assert [None, None] == [up["descendants"], down["ancestors"]]
    assert {tuple(edge) for edge in up["edges"]}.isdisjoint(tuple(edge) for edge in down["edges"])
    text = ask("2018-12-01", "--up").output
    assert "Made from" in text
    assert "What was made from it" not in text


@pytest.mark.usefixtures("engine")
def test_people_read_lists_that_are_cut_and_say_so(ask: Ask) -> None:
    text = ask("us_employment", "--limit", "1").output

    assert text.startswith("source us_employment\n")
    assert "snapshot s0.1" in text
    assert "flowchart" not in text
    cut = ask("2018-12-01", "--limit", "2").output
    assert "  snapshot s201812 (gone)" in cut
    assert "more; `--limit " in cut


@pytest.mark.usefixtures("engine")
def test_the_diagram_comes_alone(ask: Ask) -> None:
    assert ask("2018-12-01", "--mermaid").stdout.startswith("flowchart LR\n")
    assert 2 == ask("2018-12-01", "--mermaid", "--json").exit_code


def test_files_of_a_bundle_that_are_lost_are_marked(ask: Ask, engine: Engine, tmp_path: Path) -> None:
    assert read_past(engine).bundle == CHALLENGER
    assert told(ask("champion", "--json"))["id"]["gone"]
    (tmp_path / "06_models" / "bundles" / CHALLENGER).mkdir(parents=True)
    assert not told(ask("champion", "--json"))["id"]["gone"]


def test_a_diamond_is_told_once_and_a_long_chain_at_all(ask: Ask, engine: Engine) -> None:
    chain = [(f"snapshot:x{place:04d}", f"snapshot:x{place + 1:04d}") for place in range(1000)]
    diamond = [("source:d:1", "snapshot:left"), ("source:d:1", "snapshot:right")]
    diamond += [("snapshot:left", "snapshot:end"), ("snapshot:right", "snapshot:end")]
    with writing(engine) as connection:
        edges.add(connection, [*chain, *diamond])

    ends = told(ask("snapshot:end", "--json"))["ancestors"]
    assert ["left", "right", "d:1"] == [one["id"] for one in ends]
    assert "d:1" == told(ask("d:1", "--json"))["id"]["id"]
    deep = told(ask("x1000", "--json"))
    assert 1000 == len(deep["ancestors"])
    assert "snapshot:x0000" == deep["ancestors"][-1]["name"]
    assert "and 980 more; `--limit 1000` names them." in ask("x1000").output
    assert 2 == ask("x010").exit_code  # ten of them


def test_a_circle_is_reported(ask: Ask, engine: Engine) -> None:
    with writing(engine) as connection:
        edges.add(connection, [("snapshot:one", "snapshot:two"), ("snapshot:two", "snapshot:one")])

    done = ask("snapshot:one")

    assert 1 == done.exit_code
    assert "got the circle" in done.output


def test_data_lineage_is_the_same_command() -> None:
    from pulse_kedro.cli import lineage
    from pulse_kedro.cli.door import data, pulse

    assert data.commands["lineage"] is pulse.commands["lineage"] is lineage.lineage
