"""Answers in the form of a JSON Schema, as OpenAI's structured output does: the same schema and text, the same answer.

Strict mode refuses what OpenAI's does. What is filled in is plain: the first words of the caller's, the first of listed
values that the text names; nothing is understood.
"""

import json
import re
from typing import Any

from sandbox.openai.script import reply_language

_CALLER = re.compile(r"^Caller: (.+)$", re.MULTILINE)
_ASSISTANT = re.compile(r"^Assistant: (.+)$", re.MULTILINE)
_TOOL_RAN = re.compile(r"^- (\w+): (?:done|failed)$", re.MULTILINE)
_PROMISE = re.compile(r"\b(?:I have|I will|I'll|we will)\b[^.?!]*", re.IGNORECASE)
LONGEST_WORDS = 120


def schema_of(body: dict[str, Any]) -> dict[str, Any] | None:
    """The schema that a request asks to be answered by, if it asks for one."""
    asked = body.get("response_format") or {}
    return (asked.get("json_schema") or {}) if asked.get("type") == "json_schema" else None


def refusal_of(asked: dict[str, Any]) -> str | None:
    """Why OpenAI would refuse this schema; None for one that it takes."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(asked.get("name"))):
        return "Invalid 'response_format.json_schema.name'."
    schema = asked.get("schema")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return (
            f"Invalid schema for response_format '{asked['name']}': schema must be a JSON Schema of 'type: \"object\"'."
        )
    if not asked.get("strict"):
        return None
    problem = _not_strict(schema, "()")
    return f"Invalid schema for response_format '{asked['name']}': {problem}" if problem else None


def _not_strict(schema: Any, place: str) -> str | None:
    if isinstance(schema, list):
        return next((found for each in schema if (found := _not_strict(each, place))), None)
    if not isinstance(schema, dict):
        return None
    properties = schema.get("properties")
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return f"In context={place}, 'additionalProperties' is required to be supplied and to be false."
        if set(schema.get("required") or []) != set(properties or {}):
            return f"In context={place}, 'required' is required to be supplied and to include every key in properties."
    for name, inner in (properties or {}).items():
        if found := _not_strict(inner, f"{place}.{name}"):
            return found
    return next(
        (found for key in ("items", "anyOf") if (found := _not_strict(schema.get(key), f"{place}.{key}"))),
        None,
    )


def structured_answer(asked: dict[str, Any], text: str) -> str:
    """The answer, as JSON."""
    return json.dumps(_Filling(asked["schema"], text).of(asked["schema"], ""), ensure_ascii=False)


class _Filling:
    def __init__(self, root: dict[str, Any], text: str) -> None:
        self._root = root
        self._text = text

    def of(self, schema: Any, name: str, depth: int = 0) -> Any:
        if not isinstance(schema, dict) or depth > 8:
            return None
        if "$ref" in schema:
            return self.of(self._referred(str(schema["$ref"])), name, depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            listed = [self._language(), *schema["enum"]]
            return next((value for value in listed if value in schema["enum"] and self._is_said(value)), listed[1])
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                return self.of(schema[choice][0], name, depth + 1)
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind or ("object" if "properties" in schema else "string")
        if kind == "object":
            return {key: self.of(inner, key, depth + 1) for key, inner in (schema.get("properties") or {}).items()}
        if kind == "array":
            return self._array(schema, name, depth)
        simple: dict[str, Any] = {"boolean": self._is_true(name), "null": None}
        if kind in ("integer", "number"):
            return schema.get("minimum", 0)
        return simple[kind] if kind in simple else self._words(name)

    def _language(self) -> str:
        return reply_language([], "\n".join(_CALLER.findall(self._text)))

    def _is_said(self, value: object) -> bool:
        return str(value) in self._text or value == self._language()

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        if name == "promises":
            return self._promises()
        if name == "promised":
            return [promise["what"] for promise in self._promises()]
        return [self.of(schema.get("items"), name, depth + 1) for _ in range(schema.get("minItems", 0))]

    def _promises(self) -> list[dict[str, str]]:
        said = [found[0].strip() for line in _ASSISTANT.findall(self._text) for found in _PROMISE.finditer(line)]
        ran = _TOOL_RAN.findall(self._text)
        return [{"what": what, "tool": next((tool for tool in ran if _names(tool, what)), "none")} for what in said]

    def _is_true(self, name: str) -> bool:
        if "callback" in name:
            return "call me" in self._text.casefold()
        return _TOOL_RAN.search(self._text) is not None

    def _words(self, name: str) -> str:
        heard = _CALLER.findall(self._text)
        words = heard[0] if heard else self._text
        return (f"The caller said: {words}" if name == "summary" else words)[:LONGEST_WORDS]

    def _referred(self, reference: str) -> Any:
        place: Any = self._root
        for step in filter(None, reference.removeprefix("#").split("/")):
            place = place.get(step) if isinstance(place, dict) else None
        return place


def _names(tool: str, what: str) -> bool:
    """Whether a tool's name has a word of a promise: `cancel_order`, "I have cancelled it"."""
    return any(len(part) > 3 and part in what.casefold() for part in tool.split("_"))
