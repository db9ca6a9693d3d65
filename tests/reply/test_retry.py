"""What a caller hears while a provider is late or broken; time is a clock that jumps to the next timer."""

import asyncio
import itertools

import httpx2
import openai
import pytest
from livekit import rtc
from livekit.agents import APIError, APIStatusError, APITimeoutError, FlushSentinel, llm

from tests.jumping_clock import run, wait
from worker.faults import REFUSED_KEY, SILENT_KEY, RequestRefused, kind_of_request
from worker.reply.length import LONG_ENOUGH_CHARACTERS, WITHOUT_AN_END_CHARACTERS
from worker.reply.retry import Bridge, RetryPolicy, steady_reply, steady_speech
from worker.spoken import blocks_in

RETRY_POLICY = RetryPolicy(late_seconds=2.5, give_up_seconds=20.0)
FRAME_SECONDS = 0.1


class Call:
    """What a call notes down."""

    def __init__(self, ready=True, retry_policy=RETRY_POLICY):
        self.faults, self.bridged, self.gave_up = [], [], []
        self.ended = False
        self.ready = ready
        self.bridge = Bridge(
            retry_policy=retry_policy,
            phrase=lambda name: f"<{name}>",
            audible=lambda text: any(character.isalnum() for character in text),
            blocks=lambda: blocks_in("en-IN"),
            phrase_audio=lambda text: sound(text) if self.ready and text.startswith("<") else None,
            tone=lambda: sound("beep"),
            fault=self.faults.append,
            bridged=lambda provider, phrase: self.bridged.append((provider, phrase, asyncio.get_running_loop().time())),
            gave_up=self.gave_up.append,
            over=lambda: self.ended,
        )

    @property
    def phrases(self):
        return [phrase for _, phrase, _ in self.bridged]


def frame(text):
    samples = int(24000 * FRAME_SECONDS)
    made = rtc.AudioFrame(bytes(2 * samples), 24000, 1, samples)
    made.userdata["text"] = text
    return made


async def sound(text, frames=10):
    for _ in range(frames):
        yield frame(text)


async def heard(frames):
    """The texts of the frames, each once in a row."""
    texts = []
    async for each in frames:
        if not texts or texts[-1] != each.userdata["text"]:
            texts.append(each.userdata["text"])
    return texts


async def said(pieces):
    return [piece async for piece in pieces if not isinstance(piece, FlushSentinel)]


