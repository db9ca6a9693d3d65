"""Speech to text: the official plugin, and a raw client, against the running stand-in."""

import asyncio
import base64
import json

import aiohttp
import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APIStatusError, APITimeoutError
from livekit.agents.stt import SpeechEventType
from livekit.plugins import sarvam
from livekit.plugins.sarvam import stt as plugin

from tests.sandbox.conftest import HZ, joined, silence, spoken, tone

PATH = "/speech-to-text/ws?language-code=unknown&model=saaras:v4&vad_signals=true&sample_rate=16000&mode=transcribe"
UTTERANCE = joined(silence(0.3), tone(0.5), silence(0.5))


@pytest.fixture
def stt(scope, monkeypatch):
    """The unmodified plugin. Its `base_url` argument is inert, so the module's addresses are set."""
    monkeypatch.setattr(plugin, "SARVAM_STT_BASE_URL", f"{scope.base_url}/speech-to-text")
    monkeypatch.setattr(plugin, "SARVAM_STT_STREAMING_URL", f"{scope.ws_url}/speech-to-text/ws")
    return sarvam.STT(language="unknown", api_key=scope.key, http_session=scope.http)


def push(stream, samples, hz=HZ):
    for begin in range(0, len(samples), 800):
        piece = samples[begin : begin + 800]
        stream.push_frame(rtc.AudioFrame(piece.tobytes(), hz, 1, len(piece)))


async def events_of(stream):
    return [event async for event in stream]


def finals(events):
    return [
        (event.alternatives[0].text, event.alternatives[0].language)
        for event in events
        if event.type == SpeechEventType.FINAL_TRANSCRIPT
    ]


async def send(socket, samples, **more):
    data = {"data": base64.b64encode(samples.tobytes()).decode(), "encoding": "audio/wav", "sample_rate": 16000}
    await socket.send_str(json.dumps({"audio": data, **more}))


async def signal(socket, *wanted):
    """The next message that is one of these signals, or 'data', or 'error', with the moment it came."""
    while True:
        message = json.loads((await socket.receive(timeout=10)).data)
        kind = message["data"].get("signal_type") or message["type"]
        if kind in wanted:
            return message["data"], asyncio.get_running_loop().time()


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
    await send(socket, UTTERANCE)
    _, ended_at = await signal(socket, "END_SPEECH")
    _, final_at = await signal(socket, "data")
    assert final_seconds - 0.01 <= final_at - ended_at <= final_seconds + 0.25


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


@pytest.mark.parametrize("code", [1000, 1001])
async def test_trap_a_clean_close_ends_the_stream_quietly(stt, scope, code):
    """The deaf agent: no error, no event, and nothing is heard any more."""
    await scope.fault("stt", f"close_{code}")
    stream = stt.stream()
    push(stream, silence(0.2))
    assert await events_of(stream) == []
    await stt.aclose()


@pytest.mark.parametrize("code", [1008, 1011])
async def test_an_unclean_close_is_an_error_that_the_plugin_does_not_retry(stt, scope, code):
    await scope.fault("stt", f"close_{code}")
    stream = stt.stream()
    push(stream, silence(0.2))
    with pytest.raises(APIStatusError):
        await events_of(stream)
    assert len(await scope.seen("stt", "opened")) == 1
    await stt.aclose()


@pytest.mark.parametrize(
    ("name", "status"), [("unauthorized", 401), ("forbidden", 403), ("rate_limited", 429), ("server_error", 500)]
)
async def test_a_refused_handshake_has_the_status_and_the_services_error_body(scope, name, status):
    await scope.fault("stt", name)
    async with scope.http.get(f"{scope.base_url}{PATH}", headers=scope.headers) as response:
        assert response.status == status
        assert set((await response.json())["error"]) == {"message", "code", "request_id"}
        assert ("Retry-After" in response.headers) == (status == 429)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await scope.open(PATH)


@pytest.mark.parametrize("name", ["forbidden", "rate_limited", "server_error"])
async def test_on_an_open_socket_a_refusal_is_an_error_frame(scope, name):
    socket = await scope.open(PATH)
    await scope.fault("stt", name)
    await send(socket, silence(0.1))
    data, _ = await signal(socket, "error")
    assert data["code"].endswith("_error") or data["code"]
    assert (await socket.receive(timeout=5)).type == aiohttp.WSMsgType.CLOSE


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


async def test_a_hanging_handshake_ends_when_the_fault_does(scope):
    await scope.fault("stt", "hang", for_seconds=0.3)
    asked_at = asyncio.get_running_loop().time()
    await scope.open(PATH)
    assert asyncio.get_running_loop().time() - asked_at >= 0.2


async def test_a_hanging_handshake_makes_the_plugin_give_up(scope, monkeypatch):
    monkeypatch.setattr(plugin, "SARVAM_STT_STREAMING_URL", f"{scope.ws_url}/speech-to-text/ws")
    await scope.fault("stt", "hang")
    stt = sarvam.STT(language="unknown", api_key=scope.key)
    stream = stt.stream(conn_options=APIConnectOptions(timeout=0.3))
    with pytest.raises(APIError):
        await events_of(stream)
    await stt.aclose()


