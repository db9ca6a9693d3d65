"""Turn a stranger's bytes into a TokenRequest: LiveKit's token-source contract, checked before anyone decides on it.

Written by hand instead of with protobuf: the protobuf parser takes strings and lists for empty messages, lets the last
of two spellings win, and costs a quarter of the cold start. Nothing of `room_config` is passed on, so nothing needs it.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from join_token.errors import FieldRefused, Refusal
from join_token.outside_consent import read_outside_consent

# UTF-8 bytes. The server's own limits for names; far below its limits for the rest, because the token travels in a URL.
NAME_BYTES_MAX = 256
METADATA_BYTES_MAX = 4096
ATTRIBUTES_BYTES_MAX = 4096

_TEXT_LIMITS_BYTES = {
    "room_name": NAME_BYTES_MAX,
    "participant_name": NAME_BYTES_MAX,
    "participant_identity": NAME_BYTES_MAX,
    "participant_metadata": METADATA_BYTES_MAX,
}
CONTRACT_FIELDS = (*_TEXT_LIMITS_BYTES, "participant_attributes", "room_config")
# livekit-protocol's RoomConfiguration and RoomAgentDispatch; a test compares them with the package's descriptors.
ROOM_CONFIG_FIELDS = (
    "name",
    "empty_timeout",
    "departure_timeout",
    "max_participants",
    "metadata",
    "egress",
    "min_playout_delay",
    "max_playout_delay",
    "sync_streams",
    "agents",
    "tags",
)
AGENT_FIELDS = ("agent_name", "metadata", "restart_policy", "deployment", "attributes")
# What cannot be seen makes one name look like another: controls, formatting and writing direction (Cc, Cf), line and
# paragraph separators (Zl, Zp), private and unassigned characters (Co, Cn).
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Zl", "Zp"})
# Letters, marks and a symbol that are drawn as nothing: Hangul and Khmer fillers, the grapheme joiner, Braille's blank
# pattern. Variation selectors stay: emoji in names have them.
_DRAWN_AS_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINERS_OF_INDIC_SCRIPTS = frozenset("\u200c\u200d")  # ZWNJ and ZWJ decide how a conjunct is written


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What the caller asked for; absent, null and empty mean the same. Right in form, not yet allowed."""

    room_name: str = ""
    participant_name: str = ""
    participant_identity: str = ""
    participant_metadata: str = ""
    participant_attributes: Mapping[str, str] = field(default_factory=dict)
    agent_name: str = ""
    outside_consent: Mapping[str, object] = field(default_factory=dict)
    """What one's own backend says of consent, as the worker reads it; empty from anybody else."""

    def fields_given(self) -> list[str]:
        """The client-settable contract fields that carry a value."""
        return [name for name in (*_TEXT_LIMITS_BYTES, "participant_attributes") if getattr(self, name)]


def parse_token_request(body: bytes, *, takes_consent: bool = False) -> TokenRequest:
    """Parse the body of a token request.

    Args:
        body: As it was sent.
        takes_consent: Whether its signer may say what a user has agreed to outside.
    Raises:
        Refusal: 400, with the field's name where one is at fault. Not retryable.
    Source: livekit/protocol, protobufs/livekit_token_source.proto
    """
    content = _json_object(body)
    values = _known_values(content, _BODY_FIELDS, "")
    texts = {name: _text(values[name], name, limit) for name, limit in _TEXT_LIMITS_BYTES.items() if name in values}
    return TokenRequest(
        **texts,
        participant_attributes=_attributes(values.get("participant_attributes", {})),
        agent_name=_agent_asked_for(values.get("room_config", {})),
        outside_consent=read_outside_consent(content) if takes_consent else {},
    )


def _json_object(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        parsed = _DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Refusal(400, "invalid_json", "The body is not UTF-8. Send JSON encoded as UTF-8.") from None
    except (ValueError, RecursionError):
        raise Refusal(400, "invalid_json", "The body is not valid JSON. Send a JSON object, or no body.") from None
    if not isinstance(parsed, dict):
        raise Refusal(400, "invalid_json", "The body must be a JSON object, such as {}.")
    return parsed


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Which of two equal keys counts differs between parsers: a check could see one and a signer the other.
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Refusal(400, "invalid_json", "The body has the same key twice in one object. Send each key once.")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)


