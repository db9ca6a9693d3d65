"""Derives from a record what calls are looked through by: lengths, latencies, what was said, how urgent it is.

Kept beside the record, because a million calls cannot be judged while somebody waits for a page.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from records.attention import BUDGET, JudgedCall, JudgedTurn, judged
from records.reading import told_once
from records.schema import Base
from records.search_words import searchable

STAGES = ("end_of_turn", "llm", "tts")
"""What an answer's time is made of, in the order in which it passes."""
WHOLE = "e2e"
"""The worker's own estimate of the whole."""
_IN_VAIN = ("not_done", "failed")
CALLS, TURNS, FAULTS, WORDS = (Base.metadata.tables[name] for name in ("calls", "turns", "faults", "call_words"))


def latency_of(stages_seconds: Mapping[str, Any] | None) -> float | None:
    """How long the caller waited for an answer: as a whole, else the sum of its stages; None where none is known."""
    seconds = {name: float(value) for name, value in (stages_seconds or {}).items() if value is not None}
    known = [seconds[name] for name in STAGES if name in seconds]
    return round(seconds.get(WHOLE) or sum(known), 3) if known or WHOLE in seconds else None


async def derive(connection: AsyncConnection, call_ids: Collection[str]) -> None:
    """Bring what is derived of these calls up to date with their records, for those that are over."""
    over = select(CALLS).where(CALLS.c.id.in_(call_ids), CALLS.c.ended_at.is_not(None)).order_by(CALLS.c.id)
    for call in (await connection.execute(over)).all():
        await _derive(connection, call)


async def _derive(connection: AsyncConnection, call: Row[Any]) -> None:
    query = select(TURNS).where(TURNS.c.call_id == call.id).order_by(TURNS.c.number, TURNS.c.generation)
    turns = told_once((await connection.execute(query)).all())
    of_provider = ~FAULTS.c.code.startswith(f"{BUDGET}_", autoescape=True)
    apologies = select(func.count()).where(FAULTS.c.call_id == call.id, FAULTS.c.said.is_not(None), of_provider)
    judgement = judged(_judged_call(call, turns, (await connection.execute(apologies)).scalar_one()))
    await connection.execute(
        update(CALLS)
        .where(CALLS.c.id == call.id)
        .values(
            length_seconds=(call.ended_at - (call.answered_at or call.ended_at)).total_seconds(),
            latency_seconds=judgement.latency_seconds,
            slowest_seconds=judgement.slowest_seconds,
            attention=judgement.attention,
            attention_reasons=judgement.reasons,
        )
    )
    await _keep_words(
        connection, call.id, [call.summary, *(text for turn in turns for text in (turn.heard, turn.reply))]
    )


async def _keep_words(connection: AsyncConnection, call_id: str, texts: Sequence[str | None]) -> None:
    await connection.execute(delete(WORDS).where(WORDS.c.call_id == call_id))
    if spellings := searchable(texts):
        await connection.execute(insert(WORDS).values(call_id=call_id, spellings=spellings))


def _judged_call(call: Row[Any], turns: Sequence[Row[Any]], apologies: int) -> JudgedCall:
    return JudgedCall(
        answered=call.answered_at is not None, end_reason=call.end_reason, failed=call.failed, rescues=call.rescues,
        apologies=apologies, promise_without_tool=_promised_in_vain(call),
        turns=[
            JudgedTurn(turn.heard, turn.replied_at is not None, turn.interrupted, latency_of(turn.stages_seconds))
            for turn in turns
        ],
    )  # fmt: skip


def _promised_in_vain(call: Row[Any]) -> bool:
    """Whether something was promised whose tool did not run, or never well."""
    promises = call._mapping.get("promises") or []
    return any(isinstance(each, dict) and each.get("status") in _IN_VAIN for each in promises)