async def test_a_hanging_open_socket_says_nothing_and_a_lost_utterance_keeps_its_transcript(scope):
    await scope.queue({"text": "hello", "language": "en-IN"})
    socket = await scope.open(PATH)
    await scope.fault("stt", "hang")
    await send(socket, UTTERANCE)
    await socket.ping()
    with pytest.raises(asyncio.TimeoutError):
        await socket.receive(timeout=0.3)
    await socket.close()
    assert (await scope.described())["queued_transcripts"] == 1


async def test_a_stall_comes_after_the_start_of_speech(scope):
    await scope.queue({"text": "hello", "language": "en-IN"})
    await scope.fault("stt", "stall", times=1)
    socket = await scope.open(PATH)
    await send(socket, UTTERANCE)
    await signal(socket, "START_SPEECH")
    with pytest.raises(asyncio.TimeoutError):
        await socket.receive(timeout=0.3)
    await scope.heal()
    await send(socket, UTTERANCE)
    data, _ = await signal(socket, "data")
    assert data["transcript"] == "hello", "what a stall swallowed is said again"


async def test_a_drop_cuts_the_connection_in_mid_utterance_and_the_words_are_not_lost(stt, scope):
    await scope.queue({"text": "hello", "language": "en-IN"})
    await scope.fault("stt", "drop", times=1)
    stream = stt.stream()
    push(stream, UTTERANCE)
    with pytest.raises(APIError):
        await events_of(stream)
    again = stt.stream()
    push(again, UTTERANCE)
    again.end_input()
    assert finals(await events_of(again)) == [("hello", "en-IN")]
    await stt.aclose()


@pytest.mark.parametrize(("name", "heard"), [("malformed", []), ("no_final", []), ("empty", [])])
async def test_a_final_that_cannot_be_used_leaves_the_plugin_without_a_transcript(stt, scope, name, heard):
    await scope.queue({"text": "hello", "language": "en-IN"})
    await scope.fault("stt", name, times=1)
    stream = stt.stream()
    push(stream, UTTERANCE)
    stream.end_input()
    assert finals(await events_of(stream)) == heard
    await stt.aclose()


async def test_a_late_final_comes_after_the_plugins_end_of_speech(stt, scope):
    """Pins a trap: after 1.0 s the plugin reports the end of speech alone, and the transcript follows."""
    await scope.queue({"text": "hello", "language": "en-IN"})
    await scope.fault("stt", "late_final")
    await scope.set(late_final_seconds=1.2)
    stream = stt.stream()
    push(stream, UTTERANCE)
    stream.end_input()
    order = [event.type for event in await events_of(stream)]
    assert order.index(SpeechEventType.END_OF_SPEECH) < order.index(SpeechEventType.FINAL_TRANSCRIPT)
    await stt.aclose()


async def test_an_early_final_comes_before_the_end_of_speech(scope):
    await scope.queue({"text": "hello", "language": "en-IN"})
    await scope.fault("stt", "early_final")
    socket = await scope.open(PATH)
    await send(socket, UTTERANCE)
    await signal(socket, "data")
    await signal(socket, "END_SPEECH")


async def test_slow_multiplies_the_wait_for_the_final(scope):
    await scope.set(stt_final_seconds=0.2, slow_factor=3, faults=[{"provider": "stt", "fault": "slow"}])
    await scope.queue({"text": "hello", "language": "en-IN"})
    socket = await scope.open(PATH)
    await send(socket, UTTERANCE)
    _, ended_at = await signal(socket, "END_SPEECH")
    _, final_at = await signal(socket, "data")
    assert 0.59 <= final_at - ended_at <= 0.9


async def test_an_idle_socket_is_closed_with_1000(scope):
    await scope.set(idle_close_seconds=0.2)
    socket = await scope.open(PATH)
    message = await socket.receive(timeout=5)
    assert (message.type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, 1000)


async def test_with_the_fault_idle_close_silence_is_idle_too(scope):
    await scope.set(idle_close_seconds=0.3, faults=[{"provider": "stt", "fault": "idle_close"}])
    socket = await scope.open(PATH)

    async def send_silence():
        while not socket.closed:
            await send(socket, silence(0.05))
            await asyncio.wait([asyncio.ensure_future(asyncio.to_thread(lambda: None))])

    sending = asyncio.ensure_future(send_silence())
    message = await socket.receive(timeout=5)
    sending.cancel()
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1000)


async def test_no_close_leaves_the_client_waiting_after_end_of_stream(scope, monkeypatch):
    """Pins a trap: the plugin then raises a timeout, after 10 s by default."""
    monkeypatch.setattr(plugin, "SARVAM_STT_STREAMING_URL", f"{scope.ws_url}/speech-to-text/ws")
    await scope.fault("stt", "no_close")
    stt = sarvam.STT(language="unknown", api_key=scope.key)
    stream = stt.stream(conn_options=APIConnectOptions(timeout=0.4))
    push(stream, silence(0.1))
    stream.end_input()
    with pytest.raises(APITimeoutError):
        await events_of(stream)
    await stt.aclose()


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


async def test_two_keys_do_not_share_scripts_or_faults(scope):
    await scope.fault("stt", "forbidden")
    other = f"{scope.key}-other"
    socket = await scope.http.ws_connect(f"{scope.ws_url}{PATH}", headers={"api-subscription-key": other})
    await socket.close()
    assert np.all([event["fault"] == "forbidden" for event in await scope.seen("stt", "fault")])
