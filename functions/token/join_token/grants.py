"""Decide what a caller gets: the one place that says which room, which agent, which permissions.

Whatever the request asked for, the answer comes from here; only the fields that the operator opened are taken over.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from join_token.errors import FieldRefused, Refusal
from join_token.request import TokenRequest
from join_token.settings import TokenSettings

# The languages that can be spoken in both directions. The worker has its own list; a test holds the two together.
VOICE_LANGUAGES = frozenset(
    ["bn-IN", "en-IN", "gu-IN", "hi-IN", "kn-IN", "ml-IN", "mr-IN", "od-IN", "pa-IN", "ta-IN", "te-IN"]
)

_ROOM_NOISE_BYTES = 16
_IDENTITY_NOISE_BYTES = 10


@dataclass(frozen=True, slots=True)
class JoinGrant:
    """All that goes into a token: one participant, one room, one agent."""

    identity: str
    room_name: str
    room_is_fresh: bool
    participant_name: str
    participant_metadata: str
    participant_attributes: Mapping[str, str]
    agent_name: str
    ignored_fields: tuple[str, ...]
    caller: str = ""
    """Fingerprint of the person who calls; empty for an anonymous one, and for a backend that did not say who."""
    outside_consent: Mapping[str, object] = field(default_factory=dict)
    """What one's own backend says of consent."""
    traceparent: str = ""
    """Which trace the call belongs to; empty where nothing is traced."""

    def dispatch_metadata(self, now_seconds: float, *, ahead: bool = False) -> str:
        """What the worker learns of the token: when it was made and for whom, so that one is not calls without end.

        The caller can read it and not change it: the token is signed, and LiveKit's refreshed tokens carry it on.

        Args:
            now_seconds: Unix time.
            ahead: The agent is sent before the caller can join, so it waits longer for one.
        """
        content: dict[str, object] = {"at": int(now_seconds), "caller": self.caller, **self.outside_consent}
        if ahead:
            content["ahead"] = True
        if self.traceparent:
            content["traceparent"] = self.traceparent
        return json.dumps(content, separators=(",", ":"))

    def video_claims(self) -> dict[str, object]:
        """Join, hear, and speak with the microphone: no camera, no data, nothing about the room itself."""
        return {
            "roomJoin": True,
            "room": self.room_name,
            "canPublish": True,
            "canSubscribe": True,
            "canPublishData": False,
            "canPublishSources": ["microphone"],
        }


def fresh_room_name() -> str:
    """A room nobody can guess, and new: a token sends its agent only into a room that it creates (livekit#4390)."""
    return _fresh_room_name(secrets.token_hex(_ROOM_NOISE_BYTES))


def _fresh_room_name(noise: str) -> str:
    return f"vaani-{noise}"


def decide_grant(request: TokenRequest, fingerprint: str, settings: TokenSettings) -> JoinGrant:
    """Apply the policy to a well-formed request.

    Args:
        request: What was asked for.
        fingerprint: Stands for the verified caller; empty for an anonymous one.
        settings: What the operator allows.
    Raises:
        Refusal: 403 for another agent, 400 for an attribute the worker would not understand. Not retryable.
    """
    if request.agent_name not in ("", settings.public_agent_name):
        raise Refusal(
            403,
            "agent_not_allowed",
            f"This endpoint serves one agent. Ask for {settings.public_agent_name!r}, or for none.",
            field="room_config.agents[0].agent_name",
        )
    honoured = settings.client_fields
    # Drawn at once: each visit to the system's source of randomness is a chance to wait for the other threads.
    noise = secrets.token_hex(_ROOM_NOISE_BYTES + _IDENTITY_NOISE_BYTES)
    room_name = request.room_name if "room_name" in honoured else ""
    return JoinGrant(
        identity=_identity(request, fingerprint, settings, noise[2 * _ROOM_NOISE_BYTES :]),
        room_name=room_name or _fresh_room_name(noise[: 2 * _ROOM_NOISE_BYTES]),
        room_is_fresh=not room_name,
        participant_name=request.participant_name if "participant_name" in honoured else "",
        participant_metadata=request.participant_metadata if "participant_metadata" in honoured else "",
        participant_attributes=(
            _known_attributes(request.participant_attributes, settings) if "participant_attributes" in honoured else {}
        ),
        agent_name=settings.agent_name,
        ignored_fields=tuple(name for name in request.fields_given() if name not in honoured),
        caller=_person(request, fingerprint, settings),
        outside_consent=request.outside_consent,
    )


def _person(request: TokenRequest, fingerprint: str, settings: TokenSettings) -> str:
    """Who calls, for what the worker allows one caller: a backend that names nobody signs for all of its users."""
    if settings.auth == "hmac" and not request.participant_identity:
        return ""
    return fingerprint


def _identity(request: TokenRequest, fingerprint: str, settings: TokenSettings, noise: str) -> str:
    if request.participant_identity and "participant_identity" in settings.client_fields:
        return request.participant_identity  # the settings allow this for one's own backend only
    # The suffix: a second token of the same caller must not throw the first one out of a call.
    if not fingerprint:
        return f"guest-{noise}"
    return f"caller-{fingerprint}-{noise}"


def _known_attributes(attributes: Mapping[str, str], settings: TokenSettings) -> dict[str, str]:
    allowed = {"language": VOICE_LANGUAGES, "voice": settings.voices}
    known = {name: attributes[name] for name in allowed if attributes.get(name)}
    for name, value in known.items():
        if value not in allowed[name]:
            raise FieldRefused(
                f"participant_attributes.{name}",
                f"participant_attributes.{name} must be one of: {', '.join(sorted(allowed[name]))}.",
            )
    return known
