"""Cycle after cycle: what grows, what stays, what a repetition and a step back in time leave alone."""

from pathlib import Path

import pytest

from cycles import ENDED, HORIZON, LIVING, Place, largest_difference, states, states_in_one_pass

pytestmark = pytest.mark.slow

MONTHS = ("2018-12-01", "2019-01-01", "2019-02-01")
ISSUED = HORIZON * len(LIVING)


def test_the_ledger_grows_by_the_horizon_and_resolves_what_came_true(grown: Place) -> None:
    resolved = len(LIVING) * (2 + 1)  # of December's forecasts January and February, of January's February

    assert {"issued": 3 * ISSUED, "resolved": resolved, "pending": 3 * ISSUED - resolved} == grown.status()["ledger"]
    assert [(month[:10], ISSUED) for month in MONTHS] == grown.ask(
        "select date(cutoff), count(*) from forecasts group by 1 order by 1"
    )
    assert [("2019-01-01", len(LIVING)), ("2019-02-01", len(LIVING))] == grown.ask(
        "select date(ds), count(*) from outcomes group by 1 order by 1"
    )


def test_an_ended_series_is_listed_and_gets_no_forecast(grown: Place) -> None:
    assert [ENDED] == grown.load("quality_report")["series"]["ended"]
    assert [(f'["{ENDED}"]',)] == grown.ask("select distinct ended from cycles")
    assert [(0,)] == grown.ask(f"select count(*) from forecasts where unique_id = '{ENDED}'")  # noqa: S608  # our own words


def test_the_champion_is_revised_and_its_recipe_stays(served: Place, grown: Place) -> None:
    first, now = served.status()["champion"], grown.status()["champion"]

    assert [("BOOTSTRAP", 1, "2018-12-01"), ("REVISION", 2, "2018-12-01"), ("REVISION", 3, "2018-12-01")] == grown.ask(
        "select json_extract(decision, '$.verdict'), revision, since from cycles order by as_of"
    )
    assert [(first["recipe"], "2018-12-01", 3)] == [(now["recipe"], now["since"], now["revision"])]
    assert first["digest"] != now["digest"]
    assert "1 new period with 8 observations" in now["reason"]


def test_ridge_states_after_updates_equal_one_pass(grown: Place) -> None:
    bundle = grown.champion()

    assert 7 < len(states(bundle))
    assert 1e-10 > largest_difference(states(bundle), states_in_one_pass(bundle, grown.load("panel")))
    assert {3} == {len(member["batches"]) for member in map(facts, bundle.members.values()) if "batches" in member}


def facts(member: object) -> dict[str, list[str]]:
    return member.facts()  # type: ignore[attr-defined]


def test_the_same_cycle_again_changes_nothing_but_an_attempt(grown: Place) -> None:
    tables, files, status = grown.tables(), grown.kept(), grown.status()

    grown.run("2019-02-01")

    assert tables == grown.tables()
    assert files == grown.kept()
    assert status == grown.status()
    assert ["DONE"] * 4 == grown.attempts()
    assert [] == grown.ask("select * from faults")


def test_an_earlier_cycle_again_changes_nothing_but_an_attempt(grown: Place) -> None:
    tables, files = grown.tables(), grown.kept()

    grown.run("2019-01-01")

    assert tables == grown.tables()
    assert files == grown.kept()


def test_a_back_dated_cycle_is_the_one_that_would_have_run_then(grown: Place, tmp_path: Path) -> None:
    """What was committed later, and what has come true since, is neither seen nor touched."""
    never_later = grown.copy(tmp_path / "never_later")
    never_later.run("2019-03-01")
    then = never_later.status()["cycle"]["key"]
    grown.run("2019-06-01")
    before, status = grown.left_by_each(), grown.status()

    grown.run("2019-03-01")

    after = grown.left_by_each()
    assert status == grown.status()
    assert [("replay",)] == grown.ask(f"select line from cycles where key = '{then}'")  # noqa: S608  # our own words
    assert never_later.left_by(then) == after.pop(then)
    assert before == after

    grown.run("2019-07-01")
    (head, *older) = grown.load("history").main_line
    assert ["2019-06-01", *reversed(MONTHS)] == [f"{cycle.as_of.date()}" for cycle in older]
    assert 5 == head.revision


def test_a_cycle_before_the_first_one_stands_alone(grown: Place) -> None:
    before, status = grown.left_by_each(), grown.status()

    grown.run("2018-06-01")

    after = grown.left_by_each()
    ((key, line, parent, verdict),) = grown.ask(
        "select key, line, parent, json_extract(decision, '$.verdict') from cycles where date(as_of) = '2018-06-01'"
    )
    assert ("replay", None, "BOOTSTRAP") == (line, parent, verdict)
    assert {"forecasts": ISSUED, "outcomes": 0} == {name: len(after[key][name]) for name in ("forecasts", "outcomes")}
    assert status == grown.status()
    after.pop(key)
    assert before == after
