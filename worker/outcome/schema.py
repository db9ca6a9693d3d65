"""Reads the operator's JSON Schema, and holds a model's answer against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from worker.languages import SUPPORTED

VARIABLE = "WORKER_OUTCOME_SCHEMA_FILE"
MAX_SCHEMA_BYTES = 50_000
BUILT_IN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "intent": {"type": "string", "description": "What the caller wanted, in at most twelve words."},
        "resolved": {"type": "boolean", "description": "Whether the caller got it in this call."},
        "promised": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What the assistant said that it, or the business, has done or will do.",
        },
        "callback_wanted": {"type": "boolean", "description": "Whether the caller wants to be called back."},
        "sentiment": {
            "enum": ["positive", "neutral", "negative", "unclear"],
            "description": "How the caller felt at the end.",
        },
        "language": {"enum": [*SUPPORTED, "other"], "description": "What the caller mostly spoke."},
    },
    "required": ["intent", "resolved", "promised", "callback_wanted", "sentiment", "language"],
    "additionalProperties": False,
}
_FIELD = "outcome"
_NOT_NESTED = ("$schema", "$id", "$defs")
_STRICT_KEYWORDS = frozenset(
    {
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref", "$defs",
        "description", "title", "$schema", "$id",
    }
)  # fmt: skip
"""What OpenAI's strict mode takes for certain; anything else is asked for without it, and checked all the same."""


class BadSchema(ValueError):
    """The file is no JSON Schema that an outcome can be asked for by."""


@dataclass(frozen=True)
class OutcomeSchema:
    """What an outcome has to look like."""

    schema: dict[str, Any]

    @staticmethod
    def load(path: Path | None) -> OutcomeSchema:
        """Read the operator's file and check it, or take the built-in schema.

        Raises:
            BadSchema: What is wrong, and what to do.
        """
        found = OutcomeSchema.read(path)
        if path is not None and (problem := found.problem()):
            raise BadSchema(f"{VARIABLE}: {path} {problem}")
        return found

    @staticmethod
    def read(path: Path | None) -> OutcomeSchema:
        """Read a file that was checked at the worker's start; what checks takes a call's memory.

        Raises:
            BadSchema: It has gone, or is not JSON any more.
        """
        if path is None:
            return OutcomeSchema(BUILT_IN)
        try:
            raw = path.read_bytes()
            schema = json.loads(raw)
        except OSError as error:
            raise BadSchema(f"{VARIABLE}: {path} cannot be read ({error.strerror})") from None
        except (ValueError, RecursionError) as error:
            raise BadSchema(f"{VARIABLE}: {path} is not JSON ({error})") from None
        if len(raw) > MAX_SCHEMA_BYTES:
            raise BadSchema(
                f"{VARIABLE}: {path} has {len(raw)} bytes; {MAX_SCHEMA_BYTES} are the most: it goes with every request"
            )
        return OutcomeSchema(schema)

    def problem(self) -> str | None:
        """What keeps it from being a schema of outcomes; None where nothing does."""
        from jsonschema.exceptions import SchemaError  # only where outcomes are written
        from jsonschema.validators import validator_for

        if not isinstance(self.schema, dict):
            return f"is no JSON Schema: it must be an object, and is {type(self.schema).__name__}"
        if self.schema.get("type") != "object":
            return 'must say `"type": "object"`: an outcome has named fields'
        try:
            validator_for(self.schema).check_schema(self.schema)
        except SchemaError as error:
            return f"is no JSON Schema: {error.json_path}: {error.message}"
        for reference in _references(self.schema):
            if not isinstance(reference, str) or not self._leads_somewhere(reference):
                return f"refers to {reference!r}, which is not in the file; references to other places are not followed"
        return None

    def _leads_somewhere(self, reference: str) -> bool:
        if not reference.startswith("#"):
            return False
        place: Any = self.schema
        for step in filter(None, reference.removeprefix("#").split("/")):
            step = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, list) and step.isdecimal() and int(step) < len(place):
                place = place[int(step)]
            elif isinstance(place, dict) and step in place:
                place = place[step]
            else:
                return False
        return True

    def fits(self, outcome: object) -> bool:
        """Whether an answer is what the schema asks for."""
        return bool(self._validator.is_valid(outcome))

    @cached_property
    def _validator(self) -> Any:
        from jsonschema.validators import validator_for

        kind = validator_for(self.schema)
        return kind(self.schema, format_checker=kind.FORMAT_CHECKER)

    def response_format(self) -> dict[str, Any]:
        """What OpenAI's structured output is told: the operator's schema within the answer as a whole."""
        inner = {key: value for key, value in self.schema.items() if key not in _NOT_NESTED}
        whole: dict[str, Any] = {
            "type": "object",
            "properties": {
                "summary": {"type": "string", "description": "At most sixty words."},
                "promises": {
                    "type": "array",
                    "description": "Everything that the assistant said is done, or will be.",
                    "items": {
                        "type": "object",
                        "properties": {
                            "what": {"type": "string"},
                            "tool": {"type": "string", "description": "The tool that does such a thing, or `none`."},
                        },
                        "required": ["what", "tool"],
                        "additionalProperties": False,
                    },
                },
                _FIELD: _nested(inner),
            },
            "required": ["summary", "promises", _FIELD],
            "additionalProperties": False,
        }
        if "$defs" in self.schema:
            whole["$defs"] = _nested(self.schema["$defs"])
        strict = _is_strict(self.schema)
        return {"type": "json_schema", "json_schema": {"name": "call_outcome", "strict": strict, "schema": whole}}

    def without_words(self, outcome: object) -> object:
        """The outcome with what is no free text: yes and no, nothing, and words that the schema itself lists."""
        if isinstance(outcome, dict):
            return {key: self.without_words(value) for key, value in outcome.items()}
        if isinstance(outcome, list):
            return [kept for value in outcome if (kept := self.without_words(value)) is not None]
        return outcome if isinstance(outcome, bool) or outcome in self._listed_values else None

    @cached_property
    def _listed_values(self) -> list[object]:
        return list(_listed_in(self.schema))


def _references(schema: object) -> Iterator[object]:
    if isinstance(schema, dict):
        for key in ("$ref", "$dynamicRef", "$recursiveRef"):
            if key in schema and not isinstance(schema[key], dict):
                yield schema[key]
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _nested(schema: Any) -> Any:
    """The schema as a part of the whole answer: what it calls `#` is one level further down."""
    if isinstance(schema, list):
        return [_nested(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    nested = {key: _nested(value) for key, value in schema.items()}
    reference = nested.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#/$defs/"):
        nested["$ref"] = f"#/properties/{_FIELD}" + reference.removeprefix("#")
    return nested


def _is_strict(schema: object) -> bool:
    """Whether strict mode takes it: every field required, no others allowed, none of the rarer keywords."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    if not _STRICT_KEYWORDS.issuperset(schema):
        return False
    properties = schema.get("properties", {})
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False or set(schema.get("required", [])) != set(properties)
    ):
        return False
    inner = [*properties.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", [])]
    return all(map(_is_strict, inner)) and _is_strict(schema.get("items"))


def _listed_in(schema: object) -> Iterator[object]:
    if isinstance(schema, dict):
        yield from schema.get("enum", []) if isinstance(schema.get("enum"), list) else []
        if "const" in schema:
            yield schema["const"]
        for value in schema.values():
            yield from _listed_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _listed_in(value)
