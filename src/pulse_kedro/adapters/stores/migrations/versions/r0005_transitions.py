"""Who served when and who decided it: transitions, leases, and what serves now beside the head of the main line.

What moved the head before this revision is carried over from the cycles that did.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from pulse_kedro.adapters.stores.migrations.append_only import lift, protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add columns and tables, and carry the moves of the head over."""
    for name in ("bundle", "recipe", "previous_bundle"):
        op.add_column("champion", sa.Column(name, sa.String(64)))
    op.add_column("champion", sa.Column("token", sa.Integer, nullable=False, server_default="0"))
    made = op.create_table(
        "transitions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("slot", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("epoch", "token")),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("from_bundle", sa.String(64)),
        sa.Column("to_bundle", sa.String(64), nullable=False),
        sa.Column("from_recipe", sa.String(64)),
        sa.Column("to_recipe", sa.String(64), nullable=False),
        sa.Column("cycle", sa.String(64), sa.ForeignKey("cycles.key")),
        sa.Column("gate", sa.JSON),
    )
    op.create_index("transitions_by_epoch", "transitions", ["slot", "epoch"], unique=True)
    op.create_table(
        "leases",
        sa.Column("role", sa.String(32), primary_key=True),
        sa.Column("token", sa.Integer, nullable=False),
        sa.Column("holder", sa.String(255)),
        sa.Column("beat", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO leases (role, token, beat) VALUES ('main', 0, 0)")
    _carry_over(made)
    protect("transitions")


def downgrade() -> None:
    """Drop them; the head stays where it is, and what a person put in charge is forgotten."""
    lift("transitions")
    op.drop_table("leases")
    op.drop_index("transitions_by_epoch", "transitions")
    op.drop_table("transitions")
    for name in ("token", "previous_bundle", "recipe", "bundle"):
        op.drop_column("champion", name)


def _carry_over(transitions: sa.Table) -> None:
    connection = op.get_bind()
    cycles = sa.table(
        "cycles",
        *(sa.column(name) for name in ("key", "as_of", "line", "recipe", "bundle")),
        sa.column("decision", sa.JSON),
        sa.column("committed_at", MOMENT),
    )
    moved = (
        sa.select(cycles).where(cycles.c.line == "main").order_by(cycles.c.committed_at, cycles.c.as_of, cycles.c.key)
    )
    before: Any = None
    for epoch, row in enumerate(connection.execute(moved).all(), start=1):
        if before is None or before.bundle != row.bundle:
            connection.execute(sa.insert(transitions).values(_transition(epoch, before, row)))
            previous, before = (None if before is None else before.bundle), row
            serving = {"bundle": row.bundle, "recipe": row.recipe, "previous": previous}
            words = "UPDATE champion SET bundle = :bundle, recipe = :recipe, previous_bundle = :previous"
            connection.execute(sa.text(words), serving)


def _transition(epoch: int, before: Any, row: Any) -> dict[str, object]:  # noqa: ANN401  # rows of a query
    decision = row.decision or {}
    first = "bootstrap" if before is None else "revision"
    return {
        "at": row.committed_at,
        "slot": "main",
        "epoch": epoch,
        "token": 0,
        "kind": "promote" if decision.get("verdict") == "PROMOTE" else first,
        "actor": "a version before 0005",
        "reason": str(decision.get("reason", "")),
        "from_bundle": None if before is None else before.bundle,
        "to_bundle": row.bundle,
        "from_recipe": None if before is None else before.recipe,
        "to_recipe": row.recipe,
        "cycle": row.key,
        "gate": decision.get("gate"),
    }
