"""`python -m worker.language`: the form that other people's corpora are judged by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.language.__main__ import answers, judge

ROOT = Path(__file__).parents[2]


def run(text):
    command = [sys.executable, "-m", "worker.language"]
    return subprocess.run(command, input=text.encode(), capture_output=True, cwd=ROOT, check=True, timeout=60)


def test_one_line_out_per_conversation_in_order():
    conversations = [
        {"id": "c1", "default": "en-IN", "turns": [{"text": "मुझे balance check करना है", "lang": "hi-IN", "prob": 0.91}]},
        {"id": "c2", "default": "ta-IN", "turns": []},
        {"id": 3, "default": "hi-IN", "turns": [{"text": "ok", "lang": None, "prob": None}, {"text": "enna venum"}]},
    ]
    done = run("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in conversations))
    assert [json.loads(line) for line in done.stdout.decode().splitlines()] == [
        {"id": "c1", "languages": ["hi-IN"]},
        {"id": "c2", "languages": []},
        {"id": 3, "languages": ["hi-IN", "ta-IN"]},
    ]
    assert done.stderr == b""


def test_a_line_that_is_no_conversation_is_answered_in_its_place():
    done = run(
        '{"id": 1, "turns": []}\nnonsense\n[1]\n{"id": 2, "turns": [7, null, {"text": 5, "lang": {}, "prob": "x"}]}'
    )
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [line["id"] for line in lines] == [1, None, None, 2]
    assert lines[3]["languages"] == ["en-IN"] * 3
    assert "line 2" in lines[1]["error"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)  # the first example reads the word lists
@given(st.fixed_dictionaries({}, optional={"id": JSON, "default": JSON, "turns": st.lists(JSON, max_size=3) | JSON}))
def test_no_conversation_crashes_the_command(conversation):
    judge(conversation)


@settings(deadline=None)
@given(st.text())
def test_no_line_crashes_the_command(line):
    list(answers([line]))
