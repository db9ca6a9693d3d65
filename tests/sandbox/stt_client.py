"""What both rooms of speech-to-text tests say and hear."""

import asyncio
import base64
import json

from livekit import rtc
from livekit.agents.stt import SpeechEventType

from tests.sandbox.conftest import HZ, joined, silence, tone

PATH = "/speech-to-text/ws?language-code=unknown&model=saaras:v4&vad_signals=true&sample_rate=16000&mode=transcribe"
UTTERANCE = joined(silence(0.3), tone(0.5), silence(0.5))


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
