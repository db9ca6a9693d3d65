"""Speech to text: the official plugin, and a raw client, against the running stand-in."""

import asyncio
import base64
import json

import aiohttp
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError
from livekit.agents.stt import SpeechEventType
from livekit.plugins import sarvam
from livekit.plugins.sarvam import stt as plugin

from tests.sandbox.conftest import HZ, joined, silence, spoken, tone
from tests.sandbox.stt_client import PATH, UTTERANCE, events_of, finals, push, send, signal


async def test_an_english_sentence_is_really_recognised(stt, scope):
    stream = stt.stream()
    push(stream, joined(silence(0.5), spoken("Where is my order four five two one?"), silence(1)))
    stream.end_input()
    events = await events_of(stream)
    ((text, language),) = finals(events)
    assert "where is my order" in text.lower()
    assert language == "en-IN"
    await stt.aclose()


async def test_a_queued_transcript_wins_and_belongs_to_the_next_utterance_only(stt, scope):
    queued = await scope.queue(
        {"text": "नमस्ते", "language": "hi-IN", "probability": 0.93},
        {"text": "வணக்கம்", "language": "ta-IN", "probability": None},
    )
    assert queued == 2
    stream = stt.stream()
    push(stream, joined(UTTERANCE, UTTERANCE))
    stream.end_input()
    events = await events_of(stream)
    assert finals(events) == [("नमस्ते", "hi-IN"), ("வணக்கம்", "ta-IN")]
    assert (await scope.described())["queued_transcripts"] == 0
    await stt.aclose()


async def test_the_plugin_reports_start_final_and_end_in_this_order(stt, scope):
    await scope.queue({"text": "hello", "language": "en-IN"})
    stream = stt.stream()
    push(stream, UTTERANCE)
    stream.end_input()
    order = [each.type for each in await events_of(stream) if each.type != SpeechEventType.RECOGNITION_USAGE]
    assert order == [
        SpeechEventType.START_OF_SPEECH,
        SpeechEventType.FINAL_TRANSCRIPT,
        SpeechEventType.END_OF_SPEECH,
    ]
    await stt.aclose()


async def test_a_pause_gives_the_words_so_far_and_the_rest_comes_later(stt, scope):
    words = [{"text": t, "end_seconds": e} for t, e in [("my", 0.3), ("number", 0.6), ("is", 1.6), ("five", 1.9)]]
    await scope.queue({"text": "my number is five", "language": "en-IN", "words": words, "duration_seconds": 2.0})
    stream = stt.stream()
    push(stream, joined(silence(0.3), tone(0.7), silence(0.6), tone(0.7), silence(0.5)))
    stream.end_input()
    assert [text for text, _ in finals(await events_of(stream))] == ["my number", "is five"]
    await stt.aclose()


@pytest.mark.parametrize("final_seconds", [0.0, 0.4])
async def test_the_final_comes_exactly_as_long_after_the_end_of_speech_as_was_set(scope, final_seconds):
    await scope.set(stt_final_seconds=final_seconds)
    await scope.queue({"text": "hello", "language": "en-IN"})
    socket = await scope.open(PATH)
    sent_at = asyncio.get_running_loop().time()  # END_SPEECH cannot be earlier
    await send(socket, UTTERANCE)
    _, ended_at = await signal(socket, "END_SPEECH")
    _, final_at = await signal(socket, "data")
    assert final_at - sent_at >= final_seconds
    assert final_at - ended_at <= final_seconds + 1.0


@pytest.mark.parametrize("window", [0.1, 0.4])
async def test_the_end_of_speech_window_is_kept_on_the_audios_clock(scope, window):
    await scope.set(stt_end_of_speech_seconds=window)
    await scope.queue({"text": "hello", "language": "en-IN"})
    socket = await scope.open(PATH)
    await send(socket, joined(silence(0.3), tone(0.5), silence(window - 0.03)))
    await signal(socket, "START_SPEECH")
    assert await scope.seen("stt", "speech_ended") == []
    await send(socket, silence(0.06))
    await signal(socket, "END_SPEECH")
    (ended,) = await scope.seen("stt", "speech_ended")
    assert ended["audio_seconds"] == pytest.approx(0.8, abs=0.02)
    assert ended["heard_seconds"] == pytest.approx(0.8 + window + 0.03, abs=0.02), "with the rest of the piece"


async def test_a_client_that_names_the_language_gets_no_probability(scope):
    await scope.queue({"text": "नमस्ते", "language": "hi-IN", "probability": 0.9})
    socket = await scope.open(PATH.replace("unknown", "mr-IN"))
    await send(socket, UTTERANCE)
    data, _ = await signal(socket, "data")
    assert (data["language_code"], data["language_probability"]) == ("mr-IN", None)


