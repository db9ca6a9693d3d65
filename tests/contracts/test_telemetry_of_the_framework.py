"""What worker.telemetry takes from the framework's telemetry is there, and named so, in the installed package."""

import re
from pathlib import Path

import livekit.agents
from livekit.agents.llm.chat_context import MetricsReport
from livekit.agents.telemetry import trace_types

from worker.telemetry.allowed import SPANS

PACKAGE = Path(livekit.agents.__file__).parent
STARTS = re.compile(r"(?:start_span|start_as_current_span|detached_span|session_span)\(\s*\"([a-z_.]+)\"")


def test_every_span_that_the_framework_starts_is_known_by_its_name():
    """A new one would leave as `other`, until somebody has looked at what is in it and listed it."""
    started = {name for path in PACKAGE.rglob("*.py") for name in STARTS.findall(path.read_text(encoding="utf-8"))}
    assert len(started) > 30
    assert started - SPANS == set()


def test_the_reports_on_a_turn_have_the_figures_that_its_stages_are_made_of():
    needed = {
        "started_speaking_at", "stopped_speaking_at", "transcription_delay", "end_of_turn_delay", "llm_node_ttft",
        "llm_node_ttfs", "tts_node_ttfb",
    }  # fmt: skip
    assert needed <= set(MetricsReport.__annotations__)


def test_a_replys_spans_are_found_by_the_figures_that_the_report_has_too():
    assert (trace_types.ATTR_RESPONSE_TTFT, trace_types.ATTR_RESPONSE_TTFB) == ("lk.response.ttft", "lk.response.ttfb")
    generation = (PACKAGE / "voice" / "generation.py").read_text(encoding="utf-8")
    assert '"llm_node"' in generation
    assert '"tts_node"' in generation
