"""Text to speech: the official plugin, and a raw client, against the running stand-in."""

import asyncio
import base64
import io
import json

import aiohttp
import av
import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, APITimeoutError
from livekit.plugins import sarvam
from livekit.plugins.sarvam.models import BULBUL_V4_FLASH_SPEAKERS, MODEL_SPEAKER_COMPATIBILITY

from sandbox.openai.phrases import PHRASES
from sandbox.sarvam.voices import SPEAKERS
from sandbox.speech.audio_codecs import CONTENT_TYPES

WS = "/text-to-speech/ws?model=bulbul:v3&send_completion_event=True"
CONFIG = {
    "target_language_code": "hi-IN",
    "speaker": "priya",
    "pace": 1.0,
    "model": "bulbul:v3",
    "speech_sample_rate": 16000,
    "output_audio_codec": "linear16",
}
SENTENCE = "Hello there, this is a sentence that is long enough to be spoken at once."
ONCE = APIConnectOptions(max_retry=0, timeout=5)


def make_tts(scope, **more):
    defaults = {"target_language_code": "en-IN", "speaker": "priya", "output_audio_codec": "linear16"}
    return sarvam.TTS(
        **{**defaults, **more},
        api_key=scope.key,
        base_url=f"{scope.base_url}/text-to-speech",
        ws_url=f"{scope.ws_url}/text-to-speech/ws",
        http_session=scope.http,
    )


async def spoken_by(tts, text=SENTENCE, conn_options=ONCE):
    stream = tts.stream(conn_options=conn_options)
    stream.push_text(text)
    stream.end_input()
    async with stream:
        return [audio.frame async for audio in stream]


def loudness(frames):
    samples = np.concatenate([np.frombuffer(frame.data, np.int16) for frame in frames]).astype(float)
    return float(np.sqrt(np.mean(samples**2)))


async def say(socket, *texts, flush=True, **config):
    await socket.send_str(json.dumps({"type": "config", "data": {**CONFIG, **config}}))
    for text in texts:
        await socket.send_str(json.dumps({"type": "text", "data": {"text": text}}))
    if flush:
        await socket.send_str('{"type": "flush"}')


async def next_message(socket):
    return json.loads((await socket.receive(timeout=10)).data)


async def whole_segment(socket):
    """Its sound, joined, until the completion event."""
    pieces = []
    while (message := await next_message(socket))["type"] == "audio":
        pieces.append(base64.b64decode(message["data"]["audio"]))
    assert message["data"]["event_type"] == "final", message
    return b"".join(pieces)


@pytest.mark.parametrize("language", sorted(PHRASES))
async def test_the_plugin_speaks_every_language(scope, language):
    frames = await spoken_by(make_tts(scope, target_language_code=language), PHRASES[language]["hello"])
    assert sum(frame.duration for frame in frames) > 1.0
    assert loudness(frames) > 500


async def test_the_plugins_own_default_codec_mp3_is_spoken(scope):
    frames = await spoken_by(make_tts(scope, output_audio_codec="mp3"))
    assert sum(frame.duration for frame in frames) > 2.0
    assert loudness(frames) > 500


async def test_v4_flash_has_its_own_path_and_persona_voices(scope):
    tts = make_tts(scope, model="bulbul:v4-flash", speaker="simran_en_customer")
    assert loudness(await spoken_by(tts)) > 500
    (opened,) = await scope.seen("tts", "opened")
    assert opened["model"] == "bulbul:v4-flash"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await scope.open("/text-to-speech/ws?model=bulbul:v4-flash")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await scope.open("/text-to-speech/ws/v2?model=bulbul:v3")


async def test_one_pooled_socket_serves_segment_after_segment(scope):
    tts = make_tts(scope)
    await spoken_by(tts, "नमस्ते, मैं आपकी सहायक हूँ और आपकी मदद करूँगी।")
    tts.update_options(target_language_code="ta-IN", speaker="kavitha")
    await spoken_by(tts, "வணக்கம், நான் உங்கள் உதவியாளர். எப்படி உதவ வேண்டும்?")
    assert len(await scope.seen("tts", "opened")) == 1
    said = await scope.seen("tts", "speak")
    assert [(each["language"], each["speaker"]) for each in said] == [("en-IN", "priya"), ("ta-IN", "kavitha")]


