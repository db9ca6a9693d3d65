"""Tells each finished turn as one span, from the caller's last word to the reply's first sound, with its stages below.

The framework's own spans say what was done; these say what the caller waited for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from livekit.agents.telemetry import tracer
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Link, SpanContext, set_span_in_context

from worker.providers import request_times
from worker.telemetry import names

NANOSECONDS = 1_000_000_000
LATEST_DETECTOR_SECONDS = 0.6


class SeenSpans(Protocol):
    """Remembers spans that have ended."""

    def find(self, name: str, attribute: str, value: object) -> ReadableSpan | None: ...
    def event_below(self, top: ReadableSpan, event: str) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a turn; Unix seconds."""

    name: str
    began: float
    ended: float
    waited: float
    """How much of the caller's wait it alone accounts for: a reply that is begun early is free."""


@dataclass(frozen=True, slots=True)
class ModelTimes:
    """When a model wrote a reply, as the call's spans have it, in Unix seconds; None for what none of them says."""

    node_began: float | None = None
    """From here the framework counts: the request is still to be written."""
    asked: float | None = None
    """The request was handed to its connection."""
    first_token: float | None = None

    @classmethod
    def of(cls, node: ReadableSpan | None, seen: SeenSpans | None) -> ModelTimes:
        """From the framework's span of the reply's writing, and those of the requests below it."""
        if node is None or seen is None:
            return cls()
        asked, first_token = (
            seen.event_below(node, event) for event in (request_times.SENT, request_times.FIRST_TOKEN)
        )
        return cls(_seconds(node.start_time), _seconds(asked), _seconds(first_token))


@dataclass(frozen=True, slots=True)
class Moments:
    """When things happened in a turn, in Unix seconds; None for what is not known of."""

    last_word: float
    first_sound: float
    transcript: float | None = None
    decided: float | None = None
    model_asked: float | None = None
    first_token: float | None = None
    first_clause: float | None = None
    first_byte: float | None = None

    @classmethod
    def of(cls, heard: Mapping[str, Any], said: Mapping[str, Any], model: ModelTimes) -> Moments | None:
        """From the framework's reports on the caller's message and on the reply; None for a turn without sound.

        Args:
            heard: The report on what the caller said.
            said: The report on the reply.
            model: When the reply was written.
        """
        last_word, first_sound = heard.get("stopped_speaking_at"), said.get("started_speaking_at")
        if last_word is None or first_sound is None or first_sound < last_word:
            return None
        began = model.node_began
        if began is None and (asked_before := said.get("llm_node_ttfs", said.get("llm_node_ttft"))) is not None:
            began = first_sound - asked_before - said.get("tts_node_ttfb", 0.0)  # at the latest
        clause = _after(began, said.get("llm_node_ttfs"))
        return cls(
            last_word=last_word,
            first_sound=first_sound,
            transcript=_after(last_word, heard.get("transcription_delay")),
            decided=_after(last_word, heard.get("end_of_turn_delay")),
            model_asked=began if model.asked is None else model.asked,
            first_token=_after(began, said.get("llm_node_ttft")) if model.first_token is None else model.first_token,
            first_clause=clause,
            first_byte=_after(clause, said.get("tts_node_ttfb")),
        )


def stages(at: Moments, network_seconds: float | None) -> list[Stage]:
    """Return the stages in the order in which a caller waits for them; what each adds to the wait sums up to all."""
    pairs = [
        (names.RECOGNISER, at.last_word, at.transcript),
        (names.END_OF_TURN, at.last_word, at.decided),
        (names.MODEL, at.model_asked, at.first_token),
        (names.CLAUSE, at.first_token, at.first_clause),
        (names.VOICE, at.first_clause, at.first_byte),
    ]
    found: list[Stage] = []
    reached = at.last_word
    for name, began, ended in pairs:
        if began is None or ended is None:
            continue
        ended = min(max(ended, began), max(at.first_sound, began))
        waited = max(0.0, min(ended, at.first_sound) - reached)
        # What was not decided yet is not waited for: a transcript that comes after the decision delays nothing.
        if name == names.RECOGNISER and at.decided is not None:
            waited = max(0.0, min(ended, at.decided) - reached)
        reached += waited
        found.append(Stage(name, began, ended, waited))
    if at.first_sound > reached:
        found.append(Stage(names.PLAYOUT, reached, at.first_sound, at.first_sound - reached))
    if network_seconds is not None:
        found.append(Stage(names.NETWORK, at.first_sound, at.first_sound + network_seconds, network_seconds))
    return found


