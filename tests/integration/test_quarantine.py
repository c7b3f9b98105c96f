"""Rows that were set aside are found, corrected, tried again or given up; nothing about them is lost."""

from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import func, select

from delivery_samples import contract, rows
from ingest_worlds import declared, desk, feed
from pulse_kedro.adapters.ingest import Desk, ingest
from pulse_kedro.adapters.quarantine_work import NoReason, NoSuchCell, SourceIsGone, drop, fix, release
from pulse_kedro.adapters.stores import quarantine
from pulse_kedro.adapters.stores.quarantine import HeldRow, RowIsClosed, UnknownRow, Wanted
from pulse_kedro.adapters.stores.tables import quarantined, verdicts
from pulse_kedro.domain.data_management.fetching import Request
from pulse_kedro.domain.data_management.variables import Registry, VariableOptions
from source_samples import declare, monthly, two_years

WHO = "pat"


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    """A desk where a row with words, one with another series and a duplicate came."""
    at = desk(tmp_path)
    table = two_years("a").astype({"sales": object})
    table.loc[3, "sales"] = "many"
    table.loc[5, "shop"] = None
    ingest(feed(table), at, Request())
    return at


def waiting(at: Desk, **wanted: object) -> tuple[HeldRow, ...]:
    return quarantine.rows(at.engine, Wanted(**wanted))  # type: ignore[arg-type]


def test_rows_are_listed_by_source_rule_and_ingest(place: Desk) -> None:
    assert {("shops", "missing_id"): 1, ("shops", "text_value"): 1} == quarantine.count(place.engine, Wanted())
    assert ["text_value"] == [row.rule for row in waiting(place, rule="text_value")]
    assert (2, 0, 0) == (len(waiting(place, ingest=1)), len(waiting(place, ingest=2)), len(waiting(place, source="x")))
    assert 1 == len(quarantine.rows(place.engine, Wanted(), limit=1))
    assert ((), {}) == (quarantine.rows(None, Wanted()), quarantine.count(None, Wanted()))


def test_row_is_found_by_the_beginning_of_its_id(place: Desk) -> None:
    row = waiting(place)[0]

    assert row == quarantine.one(place.engine, row.id[:9])
    for wrong in ("q", "", "nothing", "%"):
        with pytest.raises(UnknownRow, match="expected the id of one of 2 waiting rows"):
            quarantine.one(place.engine, wrong)


def test_fixed_row_is_stored(place: Desk) -> None:
    row = waiting(place, rule="text_value")[0]

    made = fix(row.id, {"sales": 9.5}, declared(), place, actor=WHO)

    assert {"stored": 1} == made.outcomes
    assert 9.5 == place.store.read("shops").set_index("ds").loc[pd.Timestamp("2017-04-01"), "y"]
    kept = quarantine.one(place.engine, row.id)
    assert ("stored", "fix", WHO, {"sales": 9.5}) == (
        kept.outcome,
        kept.verdicts[0].action,
        kept.verdicts[0].actor,
        kept.verdicts[0].changes,
    )
    assert "many" == kept.original["sales"]
    assert [row.id] == [one.id for one in waiting(place, state="closed")]


def test_row_that_stays_wrong_waits_and_the_try_is_kept(place: Desk) -> None:
    row = waiting(place, rule="text_value")[0]

    made = fix(row.id, {"sales": "more"}, declared(), place, actor=WHO)

    assert ({"broken": 1}, [row.id]) == (made.outcomes, list(made.reasons))
    assert "holds 'more', expected a number" in made.reasons[row.id]
    assert {"broken": 1} == fix(row.id, {"sales": "most"}, declared(), place, actor=WHO).outcomes
    again = quarantine.one(place.engine, row.id)
    assert ("waiting", ["more", "most"]) == (again.outcome, [one.changes["sales"] for one in again.verdicts])


def test_correction_of_a_column_that_is_not_there_is_refused(place: Desk) -> None:
    with pytest.raises(NoSuchCell, match=r"got column 'sale', expected one of shop, .*Did you mean 'sales'\?"):
        fix(waiting(place)[0].id, {"sale": 1}, declared(), place, actor=WHO)


def test_dropped_row_stays_with_its_reason_and_cannot_come_back(place: Desk) -> None:
    row = waiting(place)[0]

    drop(row.id, place, reason=" a test ", actor=WHO)

    kept = quarantine.one(place.engine, row.id)
    assert ("dropped", "a test") == (kept.outcome, kept.verdicts[0].reason)
    with pytest.raises(RowIsClosed, match="which is dropped, expected one that waits"):
        fix(row.id, {"sales": 1}, declared(), place, actor=WHO)
    with pytest.raises(RowIsClosed):
        release([kept], declared(), place, actor=WHO)


