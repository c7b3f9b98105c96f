"""The ledger only grows, and the database sees to it; cycles keep their regime and seeds, metrics their intervals.

Triggers refuse every change of forecasts and outcomes. The index on metrics serves questions about one metric over many
cycles.
"""

import sqlalchemy as sa
from alembic import op

from pulse_kedro.adapters.stores.migrations.append_only import lift, protect

revision = "0006"
down_revision = "0005"
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
    for table in LEDGER:
        protect(table)


def downgrade() -> None:
    """Take all of it away again."""
    for table in LEDGER:
        lift(table)
    op.drop_index("metrics_by_name", "metrics")
    for name in ("high", "low"):
        op.drop_column("metrics", name)
    for name in ("seeds", "regime"):
        op.drop_column("cycles", name)
