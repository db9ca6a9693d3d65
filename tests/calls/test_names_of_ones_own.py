"""Names, products and places of one's own: the recogniser is asked with them, and the voice says them as it should."""

import json

import pytest

from sandbox.caller import CallPlan, Control, Turn, place_call

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]
PLAN = CallPlan(
    turns=(
        Turn(text="Zyntu is broken.", language="en-IN"),
        Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True),
    )
)


async def test_names_reach_the_recogniser_and_the_voice(sandbox, worker_with, join):
    name, scope = "names", "sandbox-names"
    own = {
        "STT_MODEL": "saaras:v4-realtime",
        "WORKER_KEYTERMS": "Zyntu,Krishnarajapuram",
        "TTS_PRONUNCIATIONS": "Zyntu=Zin too",
        "TTS_DICT_ID": "p_1",
    }
    async with worker_with(name, scope=scope, **own):
        await sandbox.configure(scope)
        result = await place_call(PLAN, join=join(name), control=Control(sandbox.sandbox_url, scope))
    seen = await sandbox.seen(scope)

    assert result.good, result.errors
    opened = [event for event in seen if (event["provider"], event["kind"]) == ("stt", "opened")]
    assert opened
    assert all(event["model"] == "saaras:v4" for event in opened)
    assert all(json.loads(event["keyterms"]) == ["Zyntu", "Krishnarajapuram"] for event in opened)
    spoken = [
        event for event in seen if (event["provider"], event["kind"]) == ("tts", "speak") and not event.get("rest")
    ]
    assert any("Zin too" in event["text"] for event in spoken), spoken
    assert not any("Zyntu" in event["text"] for event in spoken)
    assert {event["dict_id"] for event in spoken} == {"p_1"}
    assert any("Zyntu" in line["text"] for line in result.transcript if line["by"] == "agent"), "read as it is written"
