"""The streaming recogniser: the official plugin, and a raw client, against the running stand-in."""

import asyncio
import base64
import json

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIError, APIStatusError
from livekit.agents.stt import SpeechEventType
from livekit.plugins import sarvam

from sandbox.sarvam.stt_realtime import decoded
from sandbox.speech.audio_codecs import alaw, mulaw
from tests.sandbox.conftest import HZ, joined, silence, spoken, tone

PATH = "/speech-to-text-realtime/ws?language_code=auto&model=saaras:v3-realtime"
UTTERANCE = joined(silence(0.3), tone(0.5), silence(0.5))


def make_stt(scope, **more):
    return sarvam.STTRealtime(
        **{"language": "auto", **more},
        api_key=scope.key,
        base_url=f"{scope.ws_url}/speech-to-text-realtime/ws",
        http_session=scope.http,
    )


async def heard_by(stt, samples, *, manual=False):
    stream = stt.stream()
    for begin in range(0, len(samples), 800):
        piece = samples[begin : begin + 800]
        stream.push_frame(rtc.AudioFrame(piece.tobytes(), HZ, 1, len(piece)))
    if manual:
        stream.flush()
    stream.end_input()
    async with stream:
        return [event async for event in stream]


def texts(events, kind=SpeechEventType.FINAL_TRANSCRIPT):
    return [(e.alternatives[0].text, e.alternatives[0].language) for e in events if e.type == kind]


async def next_event(socket, *wanted):
    while True:
        message = json.loads((await socket.receive(timeout=10)).data)
        if message["event"] in wanted:
            return message


async def test_trap_the_end_of_speech_comes_before_the_final(scope):
    await scope.queue({"text": "नमस्ते", "language": "hi-IN", "probability": 0.9})
    events = await heard_by(make_stt(scope), UTTERANCE)
    assert texts(events) == [("नमस्ते", "hi-IN")]
    order = [event.type for event in events if event.type != SpeechEventType.RECOGNITION_USAGE]
    assert order == [
        SpeechEventType.START_OF_SPEECH,
        SpeechEventType.END_OF_SPEECH,
        SpeechEventType.FINAL_TRANSCRIPT,
    ]


async def test_an_english_sentence_is_really_recognised(scope):
    events = await heard_by(make_stt(scope), joined(silence(0.3), spoken("What time is it now?"), silence(0.6)))
    assert "time" in texts(events)[0][0].lower()


async def test_the_words_so_far_come_as_partials(scope):
    await scope.set(stt_partial_seconds=0.0)
    await scope.queue({"text": "one two three four", "language": "en-IN", "duration_seconds": 2})
    socket = await scope.open(PATH)
    await socket.send_bytes(joined(silence(0.3), tone(1.2)).tobytes())
    partial = await next_event(socket, "transcript.partial")
    assert partial["text"] == "one two"
    await socket.send_bytes(joined(tone(0.8), silence(0.5)).tobytes())
    final = await next_event(socket, "transcript.final")
    assert final["text"] == "one two three four"


async def test_words_announced_while_noise_has_opened_a_turn_belong_to_it(scope):
    """They stayed for the next turn, and every later one of the call was a turn behind."""
    socket = await scope.open(PATH)
    await socket.send_bytes(joined(silence(0.3), tone(0.5)).tobytes())
    await next_event(socket, "vad.speech_start")
    await scope.queue({"text": "one two", "language": "en-IN", "duration_seconds": 1})
    await socket.send_bytes(joined(tone(1.0), silence(0.5)).tobytes())
    assert (await next_event(socket, "transcript.final"))["text"] == "one two"
    await scope.queue({"text": "three", "language": "en-IN"})
    await socket.send_bytes(joined(tone(0.5), silence(0.5)).tobytes())
    assert (await next_event(socket, "transcript.final"))["text"] == "three"


async def test_the_window_the_client_asks_for_is_kept(scope):
    await scope.queue({"text": "one", "language": "en-IN"})
    socket = await scope.open(f"{PATH}&silence_duration_ms=600")
    await socket.send_bytes(joined(silence(0.3), tone(0.5), silence(0.5), tone(0.5), silence(0.7)).tobytes())
    assert (await next_event(socket, "vad.speech_end"))["end_s"] == pytest.approx(1.8, abs=0.03)


