"""A rulebook is kept whole: trial, looks and what it is watched for, beside its rules.

Books of earlier versions had no rules and nothing else to say; their content stays empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("rulebooks", sa.Column("content", sa.JSON, nullable=True))


def downgrade() -> None:
    """Take it away; what books said beside their rules is lost."""
    op.drop_column("rulebooks", "content")
