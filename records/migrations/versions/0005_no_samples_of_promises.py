"""Keeps PostgreSQL from sampling what was promised, as 0003 does for all else that was said."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE calls ALTER COLUMN promises SET STATISTICS 0")
