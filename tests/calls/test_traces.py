"""A real call's telemetry: one trace with the token's, a span a turn, metrics while it lasts, and no word of it."""

import asyncio
import json
import time

import pytest

from sandbox.caller import Turn
from tests.calls.prometheus import scraping

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
TIME, BILL = "What time is it now, my number is 98450 12345?", "मेरा बिजली का बिल कब तक भरना है?"


async def test_a_call_is_one_trace_and_is_measured_and_no_word_of_it_leaves(otlp, sandbox, call, tmp_path):
    _, received = otlp
    began = time.time()
    target = sandbox.health_url().removeprefix("http://").rstrip("/")
    async with scraping(target, tmp_path) as prometheus:
        result = await call(TIME, Turn(text=BILL, language="hi-IN"))
        assert result.good, result.errors
        measured = [metric.name for metric in received.metrics]
        assert "vaani.voice_to_voice" in measured, "delivered while the call lasts"
        spans = await _trace_of_the_call(received, began)
        _is_whole(spans)
        await _is_scraped(prometheus, spans)
    _says_nothing_of(b"".join(received.bodies), result)


async def _trace_of_the_call(received, began):
    """The spans of the trace that the call's process ended last."""

    def over(got):
        return any(span.name == "job_entrypoint" and span.began >= began for span in got.spans)

    assert await asyncio.to_thread(received.wait, over, 30)
    root = next(span for span in received.spans if span.name == "job_entrypoint" and span.began >= began)
    return [span for span in received.spans if span.trace_id == root.trace_id]


def _is_whole(spans):
    by_name = {}
    for span in spans:
        by_name.setdefault(span.name, []).append(span)
    (token,), (job,) = by_name["token.request"], by_name["job_entrypoint"]
    assert (job.parent_id, token.service, job.service) == (token.span_id, "vaani-token", "vaani-worker")
    known = {span.span_id for span in spans}
    assert [span.name for span in spans if span.parent_id not in known] == ["token.request"]
    assert [turn.attributes["vaani.turn"] for turn in sorted(by_name["turn"], key=lambda turn: turn.began)] == [1, 2, 3]
    stages = {span.name for span in spans if span.parent_id == by_name["turn"][0].span_id}
    assert {"recogniser_final", "end_of_turn", "model_first_token", "voice_first_byte"} <= stages
    answered = [span for span in by_name["llm_request"] if span.attributes.get("gen_ai.usage.output_tokens")]
    assert [span.name for span in (*answered, *by_name["recogniser_final"]) if not _ids(span)] == []
    assert "gen_ai.request.model" in answered[0].attributes
    for turn in by_name["turn"]:
        assert [span for span in answered if turn.began <= span.began <= turn.ended], turn.attributes
    for node in by_name["tts_node"]:
        runs = [span for span in by_name["tts_request_run"] if _is_below(span, node, spans)]
        assert any(map(_ids, runs)) or "lk.response.ttfb" not in node.attributes
    for request in answered:
        runs = [span for span in by_name["llm_request_run"] if span.parent_id == request.span_id]
        assert {"request_sent", "first_token"} <= {name for run in runs for _, name, _ in run.events}
    assert {tool.attributes["gen_ai.tool.name"] for tool in by_name["function_tool"]} >= {"end_call"}


def _ids(span):
    """Under which the provider knows a request; one that is taken back before its first piece has none."""
    return span.attributes.get("lk.provider_request_ids")


def _is_below(span, top, spans):
    parents = {each.span_id: each.parent_id for each in spans}
    above = span.parent_id
    while above in parents and above != top.span_id:
        above = parents[above]
    return above == top.span_id


async def _is_scraped(prometheus, spans):
    found = await prometheus.scraped("vaani_voice_to_voice_seconds_count", 20)
    assert sum(int(each["value"][1]) for each in found) >= 2
    (calls,) = (await prometheus.ask("query", query="vaani_calls_capacity"))["result"]
    assert int(calls["value"][1]) >= 1
    now = time.time()
    exemplars = await prometheus.ask(
        "query_exemplars", query="vaani_voice_to_voice_seconds_bucket", start=str(now - 300), end=str(now + 60)
    )
    traces = {each["labels"]["trace_id"] for series in exemplars for each in series["exemplars"]}
    assert spans[0].trace_id in traces


def _says_nothing_of(everything, result):
    """No byte of what was said, of a number, of the room's or the caller's name."""
    said = [text for turn in result.turns for text in (turn.said, turn.heard, turn.reply) if text]
    words = {word for text in [*said, result.greeting] for word in text.split() if len(word) > 4}
    words |= {"98450", "12345", "9845012345", result.room}
    forms = {word: (word.encode(), json.dumps(word)[1:-1].encode()) for word in words}
    assert len(words) > 20
    assert [word for word in words if any(form in everything for form in forms[word])] == []
