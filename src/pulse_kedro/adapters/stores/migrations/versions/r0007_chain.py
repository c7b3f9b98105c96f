"""Transitions are tied by hashes, those of before too: a row that is changed, removed or moved is found."""

import sqlalchemy as sa
from alembic import op

from pulse_kedro.adapters.stores.chain import START, link
from pulse_kedro.adapters.stores.columns import Utc
from pulse_kedro.adapters.stores.migrations.append_only import lift, protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COVERED = (
    *("slot", "epoch", "token", "kind", "actor", "reason"),
    *("from_bundle", "to_bundle", "from_recipe", "to_recipe", "cycle"),
)


def upgrade() -> None:
    """Add the column, and tie what is there."""
    lift("transitions")
    op.add_column("transitions", sa.Column("hash", sa.String(64), nullable=False, server_default=START))
    _tie()
    protect("transitions")


def downgrade() -> None:
    """Take it away again."""
    lift("transitions")
    op.drop_column("transitions", "hash")
    protect("transitions")


def _tie() -> None:
    table = sa.table(
        "transitions",
        *(sa.column(name) for name in ("id", "hash", *COVERED)),
        sa.column("at", Utc),
        sa.column("gate", sa.JSON),
    )
    connection, newest = op.get_bind(), dict[str, str]()
    for row in connection.execute(sa.select(table).order_by(table.c.slot, table.c.epoch)).mappings().all():
        slot = row["slot"]
        newest[slot] = link(newest.get(slot, START), {**row})
        connection.execute(sa.update(table).where(table.c.id == row["id"]).values(hash=newest[slot]))
