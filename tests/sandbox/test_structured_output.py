"""Structured output of the OpenAI stand-in: an answer in the form of the schema, and OpenAI's refusals."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.sandbox.test_openai_llm import raw
from worker.outcome.schema import OutcomeSchema

CALL = """The call:
Caller: cancel my order
Assistant: I have cancelled it. I will call you tomorrow.

Tools that ran, in order:
- cancel_order: done"""


async def asked(scope, schema, *, strict=True, text=CALL):
    form = {"type": "json_schema", "json_schema": {"name": "call_outcome", "strict": strict, "schema": schema}}
    async with await raw(scope, [{"role": "user", "content": text}], response_format=form) as response:
        return response.status, await response.json()


async def test_the_answer_fits_the_schema_that_a_worker_asks_by(scope):
    schema = OutcomeSchema.load(None).response_format()["json_schema"]["schema"]
    status, body = await asked(scope, schema)
    answer = json.loads(body["choices"][0]["message"]["content"])
    assert status == 200
    assert list(Draft202012Validator(schema).iter_errors(answer)) == []
    assert answer["summary"] == "The caller said: cancel my order"
    assert answer["promises"] == [
        {"what": "I have cancelled it", "tool": "cancel_order"}, {"what": "I will call you tomorrow", "tool": "none"},
    ]  # fmt: skip


async def test_references_choices_and_bounds_are_filled_in(scope):
    schema = {
        "type": "object",
        "properties": {
            "who": {"$ref": "#/$defs/who"}, "kind": {"const": "lead"}, "size": {"type": "integer", "minimum": 3},
            "list": {"type": "array", "items": {"type": "number"}, "minItems": 2},
            "maybe": {"type": ["null", "string"]},
            "either": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]},
        },
        "$defs": {"who": {"type": "string"}},
    }  # fmt: skip
    _, body = await asked(scope, schema, strict=False)
    answer = json.loads(body["choices"][0]["message"]["content"])
    assert list(Draft202012Validator(schema).iter_errors(answer)) == []
    assert (answer["kind"], answer["size"], answer["list"]) == ("lead", 3, [0, 0])


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "object", "properties": {}}, "additionalProperties"),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False, "required": []}, "required"),
        ({"type": "array"}, "must be a JSON Schema"),
    ],
)
async def test_what_strict_mode_refuses_is_refused(scope, schema, said):
    status, body = await asked(scope, schema)
    assert status == 400
    assert body["error"]["param"] == "response_format"
    assert said in body["error"]["message"]


async def test_without_a_schema_it_answers_as_before(scope):
    async with await raw(scope, [{"role": "user", "content": "hello"}]) as response:
        assert not (await response.json())["choices"][0]["message"]["content"].startswith("{")
