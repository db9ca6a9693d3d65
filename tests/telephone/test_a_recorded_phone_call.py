"""Recorded calls from a telephone: announced first, in step with what the phone sent and heard, gone when asked to."""

import itertools
import re
import statistics
import time

import numpy as np
import pytest
import pytest_asyncio

from sandbox.caller import CallPlan, Turn, place_call
from sandbox.phone.g711 import SAMPLE_RATE
from sandbox.phone.line import TelephoneLine
from sandbox.speech.voices import render, resample
from sandbox.stack import Stack, StackOptions
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing
from tests.recording.decoded import samples_of
from tests.telephone.both_ends import PIECE_SECONDS, Tape, delays_of, tapes_of
from tests.telephone.conftest import until
from worker.recording.channel import RATE_HZ
from worker.recording.parts import PART_SECONDS

# Sounds are compared with what a phone heard of them, by clocks of two processes: that wants a quiet machine.
pytestmark = [
    pytest.mark.calls, pytest.mark.nightly, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)
]  # fmt: skip
NUMBER, NOBODYS_NUMBER = "+918012345678", "+918012345699"
ANNOUNCED = "यह कॉल रिकॉर्ड होकर लिखी भी जाती है।"
VOICE = "priya"
"""That speaks Hindi where no other is set."""
IN_STEP_SECONDS = 0.05
ALIKE, SAME_COURSE = 0.3, 0.7
QUESTION, GOODBYE = "मेरा बिजली का बिल कब तक भरना है?", Turn("धन्यवाद, फिर मिलेंगे।", "hi-IN", expects_end=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def recordings(tmp_path_factory):
    return tmp_path_factory.mktemp("recordings")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(recordings):
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    environment = {
        "WORKER_REPLY_LATE_SECONDS": "5", "WORKER_CONSENT": "announced", "WORKER_RECORD": "on",
        "WORKER_RECORDINGS_URL": f"file://{recordings}",
    }  # fmt: skip
    async with Stack(StackOptions(scope="sandbox-recorded", telephone=True, worker_environment=environment)) as running:
        await running.telephone.give_number(NUMBER, attributes={"language": "hi-IN"})
        await running.telephone.give_number(NOBODYS_NUMBER, agent_name="nobody")
        yield running


class TapedLine(TelephoneLine):
    """A telephone with a tape of both directions."""

    async def connect(self, *, timeout_seconds):
        await super().connect(timeout_seconds=timeout_seconds)
        self.said, self.heard = tapes_of(self.call)


def parts_of(folder):
    return sorted(folder.rglob("*.ogg"))


def kept_in(folder):
    """The tapes of both sides, by the moments in the parts' names; and when each part begins, and how long it is."""
    to_this_clock = time.monotonic() - time.time()
    caller, agent, parts = Tape(), Tape(), []
    for path in parts_of(folder):
        began_at = int(re.fullmatch(r"\d+-\d+-(\d+)", path.stem)[1]) / 1000 + to_this_clock
        sides = samples_of(path.read_bytes())
        parts.append((began_at, sides.shape[1] / RATE_HZ))
        for tape, side in zip((caller, agent), sides, strict=True):
            tape.add(resample(np.ascontiguousarray(side), RATE_HZ, SAMPLE_RATE), began_at)
    return caller, agent, parts


def announced_at(line):
    """From when to when the phone has heard the announcement, in the words and the voice of its caller's language.

    Piece by piece: a line that catches up, or waits, moves what follows by a few milliseconds.
    """
    spoken = render(ANNOUNCED, "hi-IN", VOICE, SAMPLE_RATE)
    size, middle = round(PIECE_SECONDS * SAMPLE_RATE), line.call.answered_at + 1.0
    found = [line.heard.finds(spoken[at : at + size], middle + at / SAMPLE_RATE, within=1.5)
             for at in range(0, len(spoken) - size, size)]  # fmt: skip
    assert min(alike for _, alike in found) > ALIKE, found
    assert max(later for later, _ in found) - min(later for later, _ in found) < 0.1, found
    began_at = middle + found[0][0]
    return began_at, began_at + len(spoken) / SAMPLE_RATE


async def test_a_telephone_call_is_announced_before_it_is_recorded_and_dont_record_leaves_nothing(
    stack, recordings, phone
):
    before = parts_of(recordings)
    began_at = []

    async def before_turn(index):
        if index == 1:
            await until(lambda: len(parts_of(recordings)) > len(before), 20)
            new = next(part for part in parts_of(recordings) if part not in before)
            began_at.append(int(new.stem.split("-")[2]) / 1000 + time.monotonic() - time.time())

    plan = CallPlan((Turn(QUESTION, "hi-IN"), Turn("रिकॉर्ड मत कीजिए", "hi-IN"), GOODBYE))
    line = TapedLine(phone, NUMBER, stack.telephone)
    result = await place_call(plan, line=line, control=stack.control, before_turn=before_turn)
    assert result.errors == ()
    first, last = announced_at(line)
    assert line.heard.first_loud_at() == pytest.approx(first, abs=0.1), "nothing is said before it"
    assert began_at[0] > last - 0.5, "nothing is kept before it has been said"
    assert parts_of(recordings) == before
    assert '"recording.erased"' in stack.processes["worker"].log_text()


async def test_both_sides_are_in_step_with_what_the_phone_sent_and_heard(stack, recordings, phone):
    """What the line itself takes, each way, is measured with the same phone in calls before and behind this one."""
    before = set(recordings.iterdir())
    delays = [await delays_of(phone, NOBODYS_NUMBER, stack.telephone)]
    plan = CallPlan(
        (
            Turn(QUESTION, "hi-IN"),
            Turn("मुझे एक कहानी सुनाइए", "hi-IN"),
            Turn("रुकिए, अभी कितने बजे हैं?", "hi-IN", barge_in_after_seconds=4.0),
            GOODBYE,
        )
    )
    line = TapedLine(phone, NUMBER, stack.telephone)
    result = await place_call(plan, line=line, control=stack.control)
    assert result.errors == ()
    delays.append(await delays_of(phone, NOBODYS_NUMBER, stack.telephone))
    comes_in, goes_out = (statistics.median(each for both in delays for each in both[way]) for way in (0, 1))

    (folder,) = set(recordings.iterdir()) - before
    caller, agent, parts = kept_in(folder)
    began_at, ended_at = parts[0][0], parts[-1][0] + parts[-1][1]
    for (one, seconds), (following, _) in itertools.pairwise(parts):
        assert following - one == pytest.approx(PART_SECONDS, abs=0.002)
        assert seconds >= PART_SECONDS
    assert ended_at > line.call.ended_at - 0.5

    found = {}
    for side, own, kept, later in (("caller", line.said, caller, comes_in), ("agent", line.heard, agent, -goes_out)):
        pieces = own.pieces(since=began_at + 0.2, until=line.call.ended_at - 0.5)
        found[side] = [(round(at - began_at, 2), *kept.follows(piece, at + later)) for at, piece in pieces]
        assert len(pieces) > 8
    lost = {side: [each for each in every if each[2] < SAME_COURSE or each[3]] for side, every in found.items()}
    assert lost == {"caller": [], "agent": []}
    out_of_step = {side: [each for each in every if abs(each[1]) > IN_STEP_SECONDS] for side, every in found.items()}
    assert out_of_step == {"caller": [], "agent": []}, (comes_in, goes_out)
    assert announced_at(line)[1] == pytest.approx(began_at + goes_out, abs=0.3)
