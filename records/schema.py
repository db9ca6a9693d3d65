"""Maps the tables of a call's record, alike in SQLite and PostgreSQL.

A change here is a migration in migrations/versions/ too; a test compares the two. What an agent's process tells is
keyed by (call, generation, number or sequence), so that telling it twice changes nothing: `generation` counts the
agents that have carried one call, 0 being the first (worker/recovery).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """Keeps moments in UTC, timezone-aware in Python whichever database keeps them."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone: it would be another one in another place."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give SQLite's moments, which have lost it, their zone back."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """Base of every table; the names of what a migration may have to change are fixed."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _call_id(**options: Any) -> Mapped[str]:
    return mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), **options)


def _within(column: str) -> Index:
    """Finds a part of a value in PostgreSQL; in SQLite, where calls are few, an index like others."""
    return Index(None, column, postgresql_using="gin", postgresql_ops={column: "jsonb_path_ops"})


class Call(Base):
    """One call, whoever carried it: begun with the caller's arrival, grown turn by turn."""

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    room: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(String(8))
    """page, phone or app."""
    direction: Mapped[str] = mapped_column(String(3))
    """in or out."""
    caller: Mapped[str | None] = mapped_column(String(64))
    """The fingerprint; None for somebody who is nobody in particular."""
    number: Mapped[str | None] = mapped_column(Text)
    """A phone's, where words and numbers are kept."""
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    """When the caller first heard the agent."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
    last_event_at: Mapped[datetime] = mapped_column(UtcTime)
    end_reason: Mapped[str | None] = mapped_column(String(64))
    failed: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    language: Mapped[str | None] = mapped_column(String(16))
    """The last one that was spoken."""
    languages: Mapped[list[str]] = mapped_column(Json)
    """In the order in which they were first spoken."""
    turn_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    fault_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    handovers: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rescues: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    usage: Mapped[dict[str, Any]] = mapped_column(Json)
    rupees: Mapped[float | None] = mapped_column(Float)
    """None where a model in use has no known price: unknown is never 0."""
    unpriced: Mapped[list[str] | None] = mapped_column(Json)
    """What is not in the sum because nobody knows its price: a model, or minutes of a line."""
    words_kept: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    events_dropped: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """What a full spool has cost this record."""
    recording: Mapped[str | None] = mapped_column(Text)
    """Where the sound lies (file://, gs://, s3://); a URL that ends in `/` is a folder of parts."""
    summary: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(Json)
    outcome_status: Mapped[str | None] = mapped_column(String(32))
    """How the outcome came about; None for a call that nobody has asked about yet."""
    promises: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    """What the agent promised, each beside what the tools really did."""
    outcome_asked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    """When a worker last began to ask, for an agent that was killed before it could."""
    outcome_tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    legal_hold: Mapped[str | None] = mapped_column(Text)
    """Why neither retention nor erasure may touch this call."""
    length_seconds: Mapped[float | None] = mapped_column(Float)
    """From the first that the caller heard to the end. This and what follows is derived when a call is over
    (records/figures.py), so that a million calls can be looked through."""
    latency_seconds: Mapped[float | None] = mapped_column(Float)
    """From the caller's last word to the first of the answer, the median of its turns."""
    slowest_seconds: Mapped[float | None] = mapped_column(Float)
    attention: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """How urgently somebody should hear this call (records/attention.py)."""
    attention_reasons: Mapped[list[str] | None] = mapped_column(Json)

    __table_args__ = (
        Index(None, "started_at", "id"),
        Index(None, "caller", "started_at", "id"),
        Index(None, "channel", "started_at", "id"),
        Index(None, "language", "started_at", "id"),
        Index(None, "end_reason", "started_at", "id"),
        Index(None, "rupees"),
        Index(None, "length_seconds"),
        Index(None, "slowest_seconds"),
        Index(
            "ix_calls_attention", "started_at", "attention", sqlite_where=text("attention > 0"),
            postgresql_where=text("attention > 0"),
        ),
        _within("languages"),
        _within("outcome"),
        Index(
            "ix_calls_open", "last_event_at", sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_calls_without_outcome", "ended_at", sqlite_where=text("outcome_status IS NULL"),
            postgresql_where=text("outcome_status IS NULL"),
        ),
    )  # fmt: skip


class CallAgent(Base):
    """One agent's process that has carried a call: the first, a rescuer, or whom it was handed to."""

    __tablename__ = "call_agents"

    call_id: Mapped[str] = _call_id(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    reason: Mapped[str] = mapped_column(String(16))
    """first, handover, crashed or lost."""
    started_at: Mapped[datetime] = mapped_column(UtcTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcTime)
    """None for one that is still there."""
    gone_at: Mapped[datetime | None] = mapped_column(UtcTime)
    """When its process was seen to be gone, and all that it has told was written: it makes no outcome any more."""
    usage: Mapped[dict[str, Any]] = mapped_column(Json)
    usage_sequence: Mapped[int] = mapped_column(Integer, server_default=text("-1"))
    rupees: Mapped[float | None] = mapped_column(Float)
    unpriced: Mapped[list[str] | None] = mapped_column(Json)
    events_dropped: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class Turn(Base):
    """What a caller said once, and what they were answered."""

    __tablename__ = "turns"

    call_id: Mapped[str] = _call_id(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """From 1, over all agents of the call."""
    at: Mapped[datetime] = mapped_column(UtcTime)
    heard: Mapped[str | None] = mapped_column(Text)
    heard_language: Mapped[str | None] = mapped_column(String(16))
    reply: Mapped[str | None] = mapped_column(Text)
    reply_language: Mapped[str | None] = mapped_column(String(16))
    language_reason: Mapped[str | None] = mapped_column(String(64))
    interrupted: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    stages_seconds: Mapped[dict[str, float]] = mapped_column(Json)
    replied_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reply_sequence: Mapped[int] = mapped_column(Integer, server_default=text("-1"))


class CallWords(Base):
    """All that was said in a call, spelt for finding (records/search_words.py); gone with the words themselves."""

    __tablename__ = "call_words"

    call_id: Mapped[str] = _call_id(primary_key=True)
    spellings: Mapped[str] = mapped_column(Text)
    """Each once, between blanks."""

    __table_args__ = (
        # In PostgreSQL alone, as it writes it back; console/reading/conditions.py asks in the same words.
        Index(
            "ix_call_words_spellings",
            text(r"array_to_tsvector(string_to_array(btrim(spellings), ' '\:\:text))"),
            postgresql_using="gin",
        ).ddl_if(dialect="postgresql"),
    )


class ToolCall(Base):
    """One tool that was run, and how that came out."""

    __tablename__ = "tool_calls"

    call_id: Mapped[str] = _call_id(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    turn: Mapped[int] = mapped_column(Integer)
    """The number of the turn that it was run in; 0 before the first."""
    at: Mapped[datetime] = mapped_column(UtcTime)
    name: Mapped[str] = mapped_column(String(128))
    outcome: Mapped[str] = mapped_column(String(32))
    """ok, or the kind of failure."""
    ms: Mapped[int | None] = mapped_column(Integer)
    arguments: Mapped[dict[str, Any] | None] = mapped_column(Json)

    __table_args__ = (Index(None, "name", "outcome"),)


class Fault(Base):
    """One failed try at a provider, or what the caller was told because of some."""

    __tablename__ = "faults"

    call_id: Mapped[str] = _call_id(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcTime)
    code: Mapped[str] = mapped_column(String(64))
    """Provider and kind: llm_timeout, stt_closed; of a phrase, provider and phrase: llm_one_moment."""
    detail: Mapped[str | None] = mapped_column(Text)
    """The error's class and status; never what was said."""
    said: Mapped[str | None] = mapped_column(Text)
    """The ready phrase that the caller heard meanwhile."""

    __table_args__ = (Index(None, "code", "at"),)


class Transfer(Base):
    """One try to send a phone caller on to a person."""

    __tablename__ = "transfers"

    call_id: Mapped[str] = _call_id(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcTime)
    to: Mapped[str | None] = mapped_column(Text)
    """The number, where numbers are kept."""
    outcome: Mapped[str] = mapped_column(String(32))


class Consent(Base):
    """One answer about consent, as proof: what was asked in which language and version, and what was said to it."""

    __tablename__ = "consents"

    call_id: Mapped[str] = _call_id(primary_key=True)
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcTime)
    purpose: Mapped[str] = mapped_column(String(32))
    """What it is about: words, recording, or both."""
    state: Mapped[str] = mapped_column(String(16))
    """announced, given, refused, unclear, withdrawn."""
    language: Mapped[str | None] = mapped_column(String(16))
    notice_version: Mapped[str | None] = mapped_column(String(64))
    turn: Mapped[int | None] = mapped_column(Integer)
    by: Mapped[str | None] = mapped_column(String(16))
    """voice, key, page, or reference."""
    reference: Mapped[str | None] = mapped_column(Text)
    """A consent manager's, from outside."""


class OutboxMessage(Base):
    """One message to the operator's webhook, until it is delivered or given up; any worker may send it."""

    __tablename__ = "outbox"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The receiver's idempotency key."""
    call_id: Mapped[str] = _call_id(index=True)
    kind: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_try_at: Mapped[datetime] = mapped_column(UtcTime)
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcTime)
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index(
            "ix_outbox_waiting", "next_try_at", sqlite_where=text("delivered_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL AND dead_at IS NULL"),
        ),
    )  # fmt: skip


class AgentSpending(Base):
    """What one agent of a call counts for against the budgets (records/budgets.py), for two days."""

    __tablename__ = "spending"

    call_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """No foreign key: an agent spends before its call's record is here."""
    generation: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(Integer)
    day: Mapped[date] = mapped_column(Date)
    """The one that the call began on, where the deployment is (WORKER_TIME_ZONE)."""
    caller: Mapped[str | None] = mapped_column(String(64))
    """The fingerprint. Erasure empties it."""
    rupees: Mapped[float] = mapped_column(Float)
    """Spent, and granted for the turn that is going on: of one that was killed, for its last."""
    worker: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(UtcTime)

    __table_args__ = (Index(None, "day", "caller"), Index(None, "day", "at"))


class SpendingDay(Base):
    """What all agents of one day count for together: the sum of their rows, and the lock that they share."""

    __tablename__ = "spending_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    rupees: Mapped[float] = mapped_column(Float, server_default=text("0"))


class Access(Base):
    """One look at callers' data: who, when, what."""

    __tablename__ = "access_log"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    who: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(32))
    call_id: Mapped[str | None] = mapped_column(String(64), index=True)
    """No foreign key: who looked is kept longer than what was looked at. Erasure empties it."""
    detail: Mapped[str | None] = mapped_column(Text)
    """What was looked for. Erasure empties it where it names the caller."""


class Tombstone(Base):
    """One call that was erased: enough to keep it from coming back out of a spool, and no personal data."""

    __tablename__ = "tombstones"

    call_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the call's id."""
    at: Mapped[datetime] = mapped_column(UtcTime)
    receipt: Mapped[str] = mapped_column(String(64), index=True)
    """What the person who asked was given: the same for all calls of one erasure."""


class DailyNumbers(Base):
    """What is kept of the calls of one day that are gone: sums."""

    __tablename__ = "daily_numbers"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    """In UTC."""
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    direction: Mapped[str] = mapped_column(String(3), primary_key=True)
    calls: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    answered: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failed: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    seconds: Mapped[float] = mapped_column(Float, server_default=text("0"))
    turns: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    faults: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rescues: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    rupees: Mapped[float] = mapped_column(Float, server_default=text("0"))
    unpriced: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Calls whose price is not known, and so not in the sum."""
