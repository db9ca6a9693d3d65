"""To tell a caller that lines are busy costs those who have one next to nothing."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from worker import server
from worker.admission import BUSY_ATTRIBUTE, REFUSED_ATTRIBUTE
from worker.load.priority import BEHIND
from worker.providers.sarvam_tts import build_tts
from worker.server import ears_of, only_speaks, room_options
from worker.settings import LlmSettings, SarvamSettings, SttSettings, TtsSettings

STEP_BEHIND = """
import json, os, threading
from worker.load.priority import step_behind_calls
read, noted, later = threading.Event(), threading.Event(), []
def begins_later():
    later.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    noted.set()
    read.wait()  # Linux lists a thread for a moment more when it has ended, and then knows nothing of it
threading.Thread(target=read.wait).start()  # LiveKit's threads run before the entrypoint does
try:
    step_behind_calls()
    threading.Thread(target=begins_later).start()
    noted.wait()
    tasks = os.listdir("/proc/self/task")
    print(json.dumps([os.getpriority(os.PRIO_PROCESS, int(each)) for each in tasks] + later))
finally:
    read.set()
"""


def test_every_thread_of_it_steps_behind_those_it_has_and_those_it_will_start():
    code = [sys.executable, "-c", STEP_BEHIND]
    done = subprocess.run(code, capture_output=True, text=True, check=True, timeout=60, env=dict(os.environ))
    values = json.loads(done.stdout)
    assert len(values) >= 3
    assert set(values) == {BEHIND}


@pytest.mark.parametrize(("refused", "is_heard"), [(None, True), ("busy", False), ("used", False)])
def test_a_caller_who_is_refused_is_not_listened_to(refused, is_heard):
    """Pins: a recogniser's socket, voice detection and the caller's sound, for whoever is told that lines are busy."""
    call = SimpleNamespace(phone=SimpleNamespace(clean_sound=None), opening=SimpleNamespace(refused=refused))
    options = room_options(call)
    assert (options.get_audio_input_options() is not None) is is_heard
    assert (options.get_text_input_options() is not None) is is_heard
    assert options.get_audio_output_options() is not None


async def test_the_session_of_a_refused_call_has_a_voice_and_no_ears():
    settings = SimpleNamespace(stt=SttSettings(), llm=LlmSettings(), tts=TtsSettings())
    speaker = build_tts(settings.tts, SarvamSettings(api_key="none"), "en-IN")
    session = only_speaks(SimpleNamespace(settings=settings), speaker)
    assert session.tts is speaker
    assert [session.stt, session.vad, session.turn_detection, session.llm] == [None] * 4


@pytest.mark.parametrize(
    ("attributes", "builds"),
    [({}, ["recogniser", "judge", "detector"]), ({BUSY_ATTRIBUTE: "true"}, []), ({REFUSED_ATTRIBUTE: "used"}, [])],
)
def test_what_hears_a_caller_is_built_only_for_one_who_was_let_in(monkeypatch, attributes, builds):
    built = []
    for name, part in (("build_stt", "recogniser"), ("JudgedVAD", "judge"), ("end_of_turn", "detector")):
        monkeypatch.setattr(server, name, lambda *_, part=part: built.append(part))
    ctx = SimpleNamespace(token_claims=lambda: SimpleNamespace(attributes=attributes))
    settings = SimpleNamespace(stt=None, sarvam=None, turns=SimpleNamespace(barge_in="words"))
    ears = ears_of(ctx, SimpleNamespace(settings=settings, vad=None))
    assert (ears is not None, built) == (bool(builds), builds)
