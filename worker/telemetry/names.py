"""Names what telemetry tells, in one place because dashboards and alerts are built on it (docs/traces.md)."""

from __future__ import annotations

# Spans of our own, beside the framework's.
TURN = "turn"
RECOGNISER = "recogniser_final"
END_OF_TURN = "end_of_turn"
MODEL = "model_first_token"
CLAUSE = "model_first_clause"
VOICE = "voice_first_byte"
PLAYOUT = "playout"
NETWORK = "network"
STAGES = (RECOGNISER, END_OF_TURN, MODEL, CLAUSE, VOICE, PLAYOUT, NETWORK)

# Attributes of our own.
CALL_ID = "vaani.call_id"
TURN_NUMBER = "vaani.turn"
LANGUAGE = "vaani.language"
INTERRUPTED = "vaani.interrupted"
VOICE_TO_VOICE = "vaani.voice_to_voice"
SLOWEST_STAGE = "vaani.slowest_stage"
STAGE = "vaani.stage"
WAITED = "vaani.waited"
RUPEES = "vaani.rupees"
EVENT = "vaani.event"

# Metrics.
VOICE_TO_VOICE_HISTOGRAM = "vaani.voice_to_voice"
GREETING_HISTOGRAM = "vaani.greeting"
STAGE_HISTOGRAM = "vaani.stage.duration"
RUPEES_HISTOGRAM = "vaani.call.rupees"
RUPEES_COUNTER = "vaani.rupees"
EVENTS_COUNTER = "vaani.events"
CALLS_GAUGE = "vaani.calls"
CAPACITY_GAUGE = "vaani.calls.capacity"
LAG_GAUGE = "vaani.event_loop.lag"
