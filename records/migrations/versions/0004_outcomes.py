"""Adds what an outcome marks of promises, and who has begun to ask for one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("calls", sa.Column("promises", JSON, nullable=True))
    op.add_column("calls", sa.Column("outcome_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("calls", sa.Column("outcome_tries", sa.Integer(), server_default=sa.text("0"), nullable=False))
