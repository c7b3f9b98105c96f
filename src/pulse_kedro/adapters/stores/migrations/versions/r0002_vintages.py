"""Vintages of sources: parts of snapshots with the ranges of their keys, what sources consist of, payloads and pins.

Snapshots of earlier versions are one file each; they get one part without ranges, and the order of their clocks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns and tables, and carry the snapshots there are over."""
    op.add_column("snapshots", sa.Column("sequence", sa.Integer, nullable=False, server_default="0"))
    op.add_column("snapshots", sa.Column("bytes", sa.BigInteger))
    op.add_column("snapshots", sa.Column("late", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("snapshots", sa.Column("doomed_at", MOMENT))
    op.create_index("snapshots_by_sequence", "snapshots", ["sequence"])
    _create_tables()
    _carry_over()


def downgrade() -> None:
    """Drop them; the snapshots of cycles stay, what was appended to sources is forgotten."""
    for name in ("pins", "payloads", "vintages", "parts"):
        op.drop_table(name)
    op.drop_index("snapshots_by_sequence", "snapshots")
    for name in ("doomed_at", "late", "bytes", "sequence"):
        op.drop_column("snapshots", name)


def _create_tables() -> None:
    op.create_table(
        "parts",
        sa.Column("snapshot", sa.String(64), sa.ForeignKey("snapshots.id"), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("checksum", sa.String(64), nullable=False),
        *(sa.Column(name, BYTEWISE) for name in ("first_id", "last_id")),
        *(sa.Column(name, sa.DateTime) for name in ("first_ds", "last_ds")),
        *(sa.Column(name, MOMENT) for name in ("first_available", "last_available")),
    )
    op.create_table(
        "vintages",
        sa.Column("source", sa.String(255), primary_key=True),
        sa.Column("snapshot", sa.String(64), sa.ForeignKey("snapshots.id"), primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("sequence", "rows", "revisions")),
        sa.Column("static", sa.Text, nullable=False),
        sa.Column("contract", sa.String(64)),
        *(sa.Column(name, sa.DateTime, nullable=False) for name in ("first_ds", "last_ds")),
        sa.Column("kept_at", MOMENT, nullable=False),
    )
    op.create_index("vintages_by_period", "vintages", ["source", "last_ds"])
    op.create_index("vintages_by_snapshot", "vintages", ["snapshot"])
    op.create_table(
        "payloads",
        sa.Column("source", sa.String(255), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("snapshot", sa.String(64), sa.ForeignKey("snapshots.id"), nullable=False),
    )
    op.create_table(
        "pins",
        sa.Column("node", sa.String(160), primary_key=True),
        sa.Column("pinned_at", MOMENT, nullable=False),
    )


def _carry_over() -> None:
    op.execute(
        "UPDATE snapshots SET sequence = (SELECT count(*) FROM snapshots AS earlier WHERE earlier.kept_at < "
        "snapshots.kept_at OR (earlier.kept_at = snapshots.kept_at AND earlier.id <= snapshots.id))"
    )
    op.execute(
        "INSERT INTO parts (snapshot, part, name, rows, checksum) "
        "SELECT id, 0, id || '.parquet', rows, checksum FROM snapshots"
    )