class Model:
    """Answers each request with the next of its scripts: words, waits in seconds, exceptions."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.asked_at = []

    async def __call__(self, *_):
        self.asked_at.append(asyncio.get_running_loop().time())
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        for step in script:
            if isinstance(step, float):
                await wait(step)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step


BROKEN = APIStatusError("broken", status_code=500)
REFUSED = APIStatusError("refused", status_code=401)
FOREVER = 1e6


def test_a_prompt_answer_is_passed_on_as_it_is():
    call = Call()
    assert run(said(steady_reply(Model(["Your ", "bill."]), call.bridge))) == ["Your ", "bill."]
    assert (call.phrases, call.faults) == ([], [])


def test_a_late_answer_is_bridged_once_and_then_given():
    call = Call()
    assert run(said(steady_reply(Model([4.0, "Here."]), call.bridge))) == ["<late>", "Here."]
    assert call.bridged == [("llm", "late", 2.5)]
    assert call.faults == []


@pytest.mark.parametrize(
    "script",
    [
        [llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant"))],
        [*[llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant", content="")), 0.5] * 10],
        ["<think>", *["so ", 0.5] * 10, "</think>"],
        ["\u200b" * 13, 0.5] * 10,
    ],
    ids=["no words", "words of no letter", "thoughts", "letters that nobody sees"],
)
def test_what_a_model_writes_for_nobody_to_hear_ends_no_silence(script):
    """Pins twelve seconds of silence: chunks without words came with every try, and put off the sign of life."""
    call = Call()
    run(said(steady_reply(Model(script), call.bridge)))
    assert call.bridged[0] == ("llm", "late", pytest.approx(2.5, abs=0.6))
    times = [at for _, _, at in call.bridged]
    assert max(after - before for before, after in itertools.pairwise(times)) < 5.5


def test_a_failed_try_is_repeated_and_noted_with_its_number():
    call = Call()
    assert run(said(steady_reply(Model([BROKEN], [REFUSED], ["Here."]), call.bridge))) == ["Here."]
    assert [(fault.kind, fault.retryable, fault.attempt) for fault in call.faults] == [
        ("server_error", True, 1),
        ("refused", False, 2),
    ]


def test_a_hung_model_ends_in_a_goodbye_with_signs_of_life_on_the_way():
    call = Call()
    words = run(said(steady_reply(Model([FOREVER]), call.bridge)))
    assert words[0] == "<late>"
    assert words[-1] == "<give_up>"
    assert call.gave_up == ["llm"]
    times = [at for _, _, at in call.bridged]
    assert times[-1] <= RETRY_POLICY.give_up_seconds + 2 * RETRY_POLICY.sign_seconds
    assert max(after - before for before, after in itertools.pairwise(times)) < 5.0


def test_a_dead_model_is_not_asked_without_a_pause():
    call, model = Call(), Model([BROKEN])
    run(said(steady_reply(model, call.bridge)))
    assert call.gave_up == ["llm"]
    assert 8 <= len(model.asked_at) <= 25
    assert len(call.faults) == len(model.asked_at)


def test_no_sign_repeats_endlessly():
    call = Call()
    run(said(steady_reply(Model([BROKEN]), call.bridge)))
    assert call.phrases.count("late") == 1
    assert len(call.phrases) <= 8


def test_an_answer_that_breaks_off_goes_on_where_it_stopped():
    call = Call()
    model = Model(["Your order ", "4521 ", BROKEN], ["Your ", "order 4521 ", "is on its way."])
    assert "".join(run(said(steady_reply(model, call.bridge)))) == "Your order 4521 is on its way."


def test_an_answer_that_comes_back_in_other_words_is_given_whole():
    call = Call()
    model = Model(["Your order ", BROKEN], ["It is ", "on its way."])
    assert "".join(run(said(steady_reply(model, call.bridge)))) == "Your order It is on its way."


def test_a_tool_is_not_called_twice_because_the_stream_broke_after_it():
    call = Call()
    tool = llm.FunctionToolCall(name="end_call", arguments="{}", call_id="1")
    chunk = llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant", tool_calls=[tool]))
    model = Model([chunk, BROKEN])
    assert run(said(steady_reply(model, call.bridge))) == [chunk]
    assert len(model.asked_at) == 1


def test_an_empty_answer_is_asked_for_again():
    call = Call()
    assert run(said(steady_reply(Model([], ["Here."]), call.bridge))) == ["Here."]
    assert call.faults[0].kind == "empty"


def test_a_model_with_nothing_to_say_to_one_sentence_ends_no_call():
    """Pins the same question asked twelve times, four times "one moment", and a goodbye."""
    call, model = Call(), Model([])
    assert run(said(steady_reply(model, call.bridge)))[-1] == "<no_answer>"
    assert len(model.asked_at) == 5
    assert call.phrases == ["late", "no_answer"]
    assert call.gave_up == []


def test_a_long_healthy_answer_is_not_cut_off_at_the_give_up_time():
    """Pins a deadline that was counted from the start of the reply."""
    call = Call()
    steps = [step for number in range(30) for step in (1.0, f"{number} ")]
    assert len(run(said(steady_reply(Model(steps), call.bridge)))) == 30
    assert call.gave_up == []


async def spoken(text):
    yield text


def test_a_ready_phrase_needs_no_voice():
    call = Call()
    assert run(heard(steady_speech(spoken("<late>"), Model([BROKEN]), call.bridge))) == ["<late>"]
    assert call.faults == []


def test_a_dead_voice_ends_in_a_goodbye_from_ready_audio():
    call = Call()
    texts = run(heard(steady_speech(spoken("Your bill is ready."), Model([BROKEN]), call.bridge)))
    assert texts[0] == "<late>"
    assert texts[-1] == "<give_up>"
    assert call.gave_up == ["tts"]


def test_a_voice_that_was_never_there_leaves_a_tone_not_silence():
    """Pins the cold cache: a phrase without audio used to be skipped in silence."""
    call = Call(ready=False)
    texts = run(heard(steady_speech(spoken("Hello."), Model([BROKEN]), call.bridge)))
    assert texts == ["beep"]
    assert call.gave_up == ["tts"]


def test_a_voice_that_fails_after_the_last_word_is_not_asked_again():
    """Pins `no_completion`: all is heard, the end of it never comes."""
    call = Call()
    voice = Model([*(frame("all") for _ in range(20)), BROKEN])
    assert run(heard(steady_speech(spoken("Your bill is ready."), voice, call.bridge))) == ["all"]
    assert len(voice.asked_at) == 1


def test_a_voice_that_breaks_off_says_the_rest():
    call, asked = Call(), []

    async def voice(words):
        asked.append("".join([word async for word in words]))
        yield frame(asked[-1])
        if len(asked) == 1:
            raise BROKEN

    run(heard(steady_speech(spoken("One is here. Two is there."), voice, call.bridge)))
    assert asked == ["One is here. Two is there."] * 2  # a tenth of a second has said no whole sentence


def test_text_without_a_sayable_character_is_no_fault():
    call = Call()
    assert run(heard(steady_speech(spoken(" … "), Model([]), call.bridge))) == []
    assert call.faults == []


def test_a_voice_is_not_blamed_while_the_model_still_writes():
    async def slow_text():
        yield "Your order"
        await wait(9.0)
        yield " is here."

    async def voice(words):
        text = "".join([word async for word in words])
        yield frame(text)

    call = Call()
    assert run(heard(steady_speech(slow_text(), voice, call.bridge))) == ["Your order is here."]
    assert call.bridged == []


def test_nothing_is_tried_again_once_the_call_is_ending():
    call, voice = Call(), Model([BROKEN])
    call.ended = True
    assert run(heard(steady_speech(spoken("Hello."), voice, call.bridge))) == []
    assert len(voice.asked_at) == 1


def test_audio_that_came_faster_than_it_is_heard_counts_as_waiting_time_filled():
    async def voice(_):
        async for each in sound("long", 60):
            yield each
        await wait(6.0)
        yield frame("end")

    call = Call()
    assert run(heard(steady_speech(spoken("Long text."), voice, call.bridge))) == ["long", "end"]


def refused_with(retry_after):
    """What the OpenAI plugin raises for a 429: the refusal's headers are in its cause."""
    error = APIStatusError("too many requests", status_code=429)
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    response = httpx2.Response(429, headers={"Retry-After": retry_after}, request=request)
    error.__cause__ = openai.RateLimitError("too many requests", response=response, body=None)
    return error


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("1.5", 1.5, 1.9),
        ("60", 2.0, 2.1),
        ("0", 0.2, 0.4),
        ("soon", 0.2, 0.4),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0.2, 0.4),
    ],
)
def test_a_model_that_asks_to_be_left_alone_is_as_far_as_a_caller_can_bear_it(retry_after, least, most):
    call, model = Call(), Model([refused_with(retry_after)], ["Here you are."])
    assert "".join(run(said(steady_reply(model, call.bridge)))) == "Here you are."
    first, second = model.asked_at
    assert least <= second - first <= most


