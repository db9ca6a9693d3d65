"""A whole call from a telephone: greeted in Hindi, a number keyed in, transferred to a colleague."""

import json

import pytest

from sandbox.caller import CallPlan, Turn, place_call
from sandbox.caller.audio import read_wav
from sandbox.phone.demo import CALLER, COLLEAGUE, NUMBER, WORKER_ENVIRONMENT
from sandbox.phone.line import TelephoneLine
from sandbox.phone.telephone import Referral, Telephone
from sandbox.stack import Stack, StackOptions
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing

pytestmark = pytest.mark.calls
PLAN = CallPlan(
    (
        Turn("4711#", "en-IN", keys="4711#"),
        Turn("Please connect me to a real person.", "en-IN", expects_end=True),
    ),
    name="telephone",
)
# The machine also runs everything else: what the recogniser takes then must not look like deafness.
ENVIRONMENT = {**WORKER_ENVIRONMENT, "WORKER_REPLY_LATE_SECONDS": "5"}


async def test_a_telephone_calls_keys_a_number_and_is_transferred(tmp_path):
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    phone = Telephone(CALLER, referral=Referral(after_seconds=0.5))
    async with Stack(StackOptions(scope="sandbox-phone", telephone=True, worker_environment=ENVIRONMENT)) as stack:
        await stack.telephone.give_number(NUMBER, attributes={"language": "hi-IN"})
        await phone.open()
        line = TelephoneLine(phone, NUMBER, stack.telephone, record=True)
        result = await place_call(PLAN, line=line, control=stack.control, out_dir=tmp_path)
        await phone.aclose()
        log = stack.processes["worker"].log_text()
    assert result.errors == ()
    assert result.good
    assert line.rang_at <= line.connected_at
    assert "नमस्ते" in result.greeting  # the rule's language, from its attribute
    assert "4711" in result.turns[0].reply
    assert (result.ended_by, line.call.referred_to) == ("agent", [COLLEAGUE])
    assert "4711" not in log
    assert CALLER.removeprefix("+91") not in log
    assert json.loads((tmp_path / "call.json").read_text())["greeting_seconds"] is not None
    samples, rate = read_wav(tmp_path / "call.wav")
    assert len(samples) / rate == pytest.approx(result.duration_seconds, abs=1.0)