async def test_flush_ends_the_turn_at_once(scope):
    await scope.queue({"text": "hello", "language": "en-IN"})
    socket = await scope.open(PATH)
    await send(socket, joined(silence(0.3), tone(0.5)))
    await socket.send_str('{"type": "flush"}')
    await signal(socket, "END_SPEECH")
    data, _ = await signal(socket, "data")
    assert data["transcript"] == "hello"


async def test_trap_the_plugin_sends_headerless_samples_in_spite_of_audio_wav(scope, monkeypatch):
    """A stand-in that expects a RIFF header would hear noise; one that gets a header must not hear it either."""
    sent = []
    original = aiohttp.ClientWebSocketResponse.send_str

    async def spy(self, text, *rest):
        sent.append(json.loads(text))
        await original(self, text, *rest)

    monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "send_str", spy)
    monkeypatch.setattr(plugin, "SARVAM_STT_STREAMING_URL", f"{scope.ws_url}/speech-to-text/ws")
    stt = sarvam.STT(language="unknown", api_key=scope.key)
    stream = stt.stream()
    push(stream, silence(0.1))
    stream.end_input()
    await events_of(stream)
    await stt.aclose()
    assert sent[0]["audio"]["encoding"] == "audio/wav"
    assert base64.b64decode(sent[0]["audio"]["data"]) == bytes(1600)
    assert sent[-1]["type"] == "end_of_stream"


async def test_trap_base_url_of_the_plugin_is_inert(scope, monkeypatch):
    """A test that relied on it would talk to the real service: only the module's addresses count."""
    monkeypatch.setattr(plugin, "SARVAM_STT_STREAMING_URL", f"{scope.ws_url}/speech-to-text/ws")
    await scope.queue({"text": "hello", "language": "en-IN"})
    stt = sarvam.STT(language="unknown", api_key=scope.key, base_url="http://127.0.0.1:1/speech-to-text")
    stream = stt.stream()
    push(stream, UTTERANCE)
    stream.end_input()
    assert finals(await events_of(stream)) == [("hello", "en-IN")]
    await stt.aclose()


@pytest.mark.parametrize("key", ["invalid", ""])
async def test_a_bad_or_missing_key_is_403_not_401(scope, key):
    headers = {"api-subscription-key": key} if key else {}
    async with scope.http.get(f"{scope.base_url}{PATH}", headers=headers) as response:
        assert response.status == 403
        assert (await response.json())["error"]["code"] == "invalid_api_key_error"


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("language-code=unknown", "language-code=or-IN"),
        ("language-code=unknown", "language-code=auto"),
        ("saaras:v4", "saarika:v2.5"),
        ("sample_rate=16000", "sample_rate=44100"),
        ("mode=transcribe", "mode=guess"),
    ],
)
async def test_a_wrong_query_is_refused_as_there(scope, part, wrong):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await scope.open(PATH.replace(part, wrong))
    assert refused.value.status == 400


async def test_a_frame_that_is_not_understood_is_answered_with_an_error(scope):
    socket = await scope.open(PATH)
    for frame in ["nonsense", '{"audio": {}}', '{"type": "dance"}', '{"audio": {"data": "%"}}', "[]"]:
        await socket.send_str(frame)
        assert json.loads((await socket.receive(timeout=5)).data)["type"] == "error"


async def test_a_recording_is_transcribed_over_rest(stt, scope):
    await scope.queue({"text": "वणक्कम", "language": "hi-IN", "probability": 0.8})
    samples = joined(tone(0.5), silence(0.2))
    event = await stt.recognize(rtc.AudioFrame(samples.tobytes(), HZ, 1, len(samples)))
    assert event.alternatives[0].text == "वणक्कम"
    sentence = spoken("What time is it now?")
    event = await stt.recognize(rtc.AudioFrame(sentence.tobytes(), HZ, 1, len(sentence)))
    assert "time" in event.alternatives[0].text.lower()
    await stt.aclose()


@pytest.mark.parametrize("name", ["forbidden", "server_error", "drop", "malformed"])
async def test_rest_faults_reach_the_plugin_as_errors(stt, scope, name):
    await scope.queue({"text": "hello", "language": "en-IN"})
    await scope.fault("stt", name)
    samples = tone(0.5)
    with pytest.raises(APIError):
        await stt.recognize(
            rtc.AudioFrame(samples.tobytes(), HZ, 1, len(samples)), conn_options=APIConnectOptions(max_retry=0)
        )
    await stt.aclose()
