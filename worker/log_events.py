"""Names the log events, in one place because dashboards and alerts are built on them (docs/log-events.md)."""

from __future__ import annotations

from records.log_events import (
    RECORDS_DROPPED,
    RECORDS_WAITING,
    RECORDS_WRITTEN_AGAIN,
    WEBHOOK_DEAD,
    WEBHOOK_FAILED,
)

__all__ = [  # besides the worker's own, below
    "RECORDS_DROPPED",
    "RECORDS_WAITING",
    "RECORDS_WRITTEN_AGAIN",
    "WEBHOOK_DEAD",
    "WEBHOOK_FAILED",
]

WORKER_REGISTERED = "worker.registered"
WORKER_NOT_REGISTERED = "worker.not_registered"
WORKER_TURN_AUDIO_MISSING = "worker.turn_audio_missing"
WORKER_GAVE_UP = "worker.gave_up"
WORKER_STOPPING = "worker.stopping"
WORKER_STRAINED = "worker.strained"
WORKER_LOAD = "worker.load"
CALL_STARTED = "call.started"
CALL_ANSWERED = "call.answered"
CALL_ANSWERED_BY = "call.answered_by"
CALL_MESSAGE_LEFT = "call.message_left"
CALL_NOT_ANSWERED = "call.not_answered"
CALL_GREETED = "call.greeted"
CALL_TRANSFER = "call.transfer"
CALL_ENDED = "call.ended"
CALL_FAILED = "call.failed"
CALL_REPORT = "call.report"
CALL_OUTCOME = "call.outcome"
CALL_RESUMED = "call.resumed"
CALL_HANDOVER = "call.handover"
CALL_PROCESS_DIED = "call.process_died"
CALL_RESCUED = "call.rescued"
CALL_LOST = "call.lost"
CALL_REFUSED = "call.refused"
CALL_REFUSED_BUSY = "call.refused_busy"
TURN_FINISHED = "turn.finished"
FALSE_START = "turn.false_start"
LANGUAGE_DECIDED = "language.decided"
PROVIDER_FAULT = "provider.fault"
APOLOGY_SPOKEN = "apology.spoken"
TOOL_FAILED = "tool.failed"
TOOL_NOT_OFFERED = "tool.not_offered"
PHRASE_RENDERED = "phrase.rendered"
CONSENT_DECIDED = "consent.decided"
RECORDING_STARTED = "recording.started"
RECORDING_INCOMPLETE = "recording.incomplete"
RECORDING_ERASED = "recording.erased"
WORDS_DOUBTED = "words.doubted"
TELEMETRY_WAITING = "telemetry.waiting"
TELEMETRY_DELIVERED_AGAIN = "telemetry.delivered_again"
CALLER_SILENT = "caller.silent"
TIME_LIMIT = "call.time_limit"
BUDGET_KEPT = "budget.kept"
BUDGET_NEARLY_USED_UP = "budget.nearly_used_up"
BUDGET_USED_UP = "budget.used_up"
BUDGET_PER_WORKER = "budget.per_worker"
BUDGET_SHARED_AGAIN = "budget.shared_again"