def _folded(names: tuple[str, ...]) -> dict[str, str]:
    return {name.replace("_", ""): name for name in names}


_BODY_FIELDS = _folded(CONTRACT_FIELDS)
_ROOM_CONFIG_FIELDS = _folded(ROOM_CONFIG_FIELDS)
_AGENT_FIELDS = _folded(AGENT_FIELDS)


def _known_values(given: Mapping[str, Any], known: Mapping[str, str], parent: str) -> dict[str, Any]:
    """The known fields that carry a value, under their snake_case names, whichever way they were spelt."""
    values: dict[str, Any] = {}
    for key, value in given.items():
        # Folding case and underscores catches every spelling that any parser further on could take for the field.
        name = known.get(key.replace("_", "").lower())
        if name is None or value is None:
            continue
        if name in values:
            raise FieldRefused(parent + name, f"{parent + name} is there in two spellings. Send it once.")
        values[name] = value
    return values


def _text(value: object, name: str, limit_bytes: int) -> str:
    if not isinstance(value, str):
        raise FieldRefused(name, f"{name} must be a string.")
    if _utf8_bytes(value, name) > limit_bytes:
        raise FieldRefused(name, f"{name} is longer than {limit_bytes} bytes of UTF-8. Shorten it.")
    if name != "participant_metadata" and any(map(_is_unseen, value)):
        raise FieldRefused(name, f"{name} has control or invisible characters in it. Remove them.")
    return value


def _is_unseen(character: str) -> bool:
    if character in _JOINERS_OF_INDIC_SCRIPTS:
        return False
    return character in _DRAWN_AS_NOTHING or unicodedata.category(character) in _UNSEEN


def _utf8_bytes(value: str, name: str) -> int:
    try:
        return len(value.encode("utf-8"))
    except UnicodeEncodeError:
        raise FieldRefused(name, f"{name} has half a surrogate pair in it. Send whole characters.") from None


def _attributes(value: object) -> dict[str, str]:
    name = "participant_attributes"
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values() if text is not None):
        raise FieldRefused(name, f"{name} must be an object of strings.")
    attributes = {key: text for key, text in value.items() if text is not None}
    if sum(_utf8_bytes(key + text, name) for key, text in attributes.items()) > ATTRIBUTES_BYTES_MAX:
        raise FieldRefused(name, f"{name} is longer than {ATTRIBUTES_BYTES_MAX} bytes of UTF-8. Shorten it.")
    return attributes


def _agent_asked_for(room_config: object) -> str:
    """The agent named in room_config, or an empty string. Everything else in it is refused by its presence."""
    if not isinstance(room_config, dict):
        raise FieldRefused("room_config", "room_config must be an object.")
    values = _known_values(room_config, _ROOM_CONFIG_FIELDS, "room_config.")
    agents = values.pop("agents", [])
    _refuse_all(values, "room_config.")
    if not isinstance(agents, list):
        raise FieldRefused("room_config.agents", "room_config.agents must be a list.")
    if len(agents) > 1:
        raise FieldRefused(
            "room_config.agents", "room_config.agents may name one agent. Send one.", code="field_not_allowed"
        )
    if not agents:
        return ""
    place = "room_config.agents[0]"
    if not isinstance(agents[0], dict):
        raise FieldRefused(place, f"{place} must be an object.")
    agent = _known_values(agents[0], _AGENT_FIELDS, place + ".")
    agent_name = agent.pop("agent_name", "")
    _refuse_all(agent, place + ".")
    return _text(agent_name, place + ".agent_name", NAME_BYTES_MAX)


def _refuse_all(values: Mapping[str, Any], parent: str) -> None:
    for name, value in values.items():
        # A zero, false, empty text or list is how some SDKs write "not set"; an empty message is not: it has presence.
        if isinstance(value, dict) or value not in (0, "", False, "0", []):
            raise FieldRefused(
                parent + name,
                f"{parent + name} cannot be set by a client: the server decides it. Leave it out.",
                code="field_not_allowed",
            )