FILTERED = RequestRefused("filtered")
TOO_LONG = RequestRefused("too_long")


def refused_chunk(kind):
    """What a model's answer holds when just this request is refused (worker.providers.openai_refusals)."""
    return llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant", extra={REFUSED_KEY: kind}))


@pytest.mark.parametrize(
    "refusal",
    [
        APIStatusError("The response was filtered", status_code=400, body={"code": "content_filter"}),
        APIStatusError("invalid prompt", status_code=400, body={"code": "invalid_prompt"}),
        APIStatusError("unprocessable", status_code=422),
        APIStatusError("your input was flagged by moderation", status_code=403),
        refused_chunk("filtered"),
        refused_chunk("rejected"),
    ],
)
def test_a_sentence_that_is_refused_is_asked_once_and_told_of_and_the_call_goes_on(refusal):
    """Pins a filtered sentence: it was sent twelve times in twenty seconds, and ended the call as an outage."""
    call, model = Call(), Model([refusal])
    assert run(said(steady_reply(model, call.bridge))) == ["<cannot_help>"]
    assert len(model.asked_at) == 1
    assert call.gave_up == []
    assert [(fault.of_request, fault.retryable) for fault in call.faults] == [(True, False)]


@pytest.mark.parametrize(
    "outage",
    [
        APIStatusError("no such model", status_code=404, body={"code": "model_not_found"}),
        APIStatusError("quota", status_code=429, body={"code": "insufficient_quota"}),
        APIStatusError("key", status_code=401, body={"code": "invalid_api_key"}),
        APIStatusError("bad parameter", status_code=400, body={"code": "unsupported_parameter"}),
        APIStatusError("down", status_code=503),
    ],
)
def test_what_every_request_would_meet_is_still_an_outage(outage):
    call = Call()
    assert run(said(steady_reply(Model([outage]), call.bridge)))[-1] == "<give_up>"
    assert call.gave_up == ["llm"]


