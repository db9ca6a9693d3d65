"""The page of a call's trace: it says what was slow, shows every span, and can be opened anywhere."""

import json
import re
from dataclasses import replace

from sandbox.services.otlp import Received, ReceivedSpan
from sandbox.stack import cli
from sandbox.stack.trace_page import STAGES, slowest_turn, trace_page
from sandbox.stack.traced import TracedCall
from worker.telemetry import names

NOON = 1_800_000_000.0


def span(name, began, ended, span_id, parent="", **attributes):
    return ReceivedSpan(
        "t" * 32, span_id, parent, name, "vaani-worker", NOON + began, NOON + ended, False, attributes, (), ()
    )


def turn(number, began, waits):
    """A turn with stages that its caller waited for one after the other."""
    turn_id = f"turn{number}"
    yield span("turn", began, began + sum(waits.values()), turn_id, "session", **{"vaani.turn": number})
    for name, seconds in waits.items():
        yield span(name, began, began + seconds, f"{turn_id}-{name}", turn_id, **{"vaani.waited": seconds})


CALL = [
    span("token.request", 0, 0.01, "token"),
    span("job_entrypoint", 0.1, 40, "job", "token"),
    span("agent_session", 0.2, 39, "session", "job"),
    *turn(1, 5, {"recogniser_final": 0.3, "end_of_turn": 0.3, "model_first_token": 0.3}),
    *turn(2, 15, {"recogniser_final": 0.3, "end_of_turn": 0.2, "model_first_token": 1.4, "voice_first_byte": 0.2}),
]


def test_the_slowest_turn_and_what_it_waited_for_are_named():
    assert str(slowest_turn(CALL)) == "turn 2, 2.10 s, of which model, first token 1.40 s"
    assert slowest_turn([]) is None


def test_every_span_is_on_the_page_and_stages_in_the_order_of_the_wait():
    page = trace_page(list(reversed(CALL)))
    assert page.count("<summary>") == len(CALL)
    second = re.search(r'class="turn slowest".*', page)[0]
    assert re.findall(r'title="([^:]+):', second) == [
        "recogniser",
        "end of turn",
        "model, first token",
        "voice, first sound",
    ]
    assert "Slowest: turn 2, 2.10 s" in page


def test_a_span_whose_parent_has_not_come_is_shown_too():
    page = trace_page([span("turn", 0, 1, "a", "never-came")])
    assert page.count("<summary>") == 1


def test_the_page_needs_nothing_from_anywhere():
    page = trace_page(CALL)
    assert not re.search(r"https?://|<script|src=|@import|url\(", page)


def test_whatever_a_span_is_called_stays_text():
    evil = replace(CALL[0], name="<script>alert(1)</script>", attributes={"<b>": "</dd><script>"})
    page = trace_page([evil])
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_page_knows_every_stage_that_the_worker_tells():
    assert tuple(STAGES) == names.STAGES


async def test_the_demo_writes_the_trace_and_its_page_and_says_what_was_slow(tmp_path):
    received = Received(spans=list(CALL))
    told = await TracedCall("http://127.0.0.1:1", received, tmp_path).show(opens=False)
    assert "turn 2, 2.10 s" in told
    assert (tmp_path / "trace.html").resolve().as_uri() in told
    assert len(json.loads((tmp_path / "trace.json").read_text())) == len(CALL)


def test_another_trace_than_1_or_0_is_refused(monkeypatch, capsys):
    monkeypatch.setenv("TRACE", "yes")
    monkeypatch.delenv("PHONE", raising=False)
    monkeypatch.delenv("FAULT", raising=False)
    assert cli.main(["demo"]) == cli.BAD_SETTINGS
    assert "TRACE=yes is neither 1" in capsys.readouterr().err
