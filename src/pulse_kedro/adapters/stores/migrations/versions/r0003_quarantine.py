"""Ingests of sources, rows that were set aside with what people decided about them, and how far each source goes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COUNTS = ("rows_in", "stored", "revisions", "duplicates", "quarantined")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "ingests",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("snapshot", sa.String(64)),
        sa.Column("contract", sa.String(255)),
        *(sa.Column(name, sa.Integer, nullable=False) for name in COUNTS),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("ended", MOMENT, nullable=False),
    )
    op.create_index("ingests_by_source", "ingests", ["source"])
    _create_quarantine()
    op.create_table(
        "watermarks",
        sa.Column("source", sa.String(255), primary_key=True),
        sa.Column("ds", sa.DateTime, nullable=False),
        sa.Column("ingest", sa.Integer, sa.ForeignKey("ingests.id"), nullable=False),
    )


def downgrade() -> None:
    """Drop them, children first."""
    for name in ("watermarks", "verdicts", "quarantined", "ingests"):
        op.drop_table(name)


def _create_quarantine() -> None:
    op.create_table(
        "quarantined",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("ingest", sa.Integer, sa.ForeignKey("ingests.id"), nullable=False),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("column", sa.String(255), nullable=False),
        sa.Column("series", sa.Text),
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("original", sa.Text, nullable=False),
    )
    op.create_index("quarantined_by_source", "quarantined", ["source", "rule"])
    op.create_index("quarantined_by_ingest", "quarantined", ["ingest"])
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("row", sa.String(32), sa.ForeignKey("quarantined.id"), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("closes", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changes", sa.JSON, nullable=False),
        sa.Column("snapshot", sa.String(64)),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("verdicts_by_row", "verdicts", ["row"])
