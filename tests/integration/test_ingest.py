"""What comes is stored, repeated or set aside, and the numbers add up, whatever comes and whatever fails (D1)."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from delivery_samples import contract, rows
from ingest_worlds import Clock, desk, feed
from pulse_kedro.adapters import ingest_hooks
from pulse_kedro.adapters.ingest import Desk, Ingested, ingest, take_in
from pulse_kedro.adapters.ingest_hooks import Registered, on, registered, tell
from pulse_kedro.adapters.stores import ingests, quarantine
from pulse_kedro.adapters.stores import tables as stored_tables
from pulse_kedro.adapters.stores.quarantine import Wanted
from pulse_kedro.domain.data_management.deliveries.sifting import LostRows
from pulse_kedro.domain.data_management.events import Event, UnknownKind
from pulse_kedro.domain.data_management.fetching import Request, SourceTimedOut
from pulse_kedro.domain.data_management.variables import Registry, VariableOptions
from source_samples import DECLARATION, declare, monthly, two_years

ALL = Request()


@pytest.fixture
def place(tmp_path: Path) -> Desk:
    return desk(tmp_path)


def bad(table: pd.DataFrame, *at: int) -> pd.DataFrame:
    """The table with words in place of some values."""
    worse = table.astype({"sales": object})
    worse.loc[list(at), "sales"] = "many"
    return worse


def test_rows_are_stored_and_the_bad_ones_set_aside_with_a_reason(place: Desk) -> None:
    (made,) = ingest(feed(bad(two_years("a"), 3)), place, ALL)

    assert ("stored", 24, 23, 0, 1) == (made.status, made.rows_in, made.stored, made.duplicates, made.quarantined)
    assert {"text_value": 1} == made.by_rule
    (held,) = quarantine.rows(place.engine, Wanted())
    assert (4, "sales", "a") == (held.row, held.column, held.series)
    assert {"shop": "a", "month": "2017-04-01T00:00:00", "sales": "many", "title": "A shop"} == held.original
    assert 23 == len(place.store.read("shops"))


def test_the_same_delivery_twice_changes_nothing(place: Desk) -> None:  # K6
    (first,), (second,) = (ingest(feed(bad(two_years("a"), 3)), place, ALL) for _ in range(2))

    assert (first.snapshot, "unchanged", 24, 0, 0) == (
        second.snapshot,
        second.status,
        second.duplicates,
        second.stored,
        second.quarantined,
    )
    assert 1 == len(quarantine.rows(place.engine, Wanted()))


def test_revision_and_conflict_with_the_store(place: Desk) -> None:
    options = declare(columns={**DECLARATION["columns"], "available_at": "seen"}, max_quarantined=1)  # type: ignore[dict-item]
    table = monthly("a", [1.0]).assign(seen="2017-02-10")
    ingest(feed(table, options=options), place, ALL)

    (revised,) = ingest(feed(table.assign(sales=2.0, seen="2017-03-10"), options=options), place, ALL)
    (conflict,) = ingest(feed(table.assign(sales=9.0), options=options), place, ALL)

    assert (1, 1) == (revised.stored, revised.revisions)
    assert (0, 1, {"stored_conflict": 1}) == (conflict.stored, conflict.quarantined, conflict.by_rule)
    (held,) = quarantine.rows(place.engine, Wanted())
    assert "another value than 9.0 is stored" in held.reason


def test_failing_source_does_not_stop_the_others(place: Desk) -> None:  # D1
    sources = {
        **feed(RuntimeError("password=hunter2"), name="broken"),
        **feed(SourceTimedOut("late", "no answer", "one", "Wait."), name="late"),
        **feed(two_years("a"), name="good"),
        **feed(two_years("a"), name="own", declared=False),
    }

    made = {one.source: one for one in ingest(sources, place, ALL)}

    assert ["failed", "failed", "stored", "failed"] == [one.status for one in made.values()]
    assert "hunter2" not in str(made["broken"].error)
    assert "expected declared observations" in str(made["own"].error)


def test_delivery_with_too_many_bad_rows_is_set_aside_as_a_whole(place: Desk) -> None:
    table = bad(two_years("a"), *range(12))

    (made,) = ingest(feed(table, options=declare(max_quarantined=0.3)), place, ALL)

    assert ("refused", 0, 24) == (made.status, made.stored, made.quarantined)
    assert {"text_value": 12, "refused_delivery": 12} == made.by_rule
    assert "12 of 24 rows of source 'shops' cannot be used, expected at most 30%" in str(made.error)


@pytest.mark.parametrize(
    "table",
    [pd.DataFrame(), two_years("a").iloc[:0], pd.DataFrame({"x": [1, 2]}), two_years("a").drop(columns="sales")],
)
def test_delivery_without_a_usable_row_is_an_answer(place: Desk, table: pd.DataFrame) -> None:
    (made,) = ingest(feed(table), place, ALL)

    assert made.status == "unchanged"
    assert (len(table), 0) == (made.quarantined, made.stored)


def test_source_with_a_contract_ingests(place: Desk) -> None:  # K12
    at = desk(Path(str(place.engine.url.database).removeprefix("file:")).parent, contracts={"shops": contract()})
    options = declare(columns={"unique_id": "shop", "ds": "month", "y": "pieces"}, max_quarantined=1)

    (made,) = ingest(feed(rows(3, 5), contract="shops", options=options), at, ALL)

    assert ("stored", 5) == (made.status, made.stored)


def test_extra_argument_named_source_is_harmless(place: Desk) -> None:  # K12
    (made,) = ingest(feed(two_years("a"), facts={"source": "elsewhere", "table": "t"}), place, ALL)

    assert "shops" == made.source


def test_drift_of_the_schema_is_told_and_rows_are_kept(tmp_path: Path) -> None:
    seen: list[Event] = []
    hook = Registered(name="seen", hook=seen.append, kinds=frozenset({"schema_drift", "rows_rejected"}))
    at = desk(tmp_path, contracts={"shops": contract()}, hooks=(hook,))
    options = declare(columns={"unique_id": "shop", "ds": "month", "y": "pieces"}, max_quarantined=1)
    table = rows(3, 4).astype({"pieces": object}).assign(colour="red")
    table.loc[0, "pieces"] = "many"

    (made,) = ingest(feed(table, contract="shops", options=options), at, ALL)

    assert (3, 1) == (made.stored, made.quarantined)
    assert ["schema_drift", "rows_rejected"] == [event.kind for event in seen]
    assert [("changed_type", "pieces", 1), ("extra_column", "colour", 4)] == sorted(
        (one.kind, one.what, one.rows) for one in made.drift
    )


def test_unknown_contract_is_a_failure_of_its_source_only(place: Desk) -> None:
    made = ingest(feed(two_years("a"), contract="shop") | feed(two_years("b"), name="other"), place, ALL)

    assert ["failed", "stored"] == [one.status for one in made]
    assert "Choosing a contract failed: got 'shop', expected one of none" in str(made[0].error)


def raising(_: Event) -> None:
    message = "no"
    raise ValueError(message)


def slow(_: Event) -> None:
    time.sleep(2)


async def late(_: Event) -> None:
    await asyncio.sleep(0)
    message = "later"
    raise ValueError(message)


def leaving(_: Event) -> None:
    raise SystemExit(3)


def test_hooks_that_fail_cost_the_ingest_nothing() -> None:  # D1
    seen: list[str] = []

    async def good(event: Event) -> None:
        await asyncio.sleep(0)
        seen.append(event.kind)

    event = Event(kind="data_ingested", at=Clock()(), source="shops")
    hooks = [
        Registered(name=hook.__name__, hook=hook, kinds=frozenset({"data_ingested"}))
        for hook in (raising, slow, late, leaving, good)
    ]

    counts = tell([event], hooks, patience=0.2)

    assert ["data_ingested"] == seen
    assert {"raising": 1, "slow": 1, "late": 1, "leaving": 1} == counts.failed
    assert {"good": 1} == counts.taken
    assert "expected one within 0.2 s" in counts.last_errors["slow"]
    assert "ValueError('later')" in counts.last_errors["late"]


def test_failing_hook_is_told_in_the_answer(tmp_path: Path) -> None:
    hook = Registered(name="raising", hook=raising, kinds=frozenset({"data_ingested"}))

    (made,) = ingest(feed(two_years("a")), desk(tmp_path, hooks=(hook,)), ALL)

    assert "stored" == made.status
    assert "ValueError('no')" in made.hooks["raising"]


def test_hook_is_registered_by_a_decorator_and_hears_its_kinds_only() -> None:
    @on("rows_rejected")
    def hook(event: Event) -> None:
        del event

    try:
        assert [frozenset({"rows_rejected"})] == [known.kinds for known in registered() if known.hook is hook]
    finally:
        ingest_hooks.forget(hook)
    with pytest.raises(UnknownKind, match="Did you mean 'rows_rejected'"):
        on("rows_reject")


def test_numbers_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(LostRows, match="got 1 stored, 1 duplicates and 0 set aside, expected 3 together"):
        Ingested(source="shops", status="stored", rows_in=3, stored=1, duplicates=1)


def test_watermark_moves_forward_and_never_back(place: Desk) -> None:
    for table in (two_years("a"), two_years("a").iloc[:3], two_years("b")):
        ingest(feed(table), place, ALL)

    assert pd.Timestamp("2018-12-01") == ingests.watermark(place.engine, "shops")
    assert ingests.watermark(place.engine, "other") is None
    assert ingests.watermark(None, "shops") is None


def test_clock_that_goes_back_changes_no_answer(tmp_path: Path) -> None:
    clock = Clock(step=timedelta(hours=-5))

    first, again = (ingest(feed(two_years("a")), desk(tmp_path, now=clock), ALL)[0] for _ in range(2))

    assert (first.snapshot, 24, 24) == (again.snapshot, first.stored, again.duplicates)
    recorded = ingests.newest(desk(tmp_path).engine, 5)
    assert [2, 1] == [row["id"] for row in recorded]
    assert all(row["started"] <= row["ended"] for row in recorded)  # type: ignore[operator]


def test_ingests_at_the_same_time_store_every_row_once(tmp_path: Path) -> None:
    desk(tmp_path)
    table = bad(pd.concat([two_years(name) for name in "abcd"], ignore_index=True), 3, 50)
    start = threading.Barrier(4)

    def run(_: int) -> Ingested:
        at = desk(tmp_path)
        start.wait()
        return ingest(feed(table), at, ALL)[0]

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(run, range(4)))

    assert {"stored", "unchanged"} >= {one.status for one in made}
    assert (94, 2) == (sum(one.stored for one in made), sum(one.quarantined for one in made))
    assert 4 * 96 == sum(one.rows_in for one in made)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied")])
def test_disk_that_is_full_or_closed_fails_one_source_and_a_second_try_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    at = desk(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("pulse_kedro.adapters.stores.blobs.write_file", refuse)
        (failed,) = ingest(feed(bad(two_years("a"), 3)), at, ALL)
    with monkeypatch.context() as patch:
        patch.setattr(ingests, "record", refuse)
        (half,) = ingest(feed(bad(two_years("a"), 3)), at, ALL)
    (done,) = ingest(feed(bad(two_years("a"), 3)), at, ALL)

    assert ["failed", "failed", "unchanged"] == [failed.status, half.status, done.status]
    assert (23, 1) == (done.duplicates, done.quarantined)
    assert 23 == len(at.store.read("shops"))


def test_hundred_thousand_rows_a_tenth_of_them_bad_add_up(place: Desk) -> None:
    check_a_tenth_bad(place, 100_000)


@pytest.mark.slow
def test_million_rows_a_tenth_of_them_bad_add_up(place: Desk) -> None:
    check_a_tenth_bad(place, 1_000_000)


def check_a_tenth_bad(place: Desk, size: int) -> None:
    series = size // 1000
    table = pd.DataFrame(
        {
            "shop": np.repeat([f"s{number:04d}" for number in range(series)], 1000),
            "month": np.tile(pd.date_range("1900-01-01", periods=1000, freq="MS"), series),
            "sales": np.arange(float(size)).astype(object),
            "title": "A",
        }
    )
    wrong = np.random.default_rng(0).random(size) < 0.1
    table.loc[wrong, "sales"] = [f"no {place}" for place in np.flatnonzero(wrong)]

    (made,) = ingest(feed(table), place, ALL)

    assert (size, int(wrong.sum()), 0) == (made.rows_in, made.quarantined, made.duplicates)
    assert size == made.stored + made.quarantined
    kept = select(stored_tables.quarantined.c.row).order_by(stored_tables.quarantined.c.row)
    with place.engine.connect() as connection:
        assert (np.flatnonzero(wrong) + 1).tolist() == list(connection.execute(kept).scalars())
    assert size - int(wrong.sum()) == len(place.store.read("shops"))


CELL = st.none() | st.floats() | st.sampled_from(["1.5", "many", "", "inf", True, {"a": [1]}, [1]])
RECORD = st.fixed_dictionaries(
    {
        "shop": st.sampled_from(["a", "b", None, 7]),
        "month": st.sampled_from(["2019-01-01", "2019-02", "never", None, pd.Timestamp("2019-03-01")]),
        "sales": CELL,
        "title": st.none() | st.text(max_size=2),
    }
)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(deliveries=st.lists(st.lists(RECORD, max_size=8), min_size=1, max_size=3))
def test_rows_in_are_stored_repeated_or_set_aside(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[list[dict[str, object]]]
) -> None:
    at = desk(tmp_path_factory.mktemp("laws"))
    stored = set_aside = 0
    for records in deliveries:
        table = pd.DataFrame(records, columns=["shop", "month", "sales", "title"], dtype=object)
        made = take_in(table, declare(max_quarantined=1), at)
        again = take_in(table, declare(max_quarantined=1), at)

        assert len(table) == made.rows_in == made.stored + made.duplicates + made.quarantined
        assert (0, 0, len(table)) == (again.stored, again.quarantined, again.duplicates)
        stored, set_aside = stored + made.stored, set_aside + made.quarantined
    assert set_aside == len(quarantine.rows(at.engine, Wanted(state="all")))
    assert stored == (len(at.store.vintages("shops")) if stored else 0)


def test_text_that_no_database_takes_is_kept(place: Desk) -> None:
    table = monthly("a", ["\ud800 \x00 é"]).assign(shop=["b\x00\ud800"], title="é")

    (made,) = ingest(feed(table), place, ALL)

    (held,) = quarantine.rows(place.engine, Wanted())
    assert ("unchanged", 1) == (made.status, made.quarantined)
    assert ("\ud800 \x00 é", "b\x00\ud800") == (held.original["sales"], held.original["shop"])
    assert "b\\x00\\ud800" == held.series


def test_units_of_variables_are_converted_on_the_way(tmp_path: Path) -> None:  # K9
    known = VariableOptions(
        unit="fraction",
        accepts=("percent",),
        frequency="monthly",
        release_lag_days=None,
        range=(-0.5, 1.0),
        season_length=12,
        good="lower",
    )
    at = desk(tmp_path, registry=Registry(variables={"a": known}))

    (made,) = ingest(feed(monthly("a", [6.2, 5000.0]), options=declare(unit="percent", max_quarantined=1)), at, ALL)

    assert (1, {"out_of_range": 1}) == (made.stored, made.by_rule)
    assert [0.062] == at.store.read("shops")["y"].tolist()
