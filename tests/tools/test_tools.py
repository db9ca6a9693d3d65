"""What a tool may do to a call: answer in time and in words, or say that it could not; nothing else."""

import asyncio
import contextlib
import logging
import threading
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import rtc
from livekit.agents import RunContext, StopResponse, ToolError, function_tool, llm

from worker.conversation.caller import verified_caller
from worker.tools.beside import LoopBeside
from worker.tools.context import (
    FILLER_AFTER_SECONDS,
    FILLER_AGAIN_SECONDS,
    RESULT_LIMIT_CHARACTERS,
    framed,
    guarded,
    guarded_for,
)
from worker.tools.current_time import describe_now
from worker.tools.order_status import order_status
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
        self.session = Session()
        self.filler_delay = self.filler_interval = None
        self.now_seconds = 0.0

    @contextlib.asynccontextmanager
    async def with_filler(self, filler, delay, interval=None):
        self.filler_delay, self.filler_interval = delay, interval
        for step in range(1 if interval is None else 3):
            filler(step)
            self.now_seconds += interval or 0.0
        yield


class Session:
    """The call's session, which all of its tools share."""


@pytest.fixture
def ctx(monkeypatch):
    ctx = Context(Services())
    monkeypatch.setattr("worker.tools.context._now", lambda: ctx.now_seconds)
    return ctx


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


async def test_a_caller_who_waits_on_for_a_tool_hears_more_than_one_filler(ctx):
    """Pins six seconds of silence behind "one moment"; a transfer rings, and wants no words in between."""

    @guarded
    async def slow(ctx):
        return "done"

    @guarded_for(lambda settings: 1.0)
    async def ringing(ctx):
        return "done"

    assert await slow(ctx) == "done"
    assert ctx.userdata.said == ["one_moment", "late", "one_moment"]
    assert ctx.filler_interval == FILLER_AGAIN_SECONDS
    assert await ringing(ctx) == "done"
    assert ctx.filler_interval is None


async def test_tools_that_run_at_once_share_their_fillers(ctx, monkeypatch):
    """Pins "One moment, please. One moment, please." of two look-ups in one answer."""
    other = Context(ctx.userdata)
    other.session = ctx.session

    @guarded_for(lambda settings: 1.0)
    async def quiet(ctx):
        return "done"

    assert [await quiet(ctx), await quiet(other)] == ["done", "done"]
    assert ctx.userdata.said == ["one_moment"]
    ctx.now_seconds = FILLER_AGAIN_SECONDS
    await quiet(other)
    assert ctx.userdata.said == ["one_moment"] * 2


async def test_a_place_that_has_no_time_zone_is_asked_about():
    with pytest.raises(ToolError, match="which city"):
        describe_now("Mars/Olympus")
    assert describe_now("Asia/Kolkata").endswith("in Asia/Kolkata.")


@pytest.fixture
def session():
    """What the framework hands to a tool: its own context, so that arguments are bound as in a call."""
    return RunContext(
        session=SimpleNamespace(userdata=Services(), _global_run_state=None),
        speech_handle=SimpleNamespace(num_steps=1, done=lambda: False),
        function_call=llm.FunctionCall(call_id="1", name="tool", arguments="{}"),
    )


async def called(tool, session, **arguments):
    """Call a tool as the framework does it."""
    args, kwargs = llm.utils.prepare_function_arguments(fnc=tool, json_arguments=arguments, call_ctx=session)
    with unheard_filler():
        return await tool(*args, **kwargs)


@contextlib.contextmanager
def unheard_filler():
    @contextlib.asynccontextmanager
    async def nothing(self, source, **_):
        yield

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunContext, "with_filler", nothing)
        yield


async def test_a_foreign_tool_keeps_its_arguments_and_gets_no_new_one(session):
    @function_tool
    async def add(one: int, two: int = 2) -> int:
        """Add.

        Args:
            one: The first.
        """
        return one + two

    tool = framed(add)
    [schema] = llm.ToolContext([tool]).parse_function_tools("openai", strict=True)
    assert schema == llm.ToolContext([add]).parse_function_tools("openai", strict=True)[0]
    assert await called(tool, session, one=40) == "42"


