"""Which cycle a word means, and what is said when it means none or several."""

import pickle
from dataclasses import replace
from datetime import datetime

import pytest

from past_samples import FIRST, HEAD, PAST, REPLACED, REPLAY, SECOND, a_cycle
from pulse_kedro.adapters.stores.past import Past, PastCycle, role_of
from pulse_kedro.cli.naming import AmbiguousName, UnknownName, find, find_version


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("champion", HEAD),
        ("previous", SECOND),
        ("2018-12-01", FIRST),
        ("2018-06", REPLAY),
        ("2019-01-01", SECOND),
        ("v4", HEAD),
        ("v2", REPLACED),
        ("cd", HEAD),
        ("cb2", REPLACED),
        ("cb2222", REPLACED),
        ("ba1111", FIRST),
        ("be5555" + "0" * 48, REPLAY),
    ],
)
def test_a_cycle_goes_by_part_period_key_and_bundle(name: str, expected: PastCycle) -> None:
    assert expected == find(PAST, name)


def test_every_cycle_is_found_by_its_own_key() -> None:
    assert list(PAST.cycles) == [find(PAST, cycle.key) for cycle in PAST.cycles]


@pytest.mark.parametrize("name", ["cb", "2019", "c"])
def test_a_name_of_several_lists_them(name: str) -> None:
    with pytest.raises(AmbiguousName, match=f"got '{name}', expected the name of one cycle. It may mean c") as caught:
        find(PAST, name)

    assert 2 <= len(caught.value.candidates)
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301  # our own bytes


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("2019-02-03", "cd4444 (as of 2019-02-01)"),
        ("cd4445", "cd4444 (as of 2019-02-01)"),
        ("ce5556", "ce5555 (as of 2018-06-01, replay)"),
        ("champoin", "`champion`"),
        ("v9", "cd4444 (as of 2019-02-01)"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownName, match=f"got '{name}'") as caught:
        find(PAST, name)

    assert nearest == caught.value.candidates[0]
    assert f"Nearest: {nearest}" in str(caught.value)
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))  # noqa: S301  # our own bytes


def test_there_is_no_previous_before_the_second_cycle() -> None:
    with pytest.raises(UnknownName, match="got 'previous'"):
        find(Past(cycles=(FIRST,), head=FIRST.key), "previous")


def test_an_hour_is_told_from_its_day() -> None:
    noon, midnight = (a_cycle(f"c{hour}", datetime(2019, 1, 1, hour), version=1) for hour in (12, 0))  # noqa: DTZ001
    past = Past(cycles=(noon, midnight))

    assert ["2019-01-01T12:00", "2019-01-01"] == [noon.period, midnight.period]
    assert [noon, midnight] == [find(past, "2019-01-01T12"), find(past, "2019-01-01")]


def test_bundles_beside_the_champion_go_by_their_role() -> None:
    made = {
        role: {"bundle": letter * 64, "recipe": "r"} for role, letter in (("challenger", "8"), ("predecessor", "9"))
    }
    head = replace(HEAD, decision={"candidates": made})
    beside = tuple(replace(head, bundle=one["bundle"], version=None) for one in made.values())
    past = replace(PAST, cycles=(head, *PAST.cycles[2:]), challengers=beside)

    assert ["8" * 64, "9" * 64] == [find_version(past, name).bundle for name in ("challenger", "predecessor")]
    assert ["challenger", "predecessor", "champion"] == [role_of(one) for one in (*beside, head)]
    with pytest.raises(UnknownName, match="got 'predecessor'"):
        find_version(PAST, "predecessor")
