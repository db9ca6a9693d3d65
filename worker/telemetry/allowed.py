"""Lists what may leave in a span: attributes by name, of the form that their name promises. Everything else stays here.

The framework writes what was said, the model's instructions, tools' arguments, callers' numbers and rooms' names into
its spans, and marks most of it. Marks can be forgotten: this lists what may go, not what may not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Status

from worker.providers import request_times
from worker.telemetry import names

OTHER: Final = "other"
"""Stands for the name of a span that is not listed."""

SPANS: Final = frozenset({
    "agent_session", "agent_speaking", "agent_turn", "amd", "decision_model.evaluate", "drain_agent_activity",
    "eou_detection", "eou_wait", "event_loop_blocked", "function_tool", "job_entrypoint", "job_shutdown",
    "judge_evaluation", "keyterm_detection", "llm_fallback_adapter", "llm_node", "llm_request", "llm_request_run",
    "on_enter", "on_exit", "on_session_end", "on_user_turn_completed", "pause_agent_activity", "publish_audio_output",
    "realtime_inference", "realtime_metrics", "resume_agent_activity", "room_connect", "room_disconnect", "rpc_call",
    "rpc_handler", "session_close", "session_end_upload", "session_start", "setup_toolsets", "shutdown_callback",
    "start_agent_activity", "tts_fallback_adapter", "tts_node", "tts_request", "tts_request_run",
    "tts_stream_adapter", "update_agent", "user_speaking", "user_turn", "wait_for_audio_track",
    "wait_for_participant",
    names.TURN, *names.STAGES,
})  # fmt: skip

EVENTS: Final = frozenset({
    "entrypoint_cancelled", "entrypoint_returned", "entrypoint_started", "exception", "first_frame", "generation",
    "job_accepted", "job_assigned", "job_received", "job_started_on_server", "process_assigned", "rearmed",
    "stop_response", "superseded", "user_resumed", request_times.FIRST_TOKEN, request_times.SENT,
})  # fmt: skip

NUMBERS: Final = frozenset({
    "gen_ai.request.stream", "gen_ai.response.time_to_first_chunk",
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.input_tokens",
    "gen_ai.usage.input_cached_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "lk.blocking.count", "lk.blocking.cpu_time", "lk.blocking.duration", "lk.blocking.gc_time",
    "lk.blocking.max_duration", "lk.blocking.threshold", "lk.blocking.total_duration", "lk.close.drain",
    "lk.e2e_latency", "lk.end_of_turn_delay", "lk.eou.detection_delay", "lk.eou.endpointing_delay",
    "lk.eou.from_cache", "lk.eou.not_committed_count", "lk.eou.probability", "lk.eou.rearm_count",
    "lk.eou.resume_count", "lk.eou.unlikely_threshold", "lk.eou.wait_duration", "lk.fallback.index",
    "lk.fallback.recovery", "lk.first_frame_delay", "lk.function_tool.is_error", "lk.generation_count",
    "lk.interrupted", "lk.job.accept_latency", "lk.job.assignment_latency", "lk.job.dispatch_latency",
    "lk.job.entrypoint_latency", "lk.job.launch_latency", "lk.on_user_turn_completed_delay", "lk.playout.position",
    "lk.response.ttfb", "lk.response.ttft", "lk.retry_count", "lk.room.remote_participant_count",
    "lk.shutdown.user_initiated", "lk.speech.queue_wait", "lk.transcript_confidence", "lk.transcription_delay",
    "lk.tts.streaming",
    names.INTERRUPTED, names.RUPEES, names.TURN_NUMBER, names.VOICE_TO_VOICE, names.WAITED,
})  # fmt: skip

IDENTIFIERS: Final = frozenset({
    "error.type", "exception.type", "gen_ai.agent.name", "gen_ai.conversation.id", "gen_ai.operation.name",
    "gen_ai.output.type", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.finish_reasons",
    "gen_ai.response.id", "gen_ai.response.model", "gen_ai.tool.call.id", "gen_ai.tool.name", "gen_ai.tool.type",
    "gen_ai.workflow.name", "lk.agent_label", "lk.agent_name", "lk.blocking.severity", "lk.close_reason",
    "lk.dispatch_id", "lk.disconnect_reason", "lk.eou.language", "lk.eou.outcome", "lk.eou.source",
    "lk.fallback.label", "lk.function_tool.id", "lk.function_tool.name", "lk.generation_id", "lk.job.worker_id",
    "lk.job_id", "lk.parent_generation_id", "lk.participant_kind", "lk.provider_request_ids", "lk.room_sid",
    "lk.speech_id", "lk.track_source", "lk.tts.label",
    names.CALL_ID, names.LANGUAGE, names.SLOWEST_STAGE, names.STAGE,
})  # fmt: skip

# What an id, a model's or a class's name looks like: one word of Latin letters, with no telephone number in it.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_TELEPHONE_NUMBER = re.compile(r"[0-9]{9}")
# One hexadecimal id in twenty has as many digits in a row by chance.
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-(?=[0-9]*[a-f])[0-9a-f]{12}"
_RANDOM = re.compile(rf"(?<![A-Za-z0-9])(?:{_UUID}|(?=[0-9]*[a-f])[0-9a-f]{{16,64}})(?![A-Za-z0-9])")
_METRICS_OF_A_REQUEST = ("lk.llm_metrics", "lk.tts_metrics")
_REQUEST_IDS = "lk.provider_request_ids"


def allowed_only(span: ReadableSpan) -> ReadableSpan:
    """Return what of a span may leave: its times, its place in the trace, and what is listed here."""
    return ReadableSpan(
        name=span.name if span.name in SPANS else OTHER,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=_with_request_id(span.attributes or {}),
        events=[
            Event(event.name, allowed_attributes(event.attributes or {}), event.timestamp)
            for event in span.events
            if event.name in EVENTS
        ],
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),  # its description is an error's text, which may quote anything
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def allowed_attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that are listed and look as they should."""
    kept: dict[str, Any] = {}
    for name, value in attributes.items():
        if name in NUMBERS:
            if isinstance(value, bool | int | float):
                kept[name] = value
        elif name in IDENTIFIERS:
            if isinstance(value, str) and _is_identifier(value):
                kept[name] = value
            elif isinstance(value, list | tuple):
                kept[name] = [each for each in value if isinstance(each, str) and _is_identifier(each)]
    return kept


def _is_identifier(text: str) -> bool:
    return _WORD.fullmatch(text) is not None and _TELEPHONE_NUMBER.search(_RANDOM.sub("", text)) is None


def _with_request_id(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with the request's id where the framework has it in the middle of a request's metrics only."""
    kept = allowed_attributes(attributes)
    if kept.get(_REQUEST_IDS):
        return kept
    for name in _METRICS_OF_A_REQUEST:
        if isinstance(text := attributes.get(name), str):
            try:
                found = json.loads(text).get("request_id")
            except (ValueError, AttributeError):
                continue
            if isinstance(found, str) and _is_identifier(found):
                kept[_REQUEST_IDS] = [found]
    return kept
