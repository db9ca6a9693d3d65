"""Keeps what is said out of LiveKit's cloud: every session of the framework is started with this."""

from __future__ import annotations

from livekit.agents import RecordingOptions

# A switch of the LiveKit Cloud project asks for sound, words, traces and logs to be uploaded, out of India. No.
NOTHING_IS_UPLOADED = RecordingOptions(audio=False, traces=False, logs=False, transcript=False, redaction=False)