def since_last_voice(heard: Mapping[str, Any], last_voiced_at: float | None) -> Mapping[str, Any]:
    """Return the framework's report with its delays counted from the caller's last voiced sample.

    Its own detector needs a window of silence to be sure, and is that much late about when the caller stopped.
    """
    stopped_at = heard.get("stopped_speaking_at")
    if last_voiced_at is None or stopped_at is None or not 0 < stopped_at - last_voiced_at < LATEST_DETECTOR_SECONDS:
        return heard  # of another turn
    earlier = stopped_at - last_voiced_at
    delays = {name: heard[name] + earlier for name in ("transcription_delay", "end_of_turn_delay") if name in heard}
    return {**heard, "stopped_speaking_at": last_voiced_at, **delays}


def heard_later(said: Mapping[str, Any], silent_seconds: float) -> Mapping[str, Any]:
    """Return the framework's report with the reply beginning where it is heard, behind the silence it begins with."""
    began_at = said.get("started_speaking_at")
    return said if began_at is None else {**said, "started_speaking_at": began_at + silent_seconds}


@dataclass(frozen=True, slots=True)
class TracedTurn:
    """A turn as it was told: how long, which stages, and where in the trace."""

    voice_to_voice_seconds: float
    stages: list[Stage]
    context: SpanContext


def trace_turn(
    heard: Mapping[str, Any], said: Mapping[str, Any], seen: SeenSpans | None, network_seconds: float | None,
    recogniser_request_id: str, attributes: Mapping[str, Any], within: Context | None,
) -> TracedTurn | None:  # fmt: skip
    """Write a turn's span and those of its stages; None for a turn without sound.

    Args:
        heard: The framework's report on what the caller said.
        said: Its report on the reply.
        seen: The spans of the call so far: among them those of the reply.
        network_seconds: How long sound is on its way.
        recogniser_request_id: Under which the recogniser knows the turn.
        attributes: What else is told of it.
        within: The span that the call's turns belong to.
    """
    model = seen.find("llm_node", "lk.response.ttft", said.get("llm_node_ttft")) if seen is not None else None
    voice = seen.find("tts_node", "lk.response.ttfb", said.get("tts_node_ttfb")) if seen is not None else None
    at = Moments.of(heard, said, ModelTimes.of(model, seen))
    if at is None:
        return None
    found = stages(at, network_seconds)
    until = max(at.first_sound, *(stage.ended for stage in found)) if found else at.first_sound
    seconds = until - at.last_word
    slowest = max(found, key=lambda stage: stage.waited, default=None)
    span = tracer.start_span(
        names.TURN,
        context=within,
        start_time=round(at.last_word * NANOSECONDS),
        links=_links(model, voice),
        attributes={
            **attributes,
            names.VOICE_TO_VOICE: seconds,
            names.SLOWEST_STAGE: slowest.name if slowest is not None else "",
        },
    )
    below = set_span_in_context(span)
    for stage in found:
        asked = stage.name == names.RECOGNISER and recogniser_request_id
        ids = {"lk.provider_request_ids": [recogniser_request_id]} if asked else {}
        source = {names.MODEL: model, names.CLAUSE: model, names.VOICE: voice}.get(stage.name)
        tracer.start_span(
            stage.name,
            context=below,
            start_time=round(stage.began * NANOSECONDS),
            links=_links(source),
            attributes={names.STAGE: stage.name, names.WAITED: stage.waited, **ids},
        ).end(round(stage.ended * NANOSECONDS))
    span.end(round(until * NANOSECONDS))
    return TracedTurn(seconds, found, span.get_span_context())


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / NANOSECONDS


def _after(moment: float | None, seconds: float | None) -> float | None:
    return None if moment is None or seconds is None or seconds < 0 else moment + seconds


def _links(*spans: ReadableSpan | None) -> list[Link]:
    contexts = [span.get_span_context() for span in spans if span is not None]
    return [Link(context) for context in contexts if context is not None]
