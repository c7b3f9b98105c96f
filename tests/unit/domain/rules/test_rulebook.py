"""The empty rulebook is honest about being empty, and belongs to one recipe."""

import json

from pulse_kedro.domain.cycle import digest
from pulse_kedro.domain.rules.rulebook import empty_rulebook


def test_rulebook_holds_no_rule() -> None:
    assert empty_rulebook("a")["rules"] == []


def test_hash_covers_everything_else() -> None:
    book = empty_rulebook("a")

    assert digest({key: value for key, value in book.items() if key != "hash"}) == book["hash"]
    assert book == json.loads(json.dumps(book))


def test_rulebooks_of_two_recipes_differ() -> None:
    assert empty_rulebook("a")["hash"] != empty_rulebook("b")["hash"]