@pytest.mark.parametrize("ends", [None, "", "  ", StopResponse, llm.ToolResult(None, reply_required=False)])
async def test_a_foreign_tool_that_says_nothing_is_not_silence(session, ends):
    """Pins `-> None`: the framework asks the model for no reply then, and the caller heard nothing."""

    @function_tool
    async def remember(ctx: RunContext) -> object:
        """Remember."""
        if ends is StopResponse:
            raise StopResponse
        return ends

    assert await called(framed(remember), session) == "remember is done. Tell the caller so in a few words."


async def test_a_foreign_tool_that_hangs_is_left_alone_even_when_it_will_not_be_cancelled(session, caplog):
    session.userdata.settings.tool_seconds = 0.05
    let_go = asyncio.Event()

    @function_tool
    async def stubborn() -> str:
        """Hang."""
        while not let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await let_go.wait()
        return ""

    with pytest.raises(ToolError, match="stubborn did not work just now"):
        await called(framed(stubborn), session)
    let_go.set()
    assert [(record.message, record.provider) for record in caplog.records] == [("tool.failed", "stubborn")]


class OfNoKind(BaseException):
    """What a library raises to get past every `except Exception`."""


FAULTS = [ZeroDivisionError("hunter2"), KeyError("hunter2"), TimeoutError("hunter2")]
EXITS = [SystemExit("hunter2"), asyncio.CancelledError("hunter2"), OfNoKind("hunter2")]


@pytest.mark.parametrize("error", FAULTS + EXITS, ids=lambda error: type(error).__name__)
async def test_what_a_foreign_tool_raises_becomes_our_words(session, caplog, error):
    @function_tool
    async def broken(ctx: RunContext) -> str:
        """Break."""
        raise error

    with pytest.raises(ToolError) as told:
        await called(framed(broken), session)
    assert str(told.value.message).startswith("broken did not work just now")
    assert [record.why for record in caplog.records] == [type(error).__name__]


async def test_a_tool_that_exits_in_its_thread_ends_nothing_but_itself(session):
    @function_tool
    def script() -> str:
        """Parse arguments, as argparse does."""
        raise SystemExit(2)

    with pytest.raises(ToolError, match="script did not work just now"):
        await called(framed(script), session)


async def test_a_tool_that_blocks_its_loop_has_its_time_and_stops_no_call(session, caplog):
    """Pins `time.sleep` in a coroutine: no voice, no filler and no limit while it lasted, for the whole call."""
    session.userdata.settings.tool_seconds = 0.2
    let_go = threading.Event()
    loops = []

    @function_tool
    async def blocking() -> str:
        """Block."""
        loops.append(asyncio.get_running_loop())
        let_go.wait(10)
        return ""

    @function_tool
    async def quick() -> str:
        """Answer."""
        loops.append(asyncio.get_running_loop())
        return "Here."

    beside = LoopBeside()
    assert await called(framed(quick, beside=beside), session) == "Here."
    with pytest.raises(ToolError, match="blocking did not work just now"):
        await called(framed(blocking, beside=beside), session)
    assert [(record.provider, record.why) for record in caplog.records] == [("blocking", "it took too long")]
    session.userdata.settings.tool_seconds = 5
    assert await called(framed(quick, beside=beside), session) == "Here."
    let_go.set()
    own, blocked, new = loops
    assert own is blocked, "what tools share belongs to one loop"
    assert new is not blocked, "nobody waits for a tool that blocks still"
    assert asyncio.get_running_loop() not in loops


async def test_a_tool_that_takes_the_calls_context_runs_in_the_calls_loop(session):
    @function_tool
    async def close(ctx: RunContext) -> str:
        """Use the call."""
        return str(asyncio.get_running_loop() is loop)

    loop = asyncio.get_running_loop()
    assert await called(framed(close, beside=LoopBeside()), session) == "True"


@pytest.mark.parametrize("error", FAULTS + EXITS, ids=lambda error: type(error).__name__)
async def test_what_a_tool_raises_beside_the_call_becomes_our_words_too(session, error):
    @function_tool
    async def broken() -> str:
        """Break."""
        raise error

    beside = LoopBeside()
    for _ in range(2):
        with pytest.raises(ToolError, match="broken did not work just now"):
            await called(framed(broken, beside=beside), session)


