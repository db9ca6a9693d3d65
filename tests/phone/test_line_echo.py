"""The agent's own voice, come back over a telephone line, is nobody's; a caller's voice over it passes as it is."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from livekit import rtc
from livekit.local_inference import VAD, VAD_WINDOW_SAMPLES

from sandbox.phone import g711
from sandbox.phone.line_sound import LineEffects, LineSound
from sandbox.phone.rtp import FRAME_SAMPLES
from sandbox.phone.sdp import PCMU
from sandbox.speech import voices
from tests.jumping_clock import run
from tests.phone.test_line import SIP
from tests.phone.test_phone_call import a_call
from tests.recording.test_recording_in_a_session import Loudspeaker
from worker.phone.echo_path import RATE_HZ as PATH_RATE_HZ
from worker.phone.line_echo import SAMPLE_RATE_HZ, LineEcho
from worker.server import room_options

FRAME = SAMPLE_RATE_HZ // 20
VOICED, WORD_WINDOWS = 0.5, 2  # as the framework's detector: 50 ms of it
STORY = (
    "Once there was a thirsty crow who flew over the fields on a hot day. He looked for water everywhere, and found "
    "none. At last he saw a pot in a garden, with a little water at the bottom."
)
WORDS = "Stop, please, and listen to me for a moment."
LOUD_RMS = 2800.0
BEGAN_AT = 1_790_000_000.0


@cache
def spoken(text, voice):
    """A voice of usual loudness, 8 kHz."""
    samples = voices.render(text, "en-IN", voice, sample_rate=g711.SAMPLE_RATE).astype(np.float64)
    return samples * LOUD_RMS / np.sqrt(np.mean(samples[np.abs(samples) > 50] ** 2))


def over_the_line(sound, caller=None, seconds=11.0, share=1.0, replies=((0.5, 11.0),)):
    """(what the agent says, what comes back), 16 kHz: over the sandbox's own telephone line."""
    count = round(seconds * g711.SAMPLE_RATE) // FRAME_SAMPLES * FRAME_SAMPLES
    agent, said = np.zeros(count), np.zeros(count)
    for at, until in replies:
        begin, end = (min(count, round(each * g711.SAMPLE_RATE)) for each in (at, until))
        words = spoken(STORY, "agent")[: end - begin]
        agent[begin : begin + len(words)] = words
    for at in caller or ():
        words = share * spoken(WORDS, "caller")
        begin = round(at * g711.SAMPLE_RATE)
        said[begin : begin + len(words)] = words[: count - begin]
    line = LineEffects(sound)
    came = []
    for place in range(0, count, FRAME_SAMPLES):
        line.hear(coded(agent[place : place + FRAME_SAMPLES]))
        came.append(coded(line.mixed(said[place : place + FRAME_SAMPLES].astype(np.int16))))
    return tuple(
        voices.resample(each, g711.SAMPLE_RATE, SAMPLE_RATE_HZ) for each in (rounded(agent), np.concatenate(came))
    )


def rounded(samples):
    return np.clip(samples, -32768, 32767).astype(np.int16)


def coded(samples):
    return g711.decode(g711.encode(rounded(samples), PCMU), PCMU)


