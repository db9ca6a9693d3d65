"""Keeps PostgreSQL from sampling what callers have said: its statistics hold values that no erasure reaches."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PERSONAL = {
    "calls": ("room", "caller", "number", "summary", "outcome", "recording"),
    "turns": ("heard", "reply"),
    "tool_calls": ("arguments",),
    "transfers": ("to",),
    "consents": ("reference",),
    "outbox": ("body",),
    "access_log": ("detail",),
    "call_words": ("spellings",),
}


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    for table, columns in PERSONAL.items():
        for column in columns:
            op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" SET STATISTICS 0')
    # An index of an expression has statistics of its own.
    op.execute("ALTER INDEX ix_call_words_spellings ALTER COLUMN 1 SET STATISTICS 0")
