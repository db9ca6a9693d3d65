"""Adds what calls are looked through by: derived figures, and the spellings of what was said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
NEEDS_ATTENTION = sa.text("attention > 0")


def upgrade() -> None:
    for name in ("length_seconds", "latency_seconds", "slowest_seconds"):
        op.add_column("calls", sa.Column(name, sa.Float(), nullable=True))
    op.add_column("calls", sa.Column("attention", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("calls", sa.Column("attention_reasons", JSON, nullable=True))
    for name in ("rupees", "length_seconds", "slowest_seconds"):
        op.create_index(op.f(f"ix_calls_{name}"), "calls", [name])
    op.create_index(
        "ix_calls_attention", "calls", ["started_at", "attention"], sqlite_where=NEEDS_ATTENTION,
        postgresql_where=NEEDS_ATTENTION,
    )  # fmt: skip
    op.create_table(
        "call_words",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("spellings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_words_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_words")),
    )
    for name in ("languages", "outcome"):
        ops = {name: "jsonb_path_ops"}
        op.create_index(op.f(f"ix_calls_{name}"), "calls", [name], postgresql_using="gin", postgresql_ops=ops)
    if op.get_bind().dialect.name == "postgresql":
        spellings = sa.text(r"array_to_tsvector(string_to_array(btrim(spellings), ' '\:\:text))")
        op.create_index("ix_call_words_spellings", "call_words", [spellings], postgresql_using="gin")
