"""Rulebooks, each under the hash of its content; immutable."""

from collections.abc import Mapping

from sqlalchemy import Connection, Engine, select

from pulse_kedro.adapters.stores.columns import plain
from pulse_kedro.adapters.stores.engine import add_missing
from pulse_kedro.adapters.stores.tables import rulebooks

Record = Mapping[str, object]
"""A rulebook as plain values: `hash`, `recipe`, `rules`, and what else its version keeps."""


def keep(connection: Connection, rulebook: Record) -> str:
    """Keep a rulebook unless its content is there already.

    Args:
        connection: Inside a transaction.
        rulebook: `hash`, `recipe` (the recipe it belongs to), `rules` (a list), and everything else it says.

    Returns:
        The hash.
    """
    facts = {"hash": str(rulebook["hash"]), "recipe": str(rulebook["recipe"]), "rules": plain(rulebook["rules"])}
    add_missing(connection, rulebooks, [facts | {"content": plain(rulebook)}])
    return str(rulebook["hash"])


def read(engine: Engine, rulebook: str) -> Record:
    """A rulebook as it was kept.

    Args:
        engine: Any engine on the stores.
        rulebook: Its hash.

    Returns:
        Its record; without `content`, of a version before 0008, that of a book of schema 1 without rules. A hash that
        was never kept gives an empty mapping.
    """
    columns = (rulebooks.c.recipe, rulebooks.c.content)
    with engine.connect() as connection:
        row = connection.execute(select(*columns).where(rulebooks.c.hash == rulebook)).one_or_none()
    if row is None:
        return {}
    if row.content is None:
        return {"schema_version": 1, "hash": rulebook, "recipe": row.recipe, "rules": []}
    return dict(row.content)
