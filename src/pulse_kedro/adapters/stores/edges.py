"""What was made from what: edges between sources, snapshots, cycles, bundles and rulebooks."""

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, select

from pulse_kedro.adapters.stores.engine import add_missing
from pulse_kedro.adapters.stores.tables import lineage
from pulse_kedro.domain.lineage import Edge


def add(connection: Connection, edges: Iterable[Edge]) -> None:
    """Keep edges; known ones are left as they are.

    Args:
        connection: Inside a transaction.
        edges: (parent, child) names such as `snapshot:<id>` and `cycle:<key>`.
    """
    add_missing(connection, lineage, [{"parent": parent, "child": child} for parent, child in edges])


def read(engine: Engine) -> tuple[Edge, ...]:
    """Every edge, sorted; `domain.lineage` walks them."""
    with engine.connect() as connection:
        rows = connection.execute(select(lineage.c.parent, lineage.c.child).order_by(*lineage.c))
        return tuple((row.parent, row.child) for row in rows)
