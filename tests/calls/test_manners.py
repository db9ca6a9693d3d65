"""How the agent behaves beside answering: acknowledgements, barge-in, silence, time limits, tools of one's own."""

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from livekit import rtc

from bench.interruptions.corpus import at_level
from bench.interruptions.noises import RATE_HZ, noise
from sandbox.caller import CallPlan, Control, Noise, Patience, Turn, Word, place_call
from sandbox.caller.audio import FRAME_SECONDS
from sandbox.caller.speech import prepare_now
from sandbox.speech import voices
from worker.hearing.voice_level import level_of

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
ROOT = Path(__file__).parents[2]
STORY = Turn(text="Please tell me a story.", language="en-IN")


class Sounds:
    """Noises as loud as the caller, silence behind each, and then words."""

    def __init__(self, path, text, *noises):
        spoken = voices.render(text, "en-IN", sample_rate=RATE_HZ)
        level = level_of([rtc.AudioFrame(spoken.tobytes(), RATE_HZ, 1, len(spoken))])
        silence = np.zeros(round(0.8 * RATE_HZ), dtype=np.int16)
        before = [piece for each in noises for piece in (at_level((each * 20_000).astype(np.int16), level), silence)]
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(np.concatenate([*before, spoken]).tobytes())
        self._path, self._text = path, text
        voiced = np.flatnonzero(prepare_now(Turn(text, wav=path)).voiced) * FRAME_SECONDS
        self.words_at_seconds = float(voiced[voiced > sum(map(len, before)) / RATE_HZ][0] - voiced[0])
        """Since the first noise's onset."""
        self._seconds = float(voiced[-1] - voiced[0])

    def turn(self, **options):
        """Read only behind the noises: no recogniser makes words of them."""
        words = self._text.split()
        ends = np.linspace(self.words_at_seconds, self._seconds, len(words) + 1)[1:]
        timed = tuple(Word(word, float(end)) for word, end in zip(words, ends, strict=True))
        return Turn(text=self._text, language="en-IN", wav=self._path, words=timed, **options)


def spoken_seconds(result, since):
    return sum(end - max(start, since) for start, end in result.agent_audio if end > since)


async def test_a_run_of_listening_words_does_not_stop_the_story_and_wants_no_answer(sandbox, call):
    whole = await call(STORY)
    assert whole.good, whole.errors
    acknowledged = await call(
        STORY,
        Turn(text="हाँ जी हाँ जी, ठीक है, बोलिए।", language="hi-IN", barge_in_after_seconds=2.0),
        patience=Patience(answer_seconds=6, polite_silence_seconds=4),  # a pause is not the end of the story
    )

    story = spoken_seconds(whole, whole.turns[0].ended_seconds)
    heard = spoken_seconds(acknowledged, acknowledged.turns[0].ended_seconds)
    assert heard > 0.8 * story, f"{heard:.1f} s of a story of {story:.1f} s were told"
    replies = [line["text"] for line in acknowledged.transcript if line["by"] == "agent"]
    assert not any("ठीक" in reply or "heard" in reply for reply in replies), "it was answered"


async def test_a_cough_and_a_horn_do_not_stop_the_story_and_the_next_word_does_and_is_answered(sandbox, call, tmp_path):
    """All sounds are synthetic: cough and horn are made (bench/interruptions/noises.py), the words espeak-ng's.

    The voice detector takes this cough for speech, and it is the judge that lets the story go on; a horn that is a
    steady tone it takes for none. How often people's own coughs stop the agent: docs/hearing.md.
    """
    said = Sounds(tmp_path / "said.wav", "Wait, what time is it now?", noise("cough", 7), noise("horn", 7))
    result = await call(STORY, said.turn(barge_in_after_seconds=1.5), goodbye=False)

    interruption = result.turns[1]
    began = interruption.started_seconds
    (_, silent_at), *_ = [(start, end) for start, end in result.agent_audio if start < began < end]
    assert silent_at > began + said.words_at_seconds, f"silent {silent_at - began:.2f} s after the cough began"
    assert silent_at < began + said.words_at_seconds + 0.5, f"the words of {began + said.words_at_seconds:.2f} s"
    assert interruption.heard == "Wait, what time is it now?", result.errors
    assert interruption.answered, result.errors
    told = [line["text"] for line in result.transcript if line["by"] == "agent"]
    assert any(":" in text for text in told), f"nobody said the time: {told}"
    assert not any("flew away happily" in text for text in told), "the story was told to its end all the same"


