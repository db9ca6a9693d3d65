"""What silences the agent in a real call, and what does not: from the sound at the caller."""

import wave
from itertools import pairwise

import numpy as np
import pytest

from bench.interruptions.corpus import made, usual_level
from sandbox.caller import Patience, Turn

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
STORY = Turn(text="Please tell me a story.", language="en-IN")
RATE_HZ = 16_000
LONGEST_PAUSE_SECONDS = 0.6  # of the story's own; what stops the voice in vain does so for a second and more


@pytest.fixture
def cough_and_horn(tmp_path):
    gap = np.zeros(RATE_HZ // 2, dtype=np.int16)
    kinds = (("cough", 1), ("horn", 0), ("cough", 4))
    sounds = [part for kind, number in kinds for part in (made(kind, number, usual_level()).samples, gap)]
    file = tmp_path / "noises.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.concatenate(sounds).tobytes())
    return file


async def test_coughs_and_a_horn_do_not_silence_the_agent(sandbox, call, cough_and_horn):
    """Pins a voice that was silent for a second behind whatever the voice detector took for speech."""
    noise = Turn(
        text="(coughs, a horn)", wav=cough_and_horn, barge_in_after_seconds=1.5,
        heard_text="वीडियो देखने के लिए धन्यवाद", heard_language="hi-IN", heard_probability=0.2,
    )  # fmt: skip
    result = await call(STORY, noise, goodbye=False, patience=Patience(answer_seconds=8, polite_silence_seconds=4))

    began, ended = result.turns[1].started_seconds, result.turns[1].ended_seconds
    voice = [(start, end) for start, end in result.agent_audio if end > began]
    pauses = [after[0] - before[1] for before, after in pairwise(voice) if before[1] < ended + 1]
    assert voice[-1][1] > ended, "the story ended before the noises did"
    assert max(pauses, default=0.0) < LONGEST_PAUSE_SECONDS, f"it was silent for {max(pauses):.2f} s"
    said = " ".join(line["text"].strip() for line in result.transcript if line["by"] == "agent")
    assert "flew away happily." in said, f"the story was not told to its end: {said}"
