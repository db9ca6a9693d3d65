"""Loads modules once, in the fork server, so that every call's process starts with them and shares their memory.

Each line below stood on the path of a caller's first turn before it was moved here: word lists (0.2 s of CPU), number
tables, the transcript pacer's hyphenation patterns (0.12 s), a TLS context (0.1 s), message models (0.05 s), and what
numpy and the OpenAI client import at first use. And what every process did for itself before it could wait for a call:
the client's chat resources (0.05 s), its certificates (0.04 s), the phrases (0.02 s).
"""

from __future__ import annotations

import asyncio
import gc
import os

import numpy.fft
import openai.resources.chat.completions
import uvloop
from livekit.agents import llm
from livekit.agents.tokenize import basic
from livekit.plugins import sarvam

import worker.server
from worker.conversation.phrases import Phrases
from worker.hearing.acknowledgements import is_acknowledgement
from worker.hearing.phantoms import is_phantom
from worker.hearing.silence import read_word_lists
from worker.language import HeardTurn, LanguageState, decide
from worker.languages import SUPPORTED
from worker.livekit_internals import (
    describe_tools_once,
    estimate_speaking_rate_in_one_go,
    leave_small_talk_of_the_sdk_unread,
    preload_first_request,
    preload_voice_detector,
)
from worker.providers import openai_refusals
from worker.spoken import speakable
from worker.tools.offered import ALWAYS_OFFERED

__all__ = ["numpy", "openai", "sarvam", "worker"]

decide(HeardTurn("mujhe kal tak ka bill batao", "hi-IN", 0.9), LanguageState.start("en-IN"))
for _language in SUPPORTED:
    speakable("₹1,250 on 15/08/2026 at 10:30 AM", _language)
is_acknowledgement("ok")
read_word_lists()
is_phantom("ok")
basic.hyphenate_word("hyphenation")
preload_first_request()
openai_refusals.tls()
Phrases.load()
preload_voice_detector()
describe_tools_once()
estimate_speaking_rate_in_one_go()
leave_small_talk_of_the_sdk_unread()
llm.ToolContext(list(ALWAYS_OFFERED)).parse_function_tools("openai", strict=True)
# Sound comes and goes in fifty small pieces a second: a wake of asyncio's own loop takes 1.7 times the CPU. Every
# process that is forked from here makes its loop by this policy.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
if os.environ.get("WORKER_MCP_SERVERS"):
    import worker.tools.mcp_tools  # 0.7 s, for those who have one
if os.environ.get("VAANI_TELEMETRY_SOCKET"):
    import worker.telemetry.in_call  # for whom OpenTelemetry's variables are set
if os.environ.get("WORKER_RECORD") == "on":
    import worker.recording.preload  # 6 MB of every recorded call's memory
_context = llm.ChatContext.empty()
_context.add_message(role="system", content="warm")
_context.copy()
gc.enable()  # worker.no_garbage_yet has turned it off
