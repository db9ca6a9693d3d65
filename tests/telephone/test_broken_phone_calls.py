"""Phone calls that break: the caller gone in mid-reply, the agent killed; and what machines say that pick up, aloud."""

import asyncio
import time

import numpy as np
import pytest
import pytest_asyncio

from phone.outcomes import Outcome
from sandbox.caller import CallPlan, Turn, place_call
from sandbox.caller.control_client import queue_transcript
from sandbox.phone.g711 import SAMPLE_RATE
from sandbox.phone.line import TelephoneLine
from sandbox.phone.telephone import Answering, CallRefused, Telephone
from sandbox.speech.voices import render
from sandbox.stack import Stack, StackOptions
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing
from tests.recovery.conftest import FAST, Operator, said_after
from tests.telephone.conftest import LOUD, loudness, tone, until, until_nobody_is_left
from tests.telephone.outbound import CALLEE, OVER_SECONDS, outbound_to

pytestmark = [
    pytest.mark.calls, pytest.mark.nightly, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240),
]  # fmt: skip
ENVIRONMENT = {"WORKER_REPLY_LATE_SECONDS": "5", "WORKER_MAX_CALLS": "20"}
NUMBER = "+918000000007"  # the calls that go out set up the number of phone.toml
NARROW_NUMBERS = {1: "+918000000008", 8: "+918000000009"}
RINGING_SECONDS, TOLD_SECONDS = 15, 45.0
RESCUE_SECONDS = 12.0  # 3 s are the promise (tests/recovery); then somebody must be heard, on a busy machine
BEEP = tone(0.5, 1000)
PAUSE = np.zeros(SAMPLE_RATE // 2, np.int16)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack():
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    async with Stack(StackOptions(scope="sandbox-breaks", telephone=True, worker_environment=ENVIRONMENT)) as running:
        await running.telephone.give_number(NUMBER)
        await running.configure(**FAST)
        yield running


@pytest.fixture
def operator(stack):
    return Operator(stack)


@pytest_asyncio.fixture(loop_scope="session")
async def callees_phone(another_phone):
    return await another_phone(CALLEE)


def spoken(text, language="en-IN"):
    return render(text, language, sample_rate=SAMPLE_RATE)


def listens(call):
    """The moments at which the phone hears something."""
    heard = []
    call.on_frame = lambda frame, at: heard.append(at) if loudness(frame) > LOUD else None
    return heard


async def quiet(heard, seconds=1.0):
    """Wait until the phone has heard nothing for so long."""
    await until(lambda: heard and time.monotonic() - heard[-1] > seconds, 30)


async def until_no_room_is_left(stack):
    async with stack.telephone.api() as livekit:
        await until_nobody_is_left(livekit, OVER_SECONDS)


# ---- who calls is gone


async def test_a_caller_who_hangs_up_in_mid_reply_leaves_nobody_behind(stack, operator, phone):
    ended = len(operator.events("call.ended"))
    async with asyncio.timeout(30):
        call = await phone.dial(NUMBER, stack.telephone.sip_address)
    heard = listens(call)
    await quiet(heard)
    greeting = len(heard)
    call.say(spoken("Please tell me a story."))
    await until(lambda: len(heard) > greeting + 100, 30)  # two seconds of fifteen
    await call.hang_up()
    await until_no_room_is_left(stack)
    await operator.until(lambda: len(operator.events("call.ended")) > ended, OVER_SECONDS)
    event = operator.events("call.ended")[-1]
    assert (event["reason"], event.get("failed", False)) == ("participant_disconnected", False)


# ---- the agent is gone


async def test_a_caller_whose_agent_is_killed_hears_another_that_knows_what_was_said(stack, operator, phone):
    killed = {}

    def kill_after_the_first_answer(event):
        if event.kind == "turn_done" and event.turn == 0:
            killed["at"] = event.at_seconds
            operator.kill_call()

    plan = CallPlan(
        (
            Turn("Can you help me with my bill?", "en-IN"),
            Turn("When do I have to pay it?", "en-IN", wait_seconds=8),
            Turn("Thank you, goodbye.", "en-IN", expects_end=True),
        )
    )
    line = TelephoneLine(phone, NUMBER, stack.telephone)
    result = await place_call(plan, line=line, control=stack.control, on_event=kill_after_the_first_answer)

    assert result.good, result.errors
    resumed = operator.events("call.resumed")[-1]
    assert (resumed["reason"], resumed["turns"]) == ("crashed", 1)
    assert any("cut off" in text or "I'm back" in text for text in said_after(result, killed["at"])), result.transcript
    back = min(start for start, _ in result.agent_audio if start > killed["at"])
    assert back - killed["at"] < RESCUE_SECONDS
    await until_no_room_is_left(stack)


async def test_who_was_called_and_whose_agent_is_killed_hears_another(stack, operator, callees_phone, tmp_path):
    callees_phone.answering = Answering(after_seconds=0.5, speech=spoken("Hello?"))
    async with outbound_to(callees_phone, stack, tmp_path) as outbound:
        calling = asyncio.create_task(outbound.call("en-IN"))
        async with asyncio.timeout(30):
            call = await callees_phone.answered_calls.get()
        heard = listens(call)
        await quiet(heard, 1.5)
        told = len(heard)
        operator.kill_call()
        await until(lambda: len(heard) > told + 25, RESCUE_SECONDS)
        assert operator.events("call.resumed")[-1]["reason"] == "crashed"
        await call.hang_up()
        async with asyncio.timeout(OVER_SECONDS):
            assert (await calling).outcome is Outcome.HUMAN
        await outbound.until_nobody_is_left()


# ---- who picks up


NETWORK, MAILBOX = Outcome.ANNOUNCEMENT, Outcome.VOICEMAIL
MACHINES = {
    "network": (NETWORK, "en-IN", "The number you are calling is switched off. Please try again later."),
    "network in Hindi": (NETWORK, "hi-IN", "आप जिस नंबर पर कॉल कर रहे हैं वह अभी स्विच ऑफ है, कृपया थोड़ी देर बाद प्रयास करें"),
    "network in Tamil": (NETWORK, "ta-IN", "நீங்கள் அழைக்கும் எண் தற்போது ஸ்விட்ச் ஆஃப் செய்யப்பட்டுள்ளது"),
    "mailbox": (MAILBOX, "en-IN", "I cannot come to the phone right now. Please leave a message after the tone."),
    "mailbox in Hindi": (MAILBOX, "hi-IN", "कृपया बीप के बाद अपना संदेश छोड़ें"),
}


@pytest.mark.parametrize("machine", MACHINES)
async def test_a_machine_is_known_by_its_voice_and_talked_over_by_nobody(stack, callees_phone, tmp_path, machine):
    """English is recognised from its sound alone; of the others the stand-in recogniser is told the words."""
    outcome, language, text = MACHINES[machine]
    voice = spoken(text, language)
    if language != "en-IN":
        seconds = len(voice) / SAMPLE_RATE
        entry = {"text": text, "language": language, "duration_seconds": seconds, "words": None}
        await queue_transcript(stack.control, entry)
    recording = np.concatenate((PAUSE, voice, *((PAUSE, BEEP) if outcome is MAILBOX else ())))
    callees_phone.answering = Answering(speech=recording)
    async with outbound_to(callees_phone, stack, tmp_path) as outbound:
        calling = asyncio.create_task(outbound.call(language))
        async with asyncio.timeout(30):
            call = await callees_phone.answered_calls.get()
        heard = listens(call)
        async with asyncio.timeout(60):
            result = await calling
        assert result.outcome is outcome
        await outbound.until_nobody_is_left()
    played_until = call.answered_at + len(recording) / SAMPLE_RATE
    assert not [at for at in heard if at < played_until]
    assert bool(heard) is (outcome is MAILBOX), "a message is left to a mailbox, and nothing said to a network"


@pytest.mark.parametrize("text", ["Hello?", "I am driving, call me later.", "Please leave it at the door."])
async def test_a_person_is_told_who_calls(stack, operator, callees_phone, tmp_path, text):
    callees_phone.answering = Answering(speech=np.concatenate((PAUSE, spoken(text))))
    async with outbound_to(callees_phone, stack, tmp_path) as outbound:
        calling = asyncio.create_task(outbound.call("en-IN"))
        async with asyncio.timeout(30):
            call = await callees_phone.answered_calls.get()
        heard = listens(call)
        await quiet(heard)
        await call.hang_up()
        async with asyncio.timeout(OVER_SECONDS):
            assert (await calling).outcome is Outcome.HUMAN
        await outbound.until_nobody_is_left()


# ---- more callers than lines


class Flood:
    """Phones that dial one number at once; each is told that it is busy, by a voice or by SIP."""

    def __init__(self, number, address, size):
        self._number, self._address = number, address
        self._phones = [Telephone(f"+9198765433{place:02}") for place in range(size)]

    async def told(self):
        """How each phone was told: "aloud", "486", or what else came of it."""
        return await asyncio.gather(*map(self._dial, self._phones))

    async def _dial(self, phone):
        await phone.open()
        try:
            async with asyncio.timeout(TOLD_SECONDS):
                call = await phone.dial(self._number, self._address)
                heard = listens(call)
                await call.ended.wait()
        except CallRefused as refusal:
            return str(refusal.status)
        except TimeoutError:
            return "nothing"
        finally:
            await phone.aclose()
        is_speech = len(heard) > 50  # a second of it at the least
        return "aloud" if is_speech and call.ended_by_other_side else "hung up on without a word"


@pytest.mark.parametrize("callers", [1, 8])
async def test_phones_beyond_the_last_line_are_told_that_it_is_busy_and_the_first_notices_nothing(
    stack, phone, callers
):
    """No silent ringing, however many they are: each is answered, told and hung up on, or gets SIP's 486."""
    name = f"narrow-{callers}"
    one_line = {"AGENT_NAME": name, "WORKER_MAX_CALLS": "1", "WORKER_IDLE_PROCESSES": "1"}
    worker = await stack.start_worker(f"worker-{name}", ENVIRONMENT | one_line)
    number = NARROW_NUMBERS[callers]
    try:
        await stack.telephone.give_number(number, agent_name=name, ringing_seconds=RINGING_SECONDS)
        async with asyncio.timeout(60):
            first = await phone.dial(number, stack.telephone.sip_address)
            await quiet(listens(first))
        told = await Flood(number, stack.telephone.sip_address, callers).told()
        assert set(told) <= {"aloud", "486"}, told
        assert "aloud" in told
        assert '"call.refused_busy"' in worker.log_text()
        assert not first.ended.is_set()
        await first.hang_up()
        await until_no_room_is_left(stack)
    finally:
        await worker.stop()