async def test_a_caller_who_asks_for_a_moment_is_waited_for_and_a_silent_one_asked_once_then_said_goodbye_to(
    sandbox, worker_with, join
):
    """Of two seconds of silence; other times, and who comes back: tests/conversation/test_clocks.py, on fake time."""
    turns = (
        Turn(text="Please hold on for twenty seconds.", language="en-IN"),
        Turn(text="I am back, what time is it?", language="en-IN", wait_seconds=9.0),
        Turn(text="Hello.", language="en-IN", wait_seconds=25.0),
    )
    async with worker_with("hasty", WORKER_SILENCE_SECONDS="2"):
        result = await place_call(
            CallPlan(turns=turns), join=join("hasty"), control=sandbox.control, patience=Patience(call_seconds=80)
        )

    assert result.turns[1].answered, result.errors
    back_at = result.turns[1].started_seconds
    told = [(line["at_seconds"], line["text"]) for line in result.transcript if line["by"] == "agent"]
    waited, silent = (" ".join(text for at, text in told if (at < back_at) is early) for early in (True, False))
    assert "still there" not in waited, told
    assert silent.count("still there") == 1, told
    assert "can't hear you" in silent, told
    assert result.ended_by == "agent"
    assert len(result.turns) == 2, "the agent waited for the third"


async def test_the_longest_call_ends_with_a_warning_and_a_goodbye(sandbox, worker_with, join):
    async with worker_with("brief", WORKER_MAX_CALL_SECONDS="12", WORKER_CALL_WARNING_SECONDS="6"):
        plan = CallPlan(turns=(Turn(text="Hello.", language="en-IN", wait_seconds=30.0),))
        result = await place_call(plan, join=join("brief"), patience=Patience(call_seconds=45))

    said = [line["text"] for line in result.transcript if line["by"] == "agent"]
    assert any("only a little time left" in text for text in said), said
    assert any("time for this call is over" in text for text in said), said
    assert result.ended_by == "agent"


async def test_background_noise_opens_no_turn(sandbox, call):
    noisy = Turn(text="Where is my order 4521?", language="en-IN", noise=Noise(snr_db=15.0))
    goodbye = Turn(text="Thank you, goodbye.", language="en-IN", wait_seconds=4.0, expects_end=True)
    result = await call(noisy, goodbye, goodbye=False)  # the noise goes on until the goodbye

    assert result.good, result.errors
    heard = " ".join(line["text"] for line in result.transcript if line["by"] == "caller")
    assert heard == "Where is my order 4521? Thank you, goodbye.", "something was heard out of the noise"


def five_minutes_of_the_readme(folder):
    """Does what README.md's "Make it yours" says, up to starting the worker; returns the variables it sets."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Make it yours")[2]
    script, start = section.split("```")[1].strip().rsplit("\n", 1)
    assert start == "python -m worker dev"
    wanted = ["WORKER_INSTRUCTIONS_FILE", "WORKER_PHRASES_FILE", "WORKER_TOOLS_MODULE", "TTS_VOICES", "PYTHONPATH"]
    script += "\n" + "\n".join(f'echo "{name}=${name}"' for name in wanted)
    done = subprocess.run(["bash", "-euc", script], cwd=folder, capture_output=True, text=True, check=True)
    variables = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert set(variables) == set(wanted)
    # The stack's processes run in the project's folder: what was written relative to this one is made absolute.
    return {name: str(folder / value) if value.startswith("mine") else value for name, value in variables.items()}


async def test_the_readmes_make_it_yours_works_as_written_and_a_real_mcp_server_joins_in(
    sandbox, worker_with, join, tmp_path
):
    (tmp_path / "mcp_shop.py").write_text(
        "from mcp.server import MCPServer\n\nserver = MCPServer('shop')\n\n@server.tool()\n"
        "def shop_hours(day: str) -> str:\n"
        '    """When the shop is open."""\n    return "nine to six"\n\n'
        "if __name__ == '__main__':\n    server.run()\n"
    )
    mcp = f'[{{"name": "shop", "command": ["{sys.executable}", "{tmp_path / "mcp_shop.py"}"]}}]'
    mine = five_minutes_of_the_readme(tmp_path)
    async with worker_with("bakery", scope="sandbox-bakery", WORKER_MCP_SERVERS=mcp, **mine):
        await sandbox.configure("sandbox-bakery")
        turns = (
            Turn(text="Hello, are you open?", language="en-IN", scripted=False),
            Turn(text="नमस्कार, तुम्ही आज उघडे आहात का?", language="mr-IN"),
        )
        control = Control(sandbox.sandbox_url, "sandbox-bakery")
        result = await place_call(CallPlan(turns=turns), join=join("bakery"), control=control)
    seen = await sandbox.seen("sandbox-bakery")

    assert result.greeting == "Good morning, Asha's bakery!"
    asked = [event for event in seen if event.get("tools")]
    assert {"cake_price", "shop_hours", "end_call", "current_time"} <= set(asked[-1]["tools"])
    assert ("mr-IN", "ishita") in {(event.get("language"), event.get("speaker")) for event in seen}
