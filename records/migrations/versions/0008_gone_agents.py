"""Adds when an agent's process was gone, and what finds the calls that nobody has asked about."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call_agents", sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True))
    unasked = sa.text("outcome_status IS NULL")
    op.create_index("ix_calls_without_outcome", "calls", ["ended_at"], sqlite_where=unasked, postgresql_where=unasked)