@pytest.mark.parametrize("codec", sorted(CONTENT_TYPES))
async def test_every_codec_is_a_stream_that_can_be_decoded(scope, codec):
    socket = await scope.open(WS)
    await say(socket, SENTENCE, output_audio_codec=codec)
    sound = await whole_segment(socket)
    await say(socket, SENTENCE)
    seconds = len(await whole_segment(socket)) / 2 / 16000
    if codec in ("mulaw", "alaw"):
        assert len(sound) / 16000 == pytest.approx(seconds)
    elif codec == "linear16":
        assert len(sound) / 2 / 16000 == pytest.approx(seconds)
    else:
        with av.open(io.BytesIO(sound)) as container:
            decoded = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
        assert decoded == pytest.approx(seconds, abs=0.2)


@pytest.mark.parametrize("first_byte_seconds", [0.0, 0.4])
async def test_the_first_byte_comes_when_it_was_set_to(scope, first_byte_seconds):
    await scope.set(tts_first_byte_seconds=first_byte_seconds)
    socket = await scope.open(WS)
    await say(socket, SENTENCE)
    await whole_segment(socket)  # rendered once, so that espeak's own time is not measured
    begin = asyncio.get_running_loop().time()
    await say(socket, SENTENCE)
    assert (await next_message(socket))["type"] == "audio"
    took = asyncio.get_running_loop().time() - begin
    assert first_byte_seconds <= took <= first_byte_seconds + 1.0


async def test_sound_is_streamed_at_the_realtime_factor(scope):
    await scope.set(tts_realtime_factor=0.2)
    socket = await scope.open(WS)
    await say(socket, SENTENCE)
    begin = asyncio.get_running_loop().time()
    seconds = len(await whole_segment(socket)) / 2 / 16000
    took = asyncio.get_running_loop().time() - begin
    assert 0.2 * (seconds - 0.3) <= took <= 0.2 * seconds + 2.0


async def test_short_texts_wait_for_the_buffer_or_the_flush(scope):
    """min_buffer_size (50 characters by default) holds back a short first sentence."""
    socket = await scope.open(WS)
    await say(socket, "Hello there.", flush=False)
    with pytest.raises(asyncio.TimeoutError):
        await socket.receive(timeout=0.3)
    await socket.send_str('{"type": "flush"}')
    assert await whole_segment(socket)
    await say(socket, "Hello there, how are you today?", flush=False, min_buffer_size=30)
    assert (await next_message(socket))["type"] == "audio"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"speaker": "anushka"}, "not compatible with model bulbul:v3"),
        ({"speaker": "simran_en_customer"}, "not compatible with model bulbul:v3"),
        ({"speaker": "Priya"}, "not compatible"),
        ({"speaker": "amelia"}, "not compatible"),
        ({"model": "bulbul:v4-flash"}, "not compatible with model bulbul:v4-flash"),
        ({"model": "bulbul:v9"}, "does not exist"),
        ({"target_language_code": "or-IN"}, "not supported"),
        ({"target_language_code": "fr-FR"}, "not supported"),
        ({"pace": 2.5}, "pace must be from 0.5 to 2"),
        ({"pitch": 0.1}, "pitch is not supported by bulbul:v3"),
        ({"speech_sample_rate": 48000}, "speech_sample_rate 48000"),
        ({"output_audio_codec": "midi"}, "output_audio_codec"),
    ],
)
async def test_a_wrong_config_is_refused_as_the_service_does(scope, wrong, told):
    socket = await scope.open(WS)
    await say(socket, SENTENCE, **wrong)
    message = await next_message(socket)
    assert message["type"] == "error"
    assert message["data"]["message"].startswith("400: ")
    assert told in message["data"]["message"]
    async with scope.http.post(
        f"{scope.base_url}/text-to-speech",
        json={
            **CONFIG,
            "text": "hello",
            **wrong,
            **({"speech_sample_rate": 12345} if "speech_sample_rate" in wrong else {}),
        },
        headers=scope.headers,
    ) as response:
        assert response.status == 400


