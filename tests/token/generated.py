"""Requests as strangers send them, drawn from a seeded generator: ten thousand of them in a few seconds.

Hypothesis finds and shrinks; this only has to be fast and the same everywhere.
"""

from __future__ import annotations

import json
import random

from join_token.request import AGENT_FIELDS, ROOM_CONFIG_FIELDS

FIELDS = [
    "room_name",
    "participant_name",
    "participant_identity",
    "participant_metadata",
    "participant_attributes",
    "room_config",
]
STRANGE_FIELDS = ["video", "grants", "roomAdmin", "identity", "sub", "ttl", "room__config", "__proto__", "\ud800", ""]
TEXTS = [
    "vaani",
    "Asha",
    "",
    "0",
    "hi-IN",
    "kavitha",
    "xx-XX",
    "../../..",
    "a" * 300,
    "आ" * 100,
    "\ud800",
    "\x00",
    "\u202e",
    "\U0001f600",
    '"}',
    "m" * 5000,
]
SCALARS = [None, True, False, 0, 1, -1, 2**70, 1.5, 1e308, [], {}, [None], {"": None}]
HEADERS = {
    "Content-Type": ["application/json", "text/plain", "application/json; charset=utf-16", "", ";", "a" * 4000],
    "Content-Encoding": ["gzip", "identity", "br"],
    "X-Forwarded-For": ["::1", "1.2.3.4, 5.6.7.8", ",", "unknown", "[::1]:x", "x" * 4000, "\xff"],
    "Origin": ["null", "*", "https://app.example.in", "https://evil.example\xff"],
    "X-Cloud-Trace-Context": ["0" * 32, "0" * 32 + "/1;o=1", "x", "\xff"],
    "X-Firebase-AppCheck": ["eyJ", "\xff"],
    "Transfer-Encoding": ["identity"],
    "X-HTTP-Method-Override": ["GET"],
    "Authorization": ["Bearer x", "Basic dTpw", "\xff"],
}


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


class Requests:
    """Draws bodies and headers; the same seed draws the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # not for secrets: for repeating a failure

    def body(self) -> bytes:
        kind = self._random.random()
        if kind < 0.85:
            return json.dumps(self._request(), ensure_ascii=self._random.random() < 0.9).encode("utf-8", "replace")
        if kind < 0.90:
            return self._random.randbytes(self._random.randrange(80))
        if kind < 0.94:
            text = bytearray(json.dumps(self._request()).encode())
            for _ in range(self._random.randrange(1, 4)):
                text[self._random.randrange(len(text))] = self._random.randrange(256)
            return bytes(text)
        if kind < 0.97:
            opening = self._random.choice([b"[", b'{"room_config":', b'{"a":[', b'[{"":'])
            return opening * self._random.randrange(1, 2000)
        return self._random.choice([b" " * 32_769, b"", b"\xef\xbb\xbf", b'{"a":1,"a":2}', b"null", b"9" * 5000])

    def headers(self) -> dict[str, str]:
        names = self._random.sample(list(HEADERS), self._random.choice([0, 0, 1, 1, 2, 3]))
        return {"Content-Type": "application/json", **{name: self._random.choice(HEADERS[name]) for name in names}}

    def path(self) -> str:
        return self._random.choice(["/", "/token", "/a/b.c", "/%00", "/%FF", "/\xe9", "/health", "/" + "p" * 2000])

    def _request(self) -> object:
        if self._random.random() < 0.03:
            return self._anything(3)
        names = self._random.sample(FIELDS, self._random.randrange(4))
        if self._random.random() < 0.1:
            names.append(self._random.choice(STRANGE_FIELDS))
        request = {self._spelt(name): self._value(name) for name in names}
        return request

    def _value(self, name: str) -> object:
        if self._random.random() < 0.08:
            return self._anything(3)
        if name == "room_config":
            return self._room_config()
        if name == "participant_attributes":
            keys = self._random.sample(["language", "voice", "role", "\ud800"], self._random.randrange(3))
            return {key: self._text_or_odd() for key in keys}
        return self._text_or_odd()

    def _room_config(self) -> object:
        config: dict[str, object] = {}
        if self._random.random() < 0.7:
            names = ["vaani", "vaani", "vaani", "", "other", None, 5]
            config["agents"] = [{self._spelt("agent_name"): self._random.choice(names)}]
            if self._random.random() < 0.2:
                config["agents"][0][self._spelt(self._random.choice(AGENT_FIELDS))] = self._anything(2)  # type: ignore[index]
        if self._random.random() < 0.25:
            config[self._spelt(self._random.choice(ROOM_CONFIG_FIELDS))] = self._anything(3)
        return config

    def _text_or_odd(self) -> object:
        return self._random.choice(TEXTS) if self._random.random() < 0.93 else self._random.choice(SCALARS)

    def _spelt(self, name: str) -> str:
        return camel(name) if self._random.random() < 0.3 else name

    def _anything(self, depth: int) -> object:
        kind = self._random.random()
        if depth == 0 or kind < 0.6:
            return self._random.choice([*TEXTS, *SCALARS])
        if kind < 0.8:
            return [self._anything(depth - 1) for _ in range(self._random.randrange(3))]
        keys = [*FIELDS, *ROOM_CONFIG_FIELDS, *AGENT_FIELDS]
        return {self._random.choice(keys): self._anything(depth - 1) for _ in range(self._random.randrange(3))}