async def test_manual_turns_begin_and_end_when_the_client_says_so(scope):
    await scope.queue({"text": "one", "language": "en-IN"})
    events = await heard_by(make_stt(scope, endpointing="manual"), tone(0.5), manual=True)
    assert texts(events) == [("one", "en-IN")]
    assert [event.type for event in events].count(SpeechEventType.START_OF_SPEECH) == 1


async def test_trap_odia_is_or_here_and_od_elsewhere(scope):
    await scope.queue({"text": "ନମସ୍କାର", "language": "od-IN"})
    assert texts(await heard_by(make_stt(scope), UTTERANCE)) == [("ନମସ୍କାର", "or-IN")]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await scope.open(PATH.replace("auto", "od-IN"))


async def test_audio_is_taken_as_bytes_and_as_json(scope):
    await scope.queue({"text": "one", "language": "en-IN"})
    socket = await scope.open(PATH)
    audio = base64.b64encode(UTTERANCE.tobytes()).decode()
    await socket.send_str(json.dumps({"event": "audio_input", "audio": audio}))
    assert (await next_event(socket, "transcript.final"))["text"] == "one"
    await socket.send_str('{"event": "end"}')
    assert (await next_event(socket, "session.end"))["audio_duration_s"] == pytest.approx(1.3)
    assert (await socket.receive(timeout=5)).data == 1000


async def test_the_configuration_changes_in_mid_stream_or_says_why_not(scope):
    socket = await scope.open(PATH)
    assert (await next_event(socket, "session.begin"))["config"]["endpointing"] == "vad"
    await socket.send_str('{"event": "config.update", "language_code": "ta-IN"}')
    assert (await next_event(socket, "config.updated"))["applied"] == ["language_code=ta-IN"]
    await socket.send_str('{"event": "config.update", "language_code": "od-IN"}')
    assert (await next_event(socket, "error"))["is_fatal"] is False
    await socket.send_str("nonsense")
    assert (await next_event(socket, "error"))["code"] == "invalid_message"


@pytest.mark.parametrize("encoding", ["linear32", "mulaw", "alaw"])
def test_every_encoding_is_decoded(encoding):
    samples = tone(0.1)
    wire = {"linear32": (samples.astype("<i4") << 16).tobytes(), "mulaw": mulaw(samples), "alaw": alaw(samples)}
    back = decoded(wire[encoding], encoding).astype(int)
    assert np.abs(back - samples).max() <= (0 if encoding == "linear32" else 160)


@pytest.mark.parametrize(("name", "status"), [("forbidden", 1003), ("rate_limited", 1003), ("server_error", 1011)])
async def test_a_refusal_on_the_open_socket_is_a_fatal_error_and_its_close_code(scope, name, status):
    socket = await scope.open(PATH)
    await scope.fault("stt", name)
    await socket.send_bytes(silence(0.1).tobytes())
    assert (await next_event(socket, "error"))["is_fatal"] is True
    assert (await socket.receive(timeout=5)).data == status


async def test_trap_a_clean_close_ends_the_stream_quietly_here_too(scope):
    await scope.fault("stt", "close_1000", times=1)
    assert texts(await heard_by(make_stt(scope), UTTERANCE)) == []


@pytest.mark.parametrize("name", ["close_1011", "drop", "forbidden"])
async def test_faults_reach_the_plugin_as_errors(scope, name):
    await scope.fault("stt", name)
    with pytest.raises((APIError, APIStatusError, aiohttp.ClientError)):
        await heard_by(make_stt(scope), UTTERANCE)


async def test_an_idle_socket_is_closed_with_1008(scope):
    await scope.set(idle_close_seconds=0.2)
    socket = await scope.open(PATH)
    await next_event(socket, "session.begin")
    assert (await socket.receive(timeout=5)).data == 1008


async def test_a_hang_says_nothing(scope):
    await scope.fault("stt", "hang", phase="stream")
    socket = await scope.open(PATH)
    await next_event(socket, "session.begin")
    await socket.send_bytes(UTTERANCE.tobytes())
    with pytest.raises(asyncio.TimeoutError):
        await socket.receive(timeout=0.3)
