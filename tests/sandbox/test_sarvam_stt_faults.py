"""What goes wrong with speech to text, and what the official plugin makes of it."""

import asyncio

import aiohttp
import numpy as np
import pytest
from livekit.agents import APIConnectOptions, APIError, APIStatusError, APITimeoutError
from livekit.agents.stt import SpeechEventType
from livekit.plugins import sarvam
from livekit.plugins.sarvam import stt as plugin

from tests.sandbox.conftest import silence
from tests.sandbox.stt_client import PATH, UTTERANCE, events_of, finals, push, send, signal


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
    sent_at = asyncio.get_running_loop().time()
    await send(socket, UTTERANCE)
    _, final_at = await signal(socket, "data")
    assert 0.6 <= final_at - sent_at <= 2.0


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


async def test_two_keys_do_not_share_scripts_or_faults(scope):
    await scope.fault("stt", "forbidden")
    other = f"{scope.key}-other"
    socket = await scope.http.ws_connect(f"{scope.ws_url}{PATH}", headers={"api-subscription-key": other})
    await socket.close()
    assert np.all([event["fault"] == "forbidden" for event in await scope.seen("stt", "fault")])
