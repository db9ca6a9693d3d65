"""A schema file that no outcome can be asked for by is refused at start, with what is wrong."""

import json

import pytest
from jsonschema import Draft202012Validator

from worker.outcome.schema import BUILT_IN, BadSchema, OutcomeSchema


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("[]", "must be an object"),
        ('"text"', "must be an object"),
        ("{}", '"type": "object"'),
        ('{"type": "string"}', '"type": "object"'),
        ('{"type": "object", "properties": {"a": {"type": "strnig"}}}', "is no JSON Schema"),
        ('{"type": "object", "properties": []}', "is no JSON Schema"),
        ('{"type": "object", "required": "a"}', "is no JSON Schema"),
        ('{"type": "object", "properties": {"a": {"pattern": "("}}}', "is no JSON Schema"),
        ('{"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}}', "refers to '#/$defs/b'"),
        ('{"type": "object", "properties": {"a": {"$ref": "https://example.in/s.json"}}}', "are not followed"),
        ('{"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}', "are not followed"),
    ],
)
def test_what_is_no_schema_is_refused_by_name(tmp_path, content, said):
    path = tmp_path / "outcome.json"
    path.write_text(content)
    with pytest.raises(BadSchema) as refused:
        OutcomeSchema.load(path)
    assert str(refused.value).startswith("WORKER_OUTCOME_SCHEMA_FILE: ")
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_one_that_is_too_large_for_every_request_is_refused(tmp_path):
    path = tmp_path / "outcome.json"
    path.write_text(json.dumps({"type": "object", "description": "x" * 60_000}))
    with pytest.raises(BadSchema, match="60"):
        OutcomeSchema.load(path)


def test_the_built_in_schema_is_one_and_is_asked_for_strictly():
    assert OutcomeSchema(BUILT_IN).problem() is None
    asked = OutcomeSchema(BUILT_IN).response_format()["json_schema"]
    assert asked["strict"] is True
    Draft202012Validator.check_schema(asked["schema"])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {
            "type": "object", "properties": {"a": {"type": "string", "maxLength": 9}}, "required": ["a"],
            "additionalProperties": False,
        },
    ],
)  # fmt: skip
def test_what_strict_mode_does_not_take_is_asked_for_without(schema):
    assert OutcomeSchema(schema).response_format()["json_schema"]["strict"] is False


def test_references_lead_to_the_same_place_within_the_whole_answer():
    schema = {
        "type": "object",
        "properties": {"next": {"$ref": "#"}, "name": {"type": "string"}, "again": {"$ref": "#/properties/name"}},
    }
    asked = OutcomeSchema(schema).response_format()["json_schema"]["schema"]
    validator = Draft202012Validator(asked)
    good = {"summary": "s", "promises": [], "outcome": {"next": {"name": "n"}, "again": "x"}}
    assert validator.is_valid(good)
    assert not validator.is_valid(good | {"outcome": {"next": {"name": 7}}})
    assert not validator.is_valid(good | {"outcome": {"again": 7}})
