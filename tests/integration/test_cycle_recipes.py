"""Another recipe, corrected data: what is trained, who serves, and what stays where it was."""

import pytest

from cycles import HORIZON, LIVING, Place, largest_difference, small_source, states, states_in_one_pass

pytestmark = pytest.mark.slow

NEXT = "2019-01-01"
OTHER = {"recipe": {"combination": {"standard_errors": 2.0}}}
TOTAL = "PAYNSA"


def corrected(place: Place, ds: str, change: float) -> Place:
    """The source with one value of the past revised."""
    table = small_source()
    table.loc[table["unique_id"].eq(TOTAL) & table["ds"].eq(ds), "y"] += change
    return place.offer(table)


def test_another_recipe_joins_as_challenger_and_on_so_little_evidence_the_champion_serves_on(served: Place) -> None:
    before = served.status()["champion"]

    served.run(NEXT, OTHER)

    decision, now = served.load("promotion_decision"), served.status()["champion"]
    assert ("INSUFFICIENT_EVIDENCE", "champion") == (decision["verdict"], decision["serves"])
    for number in (
        "192 origins count as 16 that do not overlap",
        "30 are needed",
        "smallest detectable gain",
        "loss 0.",
    ):
        assert number in decision["reason"]
    assert {"champion", "challenger"} == set(served.load("candidates"))
    assert (before["recipe"], 2, "2018-12-01") == (now["recipe"], now["revision"], now["since"])
    assert served.champion().digest == decision["bundle"] == now["digest"]
    assert "differs from the champion's" in decision["plan"]["cause"]
    assert 2 == served.load("scores")["recipe"].nunique()


def test_recipes_of_different_horizon_are_never_compared(served: Place) -> None:
    served.run(NEXT, {"recipe": {"horizon": 6}})

    reason = served.load("promotion_decision")["reason"]
    assert reason.startswith("Insufficient evidence: forecasts of 12 steps do not compare with forecasts of 6")
    assert 12 == served.load("forecasts")["step"].max()


@pytest.mark.parametrize("as_of", ["2019-02-01", "2018-12-01"])
def test_another_recipe_at_a_committed_period_is_a_replay_and_moves_nothing(grown: Place, as_of: str) -> None:
    before, status = grown.left_by_each(), grown.status()

    grown.run(as_of, OTHER)

    after = grown.left_by_each()
    ((key,),) = grown.ask("select key from cycles where line = 'replay'")
    assert HORIZON * len(LIVING) == len(after.pop(key)["forecasts"])
    assert (before, status) == (after, grown.status())


def test_a_revised_value_is_learned_anew_and_its_outcome_is_kept_beside_the_first_one(grown: Place) -> None:
    corrected(grown, "2019-01-01", 50.0).run("2019-03-01")

    bundle, (head, *_) = grown.champion(), grown.load("history").main_line
    assert "revision: values up to 2019-02-01 changed" in head.plan["cause"]
    assert ["recompute"] == [job["mode"] for job in head.plan["jobs"]]
    assert 1e-10 > largest_difference(states(bundle), states_in_one_pass(bundle, grown.load("panel")))
    values = f"select y from outcomes where unique_id = '{TOTAL}' and date(ds) = '2019-01-01' order by y"  # noqa: S608  # our own words
    assert [(148295.0,), (148345.0,)] == grown.ask(values)
    assert len(LIVING) + 1 == len(grown.left_by(head.key)["outcomes"])
    assert {"issued": 384, "resolved": 48, "pending": 336} == grown.status()["ledger"]


def test_corrected_data_of_the_newest_period_supersede_the_head(grown: Place) -> None:
    (old, parent, _), before = grown.load("history").main_line, grown.status()

    corrected(grown, "2019-02-01", 50.0).run("2019-02-01")

    (new, *older), now = grown.load("history").main_line, grown.status()
    assert (parent.key, "main") == (new.parent, new.line)
    assert old.key not in {cycle.key for cycle in (new, *older)}
    assert before["ledger"] == now["ledger"]
    assert (3, 4) == (now["champion"]["revision"], now["champion"]["version"])
    assert 4 == grown.ask("select count(*) from cycles")[0][0]