def heard_through(echo, agent, came, began_at=BEGAN_AT, late_seconds=0.0):
    """What is left of a call's sound; the agent's is told as it plays, the caller's comes in frames of 50 ms."""
    clock = {"now": began_at}
    echo = echo or LineEcho(now=lambda: clock["now"])
    rest = []
    for place in range(0, min(len(agent), len(came)) - FRAME + 1, FRAME):
        clock["now"] = began_at + (place + FRAME) / SAMPLE_RATE_HZ + late_seconds * (place // FRAME % 3)
        echo.play(began_at + place / SAMPLE_RATE_HZ, agent[place : place + FRAME])
        frame = rtc.AudioFrame(came[place : place + FRAME].tobytes(), SAMPLE_RATE_HZ, 1, FRAME)
        rest.append(np.frombuffer(echo._process(frame).data, dtype=np.int16))
    return np.concatenate(rest), echo


def voices_begin(samples):
    """Seconds at which the framework's voice detector hears somebody begin to speak."""
    detector, begins, windows, speaks, silent = VAD(), [], 0, False, 0
    for place in range(0, len(samples) - VAD_WINDOW_SAMPLES + 1, VAD_WINDOW_SAMPLES):
        voiced = detector.predict(np.ascontiguousarray(samples[place : place + VAD_WINDOW_SAMPLES])) >= VOICED
        windows, silent = (windows + 1, 0) if voiced else (0, silent + 1)
        if windows == WORD_WINDOWS and not speaks:
            speaks = True
            begins.append((place + VAD_WINDOW_SAMPLES) / SAMPLE_RATE_HZ)
        if silent == 8:
            speaks = False
    return begins


@pytest.mark.parametrize("noise_rms", [0.0, 25.0])
@pytest.mark.parametrize("echo_db", [-20.0, -30.0, -40.0, -50.0])
def test_nobody_is_heard_in_the_agents_own_voice_that_comes_back(echo_db, noise_rms):
    """Pins the agent that answered its own words for ever: the eight lines on which phantom turns were counted."""
    agent, came = over_the_line(LineSound(echo_db, 0.2, noise_rms))
    rest, _ = heard_through(None, agent, came)
    assert voices_begin(rest) == []
    if (echo_db, noise_rms) != (-50.0, 25.0):  # the detector itself cannot hear that one under the hiss
        assert voices_begin(came)


@pytest.mark.parametrize("delay_seconds", [0.06, 0.12, 0.3, 0.4, 0.6, 1.0])
def test_an_echo_is_found_however_late_it_comes(delay_seconds):
    agent, came = over_the_line(LineSound(-30.0, delay_seconds, 25.0))
    rest, echo = heard_through(None, agent, came)
    assert voices_begin(rest) == []
    assert echo.path.delays[-1] / PATH_RATE_HZ == pytest.approx(delay_seconds, abs=0.04)
    assert 10 * np.log10(echo.path.gain) == pytest.approx(-31.5, abs=3.0)


def test_frames_that_come_unevenly_are_no_callers_voice():
    agent, came = over_the_line(LineSound(-20.0, 0.2, 25.0))
    rest, _ = heard_through(None, agent, came, late_seconds=0.02)
    assert voices_begin(rest) == []


def test_an_echo_that_moves_as_buffers_grow_is_still_one():
    agent, came = over_the_line(LineSound(-30.0, 0.2, 25.0), seconds=12.0)
    later = np.concatenate((came[: 5 * SAMPLE_RATE_HZ], came[5 * SAMPLE_RATE_HZ - 640 :]))  # 40 ms, in mid-sentence
    assert voices_begin(heard_through(None, agent, later)[0]) == []


# Of a softer caller more lies under the echo and goes with it. espeak says no text twice the same (see voices.render):
# in 16 renderings the row of 0.3 kept 0.43 to 0.79 of the samples, the others 0.86 and more.
@pytest.mark.parametrize(
    ("echo_db", "share", "untouched"),
    [(-20.0, 1.0, 0.8), (-20.0, 0.3, 0.3), (-30.0, 0.2, 0.75), (-40.0, 0.1, 0.8), (None, 0.1, 0.95)],
)
def test_a_caller_who_speaks_over_the_agent_is_heard_at_once_and_as_they_are(echo_db, share, untouched):
    agent, came = over_the_line(LineSound(echo_db, 0.2, 25.0), caller=(5.0,), share=share)
    rest, _ = heard_through(None, agent, came)
    begins = voices_begin(rest)
    assert 4.9 < begins[0] < 5.4
    words = slice(round(5.3 * SAMPLE_RATE_HZ), round(6.0 * SAMPLE_RATE_HZ))
    assert np.mean(rest[words] == came[words]) > untouched  # not filtered: the recogniser gets the line's own sound


def test_on_a_line_without_echo_no_caller_is_ever_taken_away_once_that_is_known():
    agent, came = over_the_line(LineSound(None, 0.2, 25.0), caller=(5.0, 8.0), share=0.1)
    rest, echo = heard_through(None, agent, came)
    assert not echo.path.is_known
    for at in (5.1, 8.1):  # behind their first frame, which is half hiss
        words = slice(round(at * SAMPLE_RATE_HZ), round((at + 1.5) * SAMPLE_RATE_HZ))
        np.testing.assert_array_equal(rest[words], came[words])


def test_a_caller_who_talks_all_the_time_is_taken_for_no_echo():
    """Two voices at once, on a line that gives nothing back: neither is the other's echo."""
    agent, came = over_the_line(LineSound(None, 0.2, 25.0), caller=(0.5, 3.0, 5.5, 8.0))
    rest, echo = heard_through(None, agent, came)
    assert not echo.path.is_known
    assert np.mean(rest == came[: len(rest)]) > 0.9


def test_the_end_of_a_callers_words_opens_nothing_to_the_reply_that_follows():
    """Pins "Sure.", heard in the agent's first word: the last of the caller's words had come over the end of a reply,
    and what was left open for what is soft in them stayed so until the agent spoke.
    """
    agent, came = over_the_line(LineSound(-20.0, 0.2), (3.9,), 13.0, replies=((0.5, 4.0), (10.0, 13.0)))
    rest, _ = heard_through(None, agent, came)
    begins = voices_begin(rest)
    assert begins
    assert all(at < 8.0 for at in begins)
    assert not rest[10 * SAMPLE_RATE_HZ :].any()


def test_music_that_sounds_under_the_agents_voice_is_part_of_what_comes_back():
    """Pins: of two that sounded at once, only the one that was told of last was known."""
    agent, came = over_the_line(LineSound(-20.0, 0.2, 25.0))
    clock = {"now": BEGAN_AT}
    echo = LineEcho(now=lambda: clock["now"])
    music = agent // 2
    rest = []
    for end in range(FRAME, len(came) + 1, FRAME):
        clock["now"] = BEGAN_AT + end / SAMPLE_RATE_HZ
        for source, piece in ((music, 160), (agent - music, 79)):  # each in pieces of its own
            for place in range((end - FRAME) // piece * piece, end // piece * piece, piece):
                echo.play(BEGAN_AT + place / SAMPLE_RATE_HZ, source[place : place + piece])
        frame = rtc.AudioFrame(came[end - FRAME : end].tobytes(), SAMPLE_RATE_HZ, 1, FRAME)
        rest.append(np.frombuffer(echo._process(frame).data, dtype=np.int16))
    assert voices_begin(np.concatenate(rest)) == []
    assert 10 * np.log10(echo.path.gain) == pytest.approx(-21.5, abs=2.0)


def test_the_callers_own_turn_passes_untouched():
    came = over_the_line(LineSound(-20.0, 0.2, 25.0), caller=(2.0, 5.0))[1]
    nothing_played = np.zeros_like(came)
    rest, _ = heard_through(None, nothing_played, came)
    np.testing.assert_array_equal(rest, came[: len(rest)])


def test_a_frame_of_another_rate_is_left_alone():
    frame = rtc.AudioFrame(bytes(2 * 480), 48_000, 1, 480)
    assert LineEcho()._process(frame) is frame


def test_a_machine_that_stood_still_begins_a_new_run():
    agent, came = over_the_line(LineSound(-30.0, 0.2, 25.0), seconds=5.0)
    _, echo = heard_through(None, agent, came)
    assert echo.path.is_known
    heard_through(echo, agent, came, began_at=BEGAN_AT + 500)  # its own clock has not moved: nothing breaks
    assert echo.path.is_known


def test_a_phones_sound_is_cleaned_and_a_pages_is_not():
    phone, *_ = a_call()
    kinds = rtc.ParticipantKind
    of = {kind: phone.clean_sound(SimpleNamespace(participant=SimpleNamespace(kind=kind))) for kind in kinds.values()}
    assert isinstance(of.pop(kinds.PARTICIPANT_KIND_SIP), LineEcho)
    assert set(of.values()) == {None}


def test_the_room_gives_the_line_what_it_hears():
    phone, *_ = a_call()
    call = SimpleNamespace(phone=phone, opening=SimpleNamespace(refused=None))
    options = room_options(call).get_audio_input_options()
    assert (options.sample_rate, options.noise_cancellation) == (SAMPLE_RATE_HZ, phone.clean_sound)


def test_an_answered_phones_line_is_told_what_is_played():
    async def scenario():
        phone, room, session, *_ = a_call(**{"sip.callStatus": "active"})
        session.output.audio = Loudspeaker()
        assert await phone.answered(room.phone)
        return phone, session

    phone, session = run(scenario())
    line = phone.clean_sound(SimpleNamespace(participant=SimpleNamespace(kind=SIP)))
    assert session.output.audio.next_in_chain.next_in_chain.label == "loudspeaker"
    assert line.played_until == session.output.audio.settle
