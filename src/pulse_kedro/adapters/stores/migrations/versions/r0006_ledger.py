"""The ledger only grows, and the database sees to it; cycles keep their regime and seeds, metrics their intervals.

On SQLite triggers refuse every UPDATE and DELETE of forecasts and outcomes; on PostgreSQL TRUNCATE as well. The index
on metrics serves questions about one metric over many cycles.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None

LEDGER = ("forecasts", "outcomes")
BY_NAME = ("metric", "kind", "level", "unique_id", "cycle")


def upgrade() -> None:
    """Add columns, index and triggers."""
    for name in ("regime", "seeds"):
        op.add_column("cycles", sa.Column(name, sa.JSON, nullable=True))
    for name in ("low", "high"):
        op.add_column("metrics", sa.Column(name, sa.Double, nullable=True))
    op.create_index("metrics_by_name", "metrics", list(BY_NAME))
    postgres = op.get_bind().dialect.name == "postgresql"
    for statement in _postgres() if postgres else _sqlite():
        op.execute(statement)


def downgrade() -> None:
    """Take all of it away again."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for table in LEDGER:
        for word in ("update", "delete", "truncate") if postgres else ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_refuse_{word}" + (f" ON {table}" if postgres else ""))
    if postgres:
        op.execute("DROP FUNCTION pulse_append_only()")
    op.drop_index("metrics_by_name", "metrics")
    for name in ("high", "low"):
        op.drop_column("metrics", name)
    for name in ("seeds", "regime"):
        op.drop_column("cycles", name)


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_refuse_{word.lower()} BEFORE {word} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} only grow: {word} refused'); END"
        for table in LEDGER
        for word in ("UPDATE", "DELETE")
    ]


def _postgres() -> list[str]:
    refuse = (
        "CREATE FUNCTION pulse_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% only grow: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation'; "
        "END $$"
    )
    each = [
        f"CREATE TRIGGER {table}_refuse_{word.lower()} BEFORE {word} ON {table} "
        f"FOR EACH {'STATEMENT' if word == 'TRUNCATE' else 'ROW'} EXECUTE FUNCTION pulse_append_only()"
        for table in LEDGER
        for word in ("UPDATE", "DELETE", "TRUNCATE")
    ]
    return [refuse, *each]
