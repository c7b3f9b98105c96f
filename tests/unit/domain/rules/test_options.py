"""Terms of rules: what the project ships, and what contradicts itself."""

from dataclasses import asdict

import pytest
from pydantic import TypeAdapter, ValidationError

from pulse_kedro.domain.rules.options import RuleOptions
from rule_samples import TERMS


def read(**changes: object) -> RuleOptions:
    return TypeAdapter(RuleOptions).validate_python({**asdict(TERMS), **changes})


def test_both_looks_together_let_one_useless_set_in_ten_through() -> None:
    assert sum(TERMS.look_alphas) == pytest.approx(0.10)
    assert TERMS.looks == (20, 40)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mine_share": 0.8}, "leave no window for the trial"),
        ({"looks": [40, 20]}, "the second of looks must come later"),
        ({"looks": [2, 40]}, "greater than or equal to 8"),
        ({"looks": [20]}, "looks.1"),
        ({"look_alphas": [0.03, 0.7]}, "less than 0.5"),
        ({"largest_shift": 3.1}, "less than or equal to 3"),
        ({"decay": 14}, "Unexpected keyword argument"),
    ],
)
def test_terms_that_contradict_themselves_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        read(**changes)