def test_row_is_not_dropped_without_a_reason(place: Desk) -> None:
    with pytest.raises(NoReason, match="Say why with --reason"):
        drop(waiting(place)[0].id, place, reason=" ", actor=WHO)


def test_row_that_comes_again_after_a_verdict_changes_nothing(place: Desk) -> None:
    row = waiting(place, rule="text_value")[0]
    drop(row.id, place, reason="wrong", actor=WHO)

    (made,) = ingest(feed(monthly("a", ["many"], start="2017-04-01")), place, Request())

    assert (1, 0) == (made.duplicates, made.quarantined)
    assert "dropped" == quarantine.one(place.engine, row.id).outcome


def test_rows_are_released_when_the_rules_have_changed(tmp_path: Path) -> None:
    def at(upper: float) -> Desk:
        known = VariableOptions(
            unit="pieces",
            accepts=(),
            frequency="monthly",
            release_lag_days=None,
            range=(0, upper),
            season_length=12,
            good="higher",
        )
        return desk(tmp_path, registry=Registry(variables={"*": known}))

    ingest(feed(monthly("a", [1.0, 50.0, 500.0])), at(10), Request())
    rows_held = waiting(at(10), rule="out_of_range")

    made = release(rows_held, declared(), at(100), actor=WHO)

    assert {"stored": 1, "broken": 1} == made.outcomes
    assert [1.0, 50.0] == at(10).store.read("shops")["y"].tolist()
    assert ["broken"] == [verdict.outcome for verdict in waiting(at(10))[0].verdicts]


def test_delivery_that_was_refused_is_released_row_by_row(tmp_path: Path) -> None:
    at = desk(tmp_path)
    table = monthly("a", [1.0, "many", "more", 4.0])
    ingest(feed(table, options=declare(max_quarantined=0.3)), at, Request())

    made = release(waiting(at, rule="refused_delivery"), declared(), at, actor=WHO)

    assert {"stored": 2} == made.outcomes
    assert [1.0, 4.0] == at.store.read("shops")["y"].tolist()


def test_value_that_is_stored_already_closes_the_row(tmp_path: Path) -> None:
    at = desk(tmp_path)
    ingest(feed(monthly("a", ["many"])), at, Request())
    ingest(feed(monthly("a", [1.0])), at, Request())

    made = fix(waiting(at)[0].id, {"sales": 1.0}, declared(), at, actor=WHO)

    assert {"duplicate": 1} == made.outcomes
    assert () == waiting(at)


def test_row_of_a_contract_goes_through_it_again(tmp_path: Path) -> None:
    at = desk(tmp_path, contracts={"shops": contract()})
    options = declare(columns={"unique_id": "shop", "ds": "month", "y": "pieces"}, max_quarantined=1)
    table = rows(3, 3).astype({"pieces": object})
    table["pieces"] = [0.0, {"value": [1, 2]}, 2.0]
    ingest(feed(table, contract="shops", options=options), at, Request())
    (row,) = waiting(at)
    columns = {"columns": {"unique_id": "shop", "ds": "month", "y": "pieces"}}

    as_text = fix(row.id, {"pieces": "7"}, declared(contract="shops", **columns), at, actor=WHO)
    as_number = fix(row.id, {"pieces": 7}, declared(contract="shops", **columns), at, actor=WHO)

    assert ({"value": [1, 2]}, {"broken": 1}, {"stored": 1}) == (
        row.original["pieces"],
        as_text.outcomes,
        as_number.outcomes,
    )


def test_source_that_is_not_declared_any_more_is_told(place: Desk) -> None:
    with pytest.raises(SourceIsGone, match="source 'shops' again failed: got no declaration of it"):
        release(waiting(place), {}, place, actor=WHO)


def test_nothing_is_ever_taken_away(place: Desk) -> None:
    before = {row.id: row.original for row in waiting(place, state="all")}
    first, second = waiting(place)
    fix(first.id, {"sales": 1.0, "shop": "a"}, declared(), place, actor=WHO)
    drop(second.id, place, reason="no", actor=WHO)

    with place.engine.connect() as connection:
        counts = [connection.execute(select(func.count()).select_from(one)).scalar() for one in (quarantined, verdicts)]
    assert [2, 2] == counts
    assert before == {row.id: row.original for row in waiting(place, state="all")}
