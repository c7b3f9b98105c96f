"""The key of a cycle: the same facts give the same key, any other fact another one."""

from dataclasses import replace

import pandas as pd
import pytest

from pulse_kedro.domain.cycle import Period, digest, identify

PERIOD = Period(
    as_of=pd.Timestamp("2018-12-01"),
    first_target=pd.Timestamp("2019-01-01"),
    frequency="monthly",
    ancestors=("c2", "c1"),
)
FACTS = {"snapshot": "s1", "recipe": "r1", "code_version": "0.1.0+abc"}


def test_the_parent_is_the_newest_ancestor() -> None:
    assert "c2" == PERIOD.parent
    assert replace(PERIOD, ancestors=()).parent is None


def test_equal_facts_give_an_equal_key() -> None:
    assert identify(PERIOD, **FACTS) == identify(PERIOD, **FACTS)


def test_the_key_is_short_and_no_number() -> None:
    key = identify(PERIOD, **FACTS).key

    assert ("c", 16) == (key[0], len(key))


@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_is_part_of_the_key(fact: str) -> None:
    assert identify(PERIOD, **FACTS).key != identify(PERIOD, **{**FACTS, fact: "other"}).key


@pytest.mark.parametrize("change", [{"as_of": pd.Timestamp("2018-11-01")}, {"ancestors": ("c3",)}, {"ancestors": ()}])
def test_place_and_parent_are_part_of_the_key(change: dict[str, object]) -> None:
    assert identify(PERIOD, **FACTS).key != identify(replace(PERIOD, **change), **FACTS).key  # type: ignore[arg-type]


def test_what_lies_before_the_parent_is_the_parents_affair() -> None:
    assert identify(PERIOD, **FACTS).key == identify(replace(PERIOD, ancestors=("c2",)), **FACTS).key


def test_the_digest_is_that_of_the_value_and_not_of_its_spelling() -> None:
    assert digest({"a": [1, 2.5], "b": None}) == digest({"b": None, "a": (1, 2.5)})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_the_digest_refuses_what_json_does_not_have() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest(float("nan"))