def test_a_request_that_was_changed_is_asked_again_at_once():
    call, model = Call(), Model([TOO_LONG], [TOO_LONG], ["Here."])
    assert run(said(steady_reply(model, call.bridge, amend=lambda fault: fault.kind == "too_long"))) == ["Here."]
    assert model.asked_at == [0.0, 0.0, 0.0]
    assert call.phrases == []


def test_an_answer_that_is_filtered_in_its_middle_ends_with_words():
    call = Call()
    assert run(said(steady_reply(Model(["Take ", refused_chunk("filtered")]), call.bridge))) == [
        "Take ",
        "<cannot_help>",
    ]


@pytest.mark.parametrize("silent", ["🙂", "**", " … ", "```"])
def test_an_answer_without_a_word_is_asked_for_again_and_then_put_into_words(silent):
    """Pins a reply of one smiley: it counted as an answer, and the caller heard nine seconds of nothing."""
    call, model = Call(), Model([silent])
    assert run(said(steady_reply(model, call.bridge)))[-1] == "<no_answer>"
    assert len(model.asked_at) == 2
    assert call.gave_up == []
    assert "".join(run(said(steady_reply(Model([silent], ["Here."]), Call().bridge)))) == f"{silent.lstrip()}Here."


def test_an_answer_that_was_broken_off_is_asked_for_once_more():
    broken = llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant", extra={SILENT_KEY: True}))
    call, model = Call(), Model([broken])
    assert run(said(steady_reply(model, call.bridge))) == ["<no_answer>"]
    assert len(model.asked_at) == 2
    assert run(said(steady_reply(Model(["Let me look. ", broken], ["Let me look. ", "Here."]), Call().bridge))) == [
        "Let me look. ",
        "Here.",
    ]


CALL_AS_TEXT = ["<tool_call>", '{"name": "current_time",', ' "arguments": {}}', "</tool_call>"]


def test_an_answer_that_is_a_tool_call_written_as_text_is_no_answer_and_no_outage():
    call, model = Call(), Model(CALL_AS_TEXT)
    assert run(said(steady_reply(model, call.bridge))) == ["<no_answer>"]
    assert len(model.asked_at) == 2
    assert call.gave_up == []


