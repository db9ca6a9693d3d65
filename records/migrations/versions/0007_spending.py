"""Adds what agents have spent of the budgets."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spending",
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("caller", sa.String(64), nullable=True),
        sa.Column("rupees", sa.Float(), nullable=False),
        sa.Column("worker", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "generation", name="pk_spending"),
    )
    op.create_index("ix_spending_day_caller", "spending", ["day", "caller"])
    op.create_index("ix_spending_day_at", "spending", ["day", "at"])
    op.create_table(
        "spending_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rupees", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_spending_days"),
    )
