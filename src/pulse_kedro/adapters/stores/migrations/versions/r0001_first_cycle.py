"""Tables of the first cycle: snapshots, lineage, cycles, champion, ledger, metrics, rulebooks, attempts and faults.

A revision repeats the tables as they were on its day and imports nothing of today, so that it always does the same.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LEVELS = ("025", "050", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950", "975")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create every table, and the champion's row with nobody in it."""
    _create_what_cycles_refer_to()
    _create_cycles()
    _create_ledger()
    _create_metrics()
    _create_journal()
    slot = sa.table("champion", sa.column("slot"), sa.column("epoch"))
    op.bulk_insert(slot, [{"slot": "main", "epoch": 0}])


def downgrade() -> None:
    """Drop every table, children first."""
    names = ("faults", "attempts", "metrics", "outcomes", "forecasts", "champion", "cycles", "rulebooks", "lineage")
    for name in (*names, "snapshots"):
        op.drop_table(name)


def _create_what_cycles_refer_to() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("series", sa.Integer, nullable=False),
        sa.Column("checksum", sa.String(64), nullable=False),
        sa.Column("kept_at", MOMENT, nullable=False),
    )
    op.create_table(
        "lineage",
        sa.Column("parent", sa.String(160), primary_key=True),
        sa.Column("child", sa.String(160), primary_key=True),
    )
    op.create_table(
        "rulebooks",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("recipe", sa.String(64), nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
    )


def _create_cycles() -> None:
    digests = ("snapshot", "configured_recipe", "code_version", "recipe", "bundle")
    facts = ("decision", "plan", "quality", "summary", "ended")
    op.create_table(
        "cycles",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("as_of", sa.DateTime, nullable=False),
        sa.Column("parent", sa.String(64), sa.ForeignKey("cycles.key")),
        sa.Column("line", sa.String(8), nullable=False),
        *(sa.Column(name, sa.String(64), nullable=False) for name in digests),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        *(sa.Column(name, sa.JSON, nullable=False) for name in facts),
        sa.Column("rulebook", sa.String(64), sa.ForeignKey("rulebooks.hash"), nullable=False),
        sa.Column("committed_at", MOMENT, nullable=False),
    )
    op.create_table(
        "champion",
        sa.Column("slot", sa.String(32), primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("cycle", sa.String(64), sa.ForeignKey("cycles.key")),
        sa.Column("previous_cycle", sa.String(64), sa.ForeignKey("cycles.key")),
        sa.Column("moved_at", MOMENT),
    )


def _create_ledger() -> None:
    op.create_table(
        "forecasts",
        sa.Column("cycle", sa.String(64), sa.ForeignKey("cycles.key"), primary_key=True),
        sa.Column("unique_id", sa.String(255), primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("cutoff", sa.DateTime, nullable=False),
        sa.Column("ds", sa.DateTime, nullable=False),
        sa.Column("y_hat", sa.Double, nullable=False),
        *(sa.Column(f"{kind}_q{level}", sa.Double) for kind in ("raw", "ruled") for level in LEVELS),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outcomes",
        sa.Column("cycle", sa.String(64), sa.ForeignKey("cycles.key"), primary_key=True),
        sa.Column("unique_id", sa.String(255), primary_key=True),
        sa.Column("ds", sa.DateTime, primary_key=True),
        sa.Column("y", sa.Double, nullable=False),
        sa.Column("available_at", MOMENT, nullable=False),
        sa.Column("snapshot", sa.String(64), nullable=False),
        sqlite_with_rowid=False,
    )


def _create_metrics() -> None:
    op.create_table(
        "metrics",
        sa.Column("cycle", sa.String(64), sa.ForeignKey("cycles.key"), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("recipe", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(64), primary_key=True),
        sa.Column("level", sa.String(16), primary_key=True),
        sa.Column("unique_id", sa.String(255), primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("metric", sa.String(32), primary_key=True),
        sa.Column("value", sa.Double),
        sa.Column("n", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_journal() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process", sa.String(128), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("cycle", sa.String(64)),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("ended", MOMENT),
    )
    op.create_index("attempts_by_status", "attempts", ["status"])
    op.create_table(
        "faults",
        sa.Column("error_id", sa.String(64), primary_key=True),
        sa.Column("attempt", sa.Integer, sa.ForeignKey("attempts.id")),
        sa.Column("cycle", sa.String(64)),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(64), nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("node", sa.String(128), nullable=False),
        sa.Column("error", sa.String(128), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("next_step", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("context", sa.JSON, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT),
        sa.Column("resolved_by", sa.String(64)),
    )
    op.create_index("faults_by_fingerprint", "faults", ["fingerprint", "at"])