def test_what_is_not_for_the_caller_neither_counts_as_said_nor_as_length():
    """Pins silence for as long as a thought would have taken to say, and a reply cut off behind its thoughts."""
    call = Call()
    thoughts = ["<think>", *["Let me see, and see. "] * (LONG_ENOUGH_CHARACTERS // 10), "</think>"]
    model = Model([*thoughts, 4.0, *["The order ", "has left. "], *thoughts, "It comes today."])
    assert run(said(steady_reply(model, call.bridge))) == ["<late>", "The order ", "has left. ", "It comes ", "today."]


def test_a_tool_called_where_none_may_be_is_no_answer():
    """Pins `tool_choice: none`: the framework drops the call of a model that ignores it, and the turn was silent."""
    call = Call()
    tool = llm.FunctionToolCall(name="current_time", arguments="{}", call_id="1")
    chunk = llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant", tool_calls=[tool]))
    model = Model([chunk])
    assert run(said(steady_reply(model, call.bridge, may_call_tools=False))) == ["<no_answer>"]
    assert len(model.asked_at) == 2


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        ("Let me check that for you.", "Let me check that for you.<no_answer>"),
        ("Which order do you mean?", "Which order do you mean?"),
    ],
)
def test_words_before_a_tool_that_may_not_be_called_promise_what_does_not_come(words, heard):
    """Pins "Let me check that for you", five times, and then silence: the tools of the turn were used up."""
    call = Call()
    tool = llm.FunctionToolCall(name="current_time", arguments="{}", call_id="1")
    chunk = llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant", content=words, tool_calls=[tool]))
    assert "".join(run(said(steady_reply(Model([chunk]), call.bridge, may_call_tools=False)))) == heard


def test_a_text_that_the_voice_refuses_is_no_outage():
    call = Call()
    voice = Model([APIStatusError("text not supported", status_code=422)])
    assert run(heard(steady_speech(spoken("Your bill."), voice, call.bridge))) == ["<cannot_help>"]
    assert (len(voice.asked_at), call.gave_up) == (1, [])


def test_a_reply_that_never_ends_is_ended_behind_a_sentence_and_read_no_further():
    """Pins a model that goes on: 24,800 characters were read of it, 45 seconds were spoken."""
    call, model = Call(), Model(["It goes on. "] * 2000)
    reply = "".join(run(said(steady_reply(model, call.bridge))))
    assert abs(len(reply) - LONG_ENOUGH_CHARACTERS) < len("It goes on. ")
    assert reply.rstrip().endswith("on.")
    endless = "".join(run(said(steady_reply(Model(["and on "] * 2000), Call().bridge))))
    assert len(endless) <= LONG_ENOUGH_CHARACTERS + WITHOUT_AN_END_CHARACTERS + 10


class PickyVoice:
    """A voice that makes nothing of some texts, in one way or another."""

    def __init__(self, nothing, *, of="bill", until_try=FOREVER):
        self.nothing, self.of, self.until_try, self.asked = nothing, of, until_try, []

    async def __call__(self, words):
        text = "".join([part async for part in words])
        self.asked.append(text)
        if self.of not in text or len(self.asked) >= self.until_try:
            yield frame(text)
            return
        for step in self.nothing:
            if isinstance(step, Exception):
                raise step
            await wait(step)


MUTE = {
    "nothing": [],
    "an error of the framework": [APIError("no audio frames were pushed for text: Your bill.")],
    "no answer": [5.0, APITimeoutError()],
}


