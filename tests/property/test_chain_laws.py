"""What holds for every chain of rows: what nobody touched verifies, and whatever was changed is told where it was."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.adapters.stores.chain import START, breaks, link

values = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.just(UTC)),
    st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False, allow_infinity=False), max_size=2),
)
logs = st.lists(
    st.fixed_dictionaries({"reason": values, "actor": values}), min_size=2, max_size=6
).map(lambda rows: tied([{"epoch": epoch, **row} for epoch, row in enumerate(rows)]))  # fmt: skip


def tied(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    before, made = START, list[dict[str, object]]()
    for row in rows:
        before = link(before, row)
        made.append(row | {"hash": before})
    return made


@given(logs)
def test_what_nobody_touched_verifies_and_so_does_its_beginning(log: list[dict[str, object]]) -> None:
    assert [] == breaks(log) == breaks(log[:-1]) == breaks([{**row, "id": 7} for row in log])


@given(st.data())
def test_a_changed_row_is_told(data: st.DataObject) -> None:
    log = data.draw(logs)
    place = data.draw(st.integers(0, len(log) - 1))
    log[place] = log[place] | {"reason": ("another", log[place]["reason"])}

    assert [place] == breaks(log)


@given(st.data())
def test_a_row_that_is_gone_is_told_by_the_next_one(data: st.DataObject) -> None:
    log = data.draw(logs)
    place = data.draw(st.integers(0, len(log) - 2))
    del log[place]

    assert [place] == breaks(log)


@given(st.data())
def test_exchanged_rows_are_told(data: st.DataObject) -> None:
    log = data.draw(logs)
    place = data.draw(st.integers(0, len(log) - 2))
    log[place], log[place + 1] = log[place + 1], log[place]

    assert {place, place + 1} <= set(breaks(log))


def test_a_moment_is_the_same_in_every_zone() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=2)))

    assert link(START, {"at": moment}) == link(START, {"at": elsewhere})
    assert link(START, {"at": moment}) != link(START, {"at": moment + timedelta(microseconds=1)})
