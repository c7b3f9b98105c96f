"""Rulebooks, each under the hash of its content; immutable."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine, select

from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.engine import add_missing
from pulse_kedro.adapters.stores.tables import rulebooks


def keep(connection: Connection, rulebook: Mapping[str, object]) -> str:
    """Keep a rulebook unless its content is there already.

    Args:
        connection: Inside a transaction.
        rulebook: `hash`, `recipe` (the recipe it belongs to) and `rules` (a list).

    Returns:
        The hash.
    """
    facts = {"hash": str(rulebook["hash"]), "recipe": str(rulebook["recipe"]), "rules": plain(rulebook["rules"])}
    add_missing(connection, rulebooks, [facts])
    return str(rulebook["hash"])


def read(engine: Engine, rulebook: str) -> Sequence[object]:
    """Rules of a rulebook; empty when it has none or was never kept."""
    with engine.connect() as connection:
        rules = connection.execute(select(rulebooks.c.rules).where(rulebooks.c.hash == rulebook)).scalar()
    return tuple(rules or ())