@pytest.mark.parametrize("nothing", MUTE.values(), ids=MUTE)
def test_a_text_that_the_voice_makes_nothing_of_costs_no_call(nothing):
    """Pins four timeouts of a voice that was well, over one sentence, and a goodbye."""
    call, voice = Call(), PickyVoice(nothing)
    frames = run(heard(steady_speech(spoken("Your bill."), voice, call.bridge)))
    assert frames[-1] == "<cannot_help>"
    assert voice.asked == ["Your bill.", "Your bill.", "<cannot_help>", "Your bill."]
    assert call.phrases[-1] == "cannot_help"
    assert call.gave_up == []


@pytest.mark.parametrize("nothing", MUTE.values(), ids=MUTE)
def test_a_voice_that_makes_nothing_of_any_text_is_an_outage(nothing):
    call = Call()
    assert run(heard(steady_speech(spoken("Your bill."), PickyVoice(nothing, of=""), call.bridge)))[-1] == "<give_up>"
    assert call.gave_up == ["tts"]
    assert "cannot_help" not in call.phrases


@pytest.mark.parametrize("nothing", MUTE.values(), ids=MUTE)
def test_a_voice_that_is_back_says_the_text_and_not_the_phrase(nothing):
    call, voice = Call(), PickyVoice(nothing, until_try=4)
    assert run(heard(steady_speech(spoken("Your bill."), voice, call.bridge)))[-1] == "Your bill."
    assert "cannot_help" not in call.phrases
    assert call.gave_up == []


def test_a_voice_that_says_why_it_fails_is_asked_for_no_phrase():
    call, voice = Call(), PickyVoice([BROKEN])
    assert run(heard(steady_speech(spoken("Your bill."), voice, call.bridge)))[-1] == "<give_up>"
    assert set(voice.asked) == {"Your bill."}


def test_a_goodbye_without_ready_audio_is_spoken_though_the_call_is_ending():
    """Pins silence: the call counted as over, and so the voice was never asked for its last words."""

    async def voice(words):
        assert [word async for word in words] == ["Goodbye."]
        async for each in sound("goodbye"):
            yield each

    call = Call(ready=False)
    call.ended = True
    assert run(heard(steady_speech(spoken("Goodbye."), voice, call.bridge))) == ["goodbye"]


def test_no_answer_is_begun_once_the_call_is_ending():
    call = Call()
    call.ended = True
    assert run(said(steady_reply(lambda: pytest.fail("asked"), call.bridge))) == []


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Input tokens exceed the configured limit of 272000 tokens. Yours are 300000 tokens.", "too_long"),
        (429, "Request too large for gpt-6-luna on tokens per min (TPM): Limit 30000, Requested 40000.", "too_long"),
        (413, "Payload", "too_long"),
        (400, "This model's maximum prompt length is 131072 but the request contains 140000 tokens.", "too_long"),
        (400, "The decoder prompt (length 9001) is longer than the maximum model length of 8192.", "too_long"),
        (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193.", "too_long"),
        (400, "Range of input length should be [1, 30720]", "too_long"),
        (500, "litellm: {'code': 'context_length_exceeded'}", "too_long"),  # a gateway calls its provider's 400 a 500
        (
            403,
            "Your input was flagged. {'flagged_input': 'my billing does not exist'}",
            "filtered",
        ),  # the caller's words
        (503, "The moderation service is down", None),
        (429, "content_filter: rate limit reached", None),
        (None, "Content Exists Risk", "filtered"),
        (400, "Invalid prompt: your prompt was flagged as potentially violating our usage policy.", "filtered"),
        (None, "The model response was blocked. finishReason: SAFETY", "filtered"),
        (400, "The prompt contains sensitive words that violate Google's Responsible AI practices.", "filtered"),
        (400, "GuardrailIntervened: The request was blocked by the configured guardrail", "filtered"),
        (403, "Your request was blocked.", None),  # by a firewall
        (422, "Unprocessable", "rejected"),
        (429, "Rate limit reached for requests", None),
    ],
)
def test_what_is_wrong_with_one_request_is_read_from_its_words(status, message, kind):
    assert kind_of_request(status, message) == kind