async def test_a_caller_who_goes_on_cancels_a_tool_beside_the_call(session):
    begun, cancelled = threading.Event(), threading.Event()

    @function_tool
    async def slow() -> str:
        """Wait."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return ""

    running = asyncio.create_task(called(framed(slow, beside=LoopBeside()), session))
    assert await asyncio.to_thread(begun.wait, 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await asyncio.to_thread(cancelled.wait, 5)


async def test_a_thread_that_never_returns_keeps_no_process(session):
    """Pins a process that waited for its tool's thread when the call was over."""
    session.userdata.settings.tool_seconds = 0.05
    threads = []

    @function_tool
    def script() -> str:
        """Hang."""
        threads.append(threading.current_thread())
        let_go.wait(10)
        return ""

    let_go = threading.Event()
    with pytest.raises(ToolError, match="script did not work just now"):
        await called(framed(script), session)
    assert [thread.daemon for thread in threads] == [True]
    let_go.set()


async def test_a_caller_who_goes_on_still_cancels_a_tool(session):
    begun = asyncio.Event()

    @function_tool
    async def slow() -> str:
        """Wait."""
        begun.set()
        await asyncio.Event().wait()
        return ""

    running = asyncio.create_task(called(framed(slow), session))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_tool_error_without_words_still_says_something(session):
    @function_tool
    async def shy() -> str:
        """Fail."""
        raise ToolError("")

    with pytest.raises(ToolError, match="shy did not work just now"):
        await called(framed(shy), session)


@pytest.mark.parametrize("result", ["a \ud83d b", ["\ud83d"], {(1, 2): "a seat"}])
async def test_what_json_or_utf_8_has_no_words_for_is_sent_as_far_as_it_goes(session, result):
    """Pins half a character in a result: it stays in the conversation, and no later request could be written."""

    @function_tool
    async def odd() -> object:
        """Answer."""
        return result

    assert (await called(framed(odd), session)).encode()


@pytest.mark.parametrize("result", ["word, " * 100_000, {"rows": ["word"] * 100_000}, ["word"] * 100_000, 10**3000])
async def test_a_foreign_result_is_text_of_a_size_that_a_model_can_use(session, result):
    @function_tool
    async def chatty() -> object:
        """Talk."""
        return result

    text = await called(framed(chatty), session)
    assert isinstance(text, str)
    assert len(text) == RESULT_LIMIT_CHARACTERS


async def test_an_order_look_up_tells_the_api_who_calls(ctx):
    """Pins any caller who hears any order by counting numbers."""
    asked = []

    async def order(request):
        asked.append(request.headers.get("Vaani-Caller"))
        return web.json_response({"order_id": "4521", "status": "shipped"})

    app = web.Application()
    app.router.add_get("/orders/4521", order)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        ctx.userdata.http, ctx.userdata.settings.orders_url = http, str(server.make_url("")).rstrip("/")
        for caller in ("fingerprint-1", None):
            ctx.userdata.caller = caller
            assert "shipped" in await order_status(ctx, order_id="4521")
    assert asked == ["fingerprint-1", None]


def person(kind, **attributes):
    return SimpleNamespace(kind=kind, attributes={"sip.phoneNumber": "+919800000001"} | attributes)


@pytest.mark.parametrize(
    ("metadata", "kind", "caller"),
    [
        ('{"at": 1, "caller": "f00d"}', "STANDARD", "f00d"),
        ('{"at": 1, "caller": "f00d"}', "SIP", "f00d"),
        ("", "SIP", "tel:+919800000001"),
        ("", "STANDARD", None),
        ("not json", "STANDARD", None),
        ('["caller"]', "STANDARD", None),
        ('{"caller": 7}', "STANDARD", None),
    ],
)
async def test_who_calls_is_what_the_token_function_or_the_trunk_says(metadata, kind, caller):
    kind = getattr(rtc.ParticipantKind, f"PARTICIPANT_KIND_{kind}")
    assert verified_caller(metadata, [person(kind)]) == caller
