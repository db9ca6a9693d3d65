"""Adds what is not in a call's price because nobody knows what it costs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    for table in ("calls", "call_agents"):
        op.add_column(table, sa.Column("unpriced", JSON, nullable=True))