async def test_a_refused_voice_is_a_400_that_the_plugin_does_not_retry(scope):
    """The plugin accepts amelia on v3; the service does not."""
    with pytest.raises(APIStatusError) as refused:
        await spoken_by(make_tts(scope, speaker="amelia"), conn_options=APIConnectOptions(max_retry=3))
    assert refused.value.status_code == 400
    assert not refused.value.retryable


def test_trap_the_plugins_voices_are_not_the_services():
    plugin_v3 = set(MODEL_SPEAKER_COMPATIBILITY["bulbul:v3"]["all"])
    assert plugin_v3 - SPEAKERS["bulbul:v3"] == {"amelia", "sophia"}
    assert len(SPEAKERS["bulbul:v3"] - plugin_v3) == 9
    assert set(BULBUL_V4_FLASH_SPEAKERS) == SPEAKERS["bulbul:v4-flash"]


@pytest.mark.parametrize("key", ["invalid", ""])
async def test_a_bad_or_missing_key_is_403(scope, key):
    headers = {"api-subscription-key": key} if key else {}
    async with scope.http.get(f"{scope.base_url}{WS}", headers=headers) as response:
        assert response.status == 403
    async with scope.http.post(f"{scope.base_url}/text-to-speech", json=CONFIG, headers=headers) as response:
        assert response.status == 403
        assert (await response.json())["error"]["code"] == "invalid_api_key_error"


@pytest.mark.parametrize(
    ("name", "status"), [("unauthorized", 401), ("forbidden", 403), ("rate_limited", 429), ("server_error", 500)]
)
async def test_a_refusal_comes_at_the_handshake_or_on_the_open_socket(scope, name, status):
    socket = await scope.open(WS)
    await scope.fault("tts", name)
    await say(socket, SENTENCE)
    assert (await next_message(socket))["data"]["code"] == status
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await scope.open(WS)
    assert refused.value.status == status


async def test_a_passing_server_error_is_retried_by_the_plugin(scope):
    tts = make_tts(scope)
    await scope.fault("tts", "server_error", times=1, phase="stream")
    frames = await spoken_by(tts, conn_options=APIConnectOptions(max_retry=2, retry_interval=0.01))
    assert loudness(frames) > 500


async def test_a_stall_stops_after_the_first_sound_and_goes_on_when_healed(scope):
    socket = await scope.open(WS)
    await scope.fault("tts", "stall", times=1)
    await say(socket, SENTENCE)
    assert (await next_message(socket))["type"] == "audio"
    with pytest.raises(asyncio.TimeoutError):
        await socket.receive(timeout=0.3)
    await scope.heal()
    assert await whole_segment(socket)


async def test_a_hang_gives_no_sound_and_times_the_plugin_out(scope):
    tts = make_tts(scope)
    await scope.fault("tts", "hang", phase="stream")
    with pytest.raises(APITimeoutError):
        await spoken_by(tts, conn_options=APIConnectOptions(max_retry=0, timeout=0.4))


@pytest.mark.parametrize(("name", "close_code"), [("drop", 1006), ("close_1011", 1011), ("close_1008", 1008)])
async def test_the_connection_breaks_after_the_first_sound(scope, name, close_code):
    socket = await scope.open(WS)
    await scope.fault("tts", name)
    await say(socket, SENTENCE)
    assert (await next_message(socket))["type"] == "audio"
    await socket.receive(timeout=5)
    assert socket.close_code == close_code


