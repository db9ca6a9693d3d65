"""What a tool may do to a call: answer in time and in words, or say that it could not; nothing else."""

import asyncio
import contextlib
import logging
from types import SimpleNamespace

import pytest
from livekit.agents import ToolError

from worker.tools.context import FILLER_AFTER_SECONDS, RESULT_LIMIT_CHARACTERS, guarded
from worker.tools.current_time import describe_now
from worker.tools.set_language import set_language

pytestmark = pytest.mark.asyncio


class Services:
    """The call, as a tool sees it."""

    def __init__(self, tool_seconds=1.0):
        self.settings = SimpleNamespace(tool_seconds=tool_seconds)
        self.said, self.language = [], "en-IN"

    def say(self, phrase):
        self.said.append(phrase)

    def switch_language(self, language):
        self.language = language


class Context:
    """livekit's RunContext where a tool touches it."""

    def __init__(self, services):
        self.userdata = services
        self.filler_delay = None

    @contextlib.asynccontextmanager
    async def with_filler(self, filler, delay):
        self.filler_delay = delay
        yield


@pytest.fixture
def ctx():
    return Context(Services())


async def test_the_model_can_change_the_language_and_is_told_to_write_it(ctx):
    told = await set_language(ctx, language="ta-IN")
    assert ctx.userdata.language == "ta-IN"
    assert "ta-IN" in told


async def test_a_tool_that_takes_too_long_is_words_for_the_model_and_one_log_line(caplog):
    @guarded
    async def slow(ctx):
        await asyncio.Event().wait()

    with caplog.at_level(logging.WARNING), pytest.raises(ToolError, match="slow did not work just now"):
        await slow(Context(Services(tool_seconds=0.05)))
    assert [(record.message, record.provider, record.why) for record in caplog.records] == [
        ("tool.failed", "slow", "it took too long")
    ]


async def test_an_exception_in_a_tool_never_reaches_the_caller(ctx, caplog):
    @guarded
    async def broken(ctx):
        raise ZeroDivisionError("password=hunter2 at /srv/app.py line 3")

    with caplog.at_level(logging.WARNING), pytest.raises(ToolError) as told:
        await broken(ctx)
    assert "hunter2" not in str(told.value)
    assert "line 3" not in str(told.value)
    assert [record.why for record in caplog.records] == ["ZeroDivisionError"]


async def test_a_huge_result_is_cut_to_what_a_model_can_use(ctx):
    @guarded
    async def chatty(ctx):
        return "word " * 100_000

    assert len(await chatty(ctx)) == RESULT_LIMIT_CHARACTERS


async def test_a_caller_hears_a_filler_after_a_second(ctx):
    @guarded
    async def quick(ctx):
        return "done"

    assert await quick(ctx) == "done"
    assert ctx.filler_delay == FILLER_AFTER_SECONDS == 1.0


async def test_a_place_that_has_no_time_zone_is_asked_about():
    with pytest.raises(ToolError, match="which city"):
        describe_now("Mars/Olympus")
    assert describe_now("Asia/Kolkata").endswith("in Asia/Kolkata.")