@pytest.mark.parametrize("code", [1000, 1001])
async def test_trap_a_clean_close_in_mid_reply_looks_finished_to_the_plugin(scope, code):
    await scope.fault("tts", f"close_{code}")
    frames = await spoken_by(make_tts(scope))
    assert sum(frame.duration for frame in frames) < 0.5


async def test_close_at_the_handshake_can_be_asked_for(scope):
    await scope.fault("tts", "close_1011", phase="handshake", times=1)
    socket = await scope.open(WS)
    assert (await socket.receive(timeout=5)).type == aiohttp.WSMsgType.CLOSE


async def test_a_malformed_frame_comes_once_and_the_rest_follows(scope):
    await scope.fault("tts", "malformed")
    socket = await scope.open(WS)
    await say(socket, SENTENCE)
    texts = [(await socket.receive(timeout=5)).data for _ in range(3)]
    assert json.loads(texts[0])["type"] == "audio"
    with pytest.raises(json.JSONDecodeError):
        json.loads(texts[1])
    assert json.loads(texts[2])["type"] == "audio"


async def test_empty_is_a_completion_without_sound(scope):
    await scope.fault("tts", "empty")
    socket = await scope.open(WS)
    await say(socket, SENTENCE)
    assert await whole_segment(socket) == b""


async def test_trap_without_a_completion_event_the_plugin_waits_for_its_timeout(scope):
    """10 s by default; the same happens with `send_completion_event=False`."""
    await scope.fault("tts", "no_completion")
    with pytest.raises(APITimeoutError):
        await spoken_by(make_tts(scope), conn_options=APIConnectOptions(max_retry=0, timeout=1))
    await scope.heal()
    tts = make_tts(scope, send_completion_event=False)
    with pytest.raises(APITimeoutError):
        await spoken_by(tts, conn_options=APIConnectOptions(max_retry=0, timeout=1))


async def test_an_idle_socket_is_closed_and_a_ping_keeps_it_open_unless_the_fault_says_no(scope):
    await scope.set(idle_close_seconds=0.3)
    idle = await scope.open(WS)
    assert (await idle.receive(timeout=5)).data == 1000
    await scope.set(faults=[{"provider": "tts", "fault": "idle_close"}])
    pinged = await scope.open(WS)
    await pinged.send_str('{"type": "ping"}')
    assert (await pinged.receive(timeout=5)).data == 1000


async def test_a_client_that_leaves_in_mid_reply_is_seen(scope):
    await scope.set(tts_realtime_factor=5)
    socket = await scope.open(WS)
    await say(socket, SENTENCE)
    await next_message(socket)
    await socket.close()
    async with asyncio.timeout(5):
        while not await scope.seen("tts", "closed"):
            pass
    assert len(await scope.seen("tts", "cancelled")) == 1


async def test_rest_speaks_and_takes_both_names_of_the_language(scope):
    frames = [audio.frame async for audio in make_tts(scope).synthesize(SENTENCE, conn_options=ONCE)]
    assert loudness(frames) > 500
    body = {**CONFIG, "text": "வணக்கம்", "language_code": "ta-IN", "target_language_code": None}
    async with scope.http.post(
        f"{scope.base_url}/text-to-speech", json={**body, "output_audio_codec": "wav"}, headers=scope.headers
    ) as response:
        sound = base64.b64decode((await response.json())["audios"][0])
    assert sound[:4] == b"RIFF"


@pytest.mark.parametrize("name", ["forbidden", "server_error", "empty", "drop", "malformed"])
async def test_rest_faults_reach_the_plugin_as_errors(scope, name):
    await scope.fault("tts", name)
    with pytest.raises((APIError, APIConnectionError, ValueError)):
        async for _ in make_tts(scope).synthesize(SENTENCE, conn_options=ONCE):
            pass


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "a" * 2501}, []])
async def test_rest_refuses_a_text_it_cannot_speak(scope, body):
    if isinstance(body, dict):
        body = {**CONFIG, **body}
    async with scope.http.post(f"{scope.base_url}/text-to-speech", json=body, headers=scope.headers) as response:
        assert response.status == 400
