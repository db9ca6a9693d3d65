"""A console on loopback with calls in its database, for the browser's tests and for its pictures."""

import asyncio
import io
import wave
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import uvicorn

from console.app import console_app
from console.settings import settings_from
from records.engine import new_engine, upgrade
from sandbox.stack.processes import free_port
from tests.console.seeded import Seed

SOUND_SECONDS, SOUND_HZ = 30, 8000
ATTACK = "<img src=x onerror=\"document.title='attacked'\"><script>document.title='attacked'</script>"


class ServedConsole:
    """Where it is, and what is in it."""

    def __init__(self, folder):
        self.database = f"sqlite+aiosqlite:///{folder}/calls.db"
        self.recordings = folder / "recordings"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def seed(self):
        return Seed(self.database)

    async def fill(self):
        """Two months of calls, one of them recorded, one full of markup."""
        self.recordings.mkdir()
        (self.recordings / "call.wav").write_bytes(sound())
        engine = new_engine(self.database)
        await upgrade(engine)
        await engine.dispose()
        async with self.seed() as seed:
            for fields in calls(self.recordings):
                await seed.call(*fields.pop("said"), **fields)


def sound():
    """A caller on the left and an agent on the right, by turns."""
    at = np.arange(SOUND_SECONDS * SOUND_HZ) / SOUND_HZ
    tone = 8000 * np.sin(2 * np.pi * 300 * at)
    sides = np.stack([tone * (at % 6 < 3), tone * (at % 6 >= 3)], axis=1).astype(np.int16)
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SOUND_HZ)
        file.writeframes(sides.tobytes())
    return written.getvalue()


def calls(recordings):
    stages = {"end_of_turn": 0.42, "llm": 0.31, "tts": 0.22, "e2e": 1.08}
    order = {"heard": "मेरा ऑर्डर कब तक आएगा?", "reply": "आपका ऑर्डर कल शाम तक आ जाएगा।", "stages_seconds": stages}
    tamil = {
        "heard": "பில் எவ்வளவு?",
        "reply": "உங்கள் பில் ஆயிரத்து இருநூறு ரூபாய்.",
        "reply_language": "ta-IN",
        "heard_language": "ta-IN",
        "language_reason": "script",
        "stages_seconds": stages | {"llm": 1.9, "e2e": 2.7},
    }
    yield {
        "said": [order, tamil, ("thank you", "You are welcome.")],
        "id": "recorded",
        "languages": ["hi-IN", "ta-IN"],
        "recording": f"file://{recordings}/call.wav",
        "summary": "The caller asked when the order comes and for the bill.",
        "outcome": {"intent": "order and bill", "resolved": True, "sentiment": "positive"},
        "rupees": 1.93,
        "tools": [{"turn": 1, "name": "order_status", "outcome": "ok", "ms": 112, "arguments": {"order": "4711"}}],
        "faults": [{"code": "llm_timeout", "detail": "TimeoutError", "said": "एक पल दीजिए।"}],
        "minutes": 1,
        "consents": [{"purpose": "both", "state": "given", "by": "voice", "language": "hi-IN", "turn": 1}],
    }
    yield {"said": [(ATTACK, ATTACK)], "id": "attack", "summary": ATTACK, "outcome": {ATTACK: ATTACK}, "minutes": 2}
    for number in range(60):
        slow = number % 7 == 0
        yield {
            "said": [order | {"stages_seconds": stages | {"e2e": 4.5 if slow else 1.0 + number % 5 / 10}}]
            * (1 + number % 3),
            "minutes": -600 * number,
            "channel": "phone" if number % 3 else "page",
            "rupees": 1 + number % 4 / 2,
            "outcome": {"resolved": number % 4 != 0},
            "faults": [{"code": "stt_closed"}] if slow else [],
        }


def going_on(**fields):
    """A call that has just begun."""
    now = datetime.now(UTC)
    return {
        "id": "live",
        "started_at": now - timedelta(seconds=9),
        "last_event_at": now,
        "ended_at": None,
        "end_reason": None,
    } | fields


@asynccontextmanager
async def served_console(folder):
    """A console that is filled and answers."""
    console = ServedConsole(folder)
    await console.fill()
    settings = settings_from(
        {"CONSOLE_RECORDS_URL": console.database, "CONSOLE_RECORDINGS_URL": f"file://{console.recordings}"}
    )
    config = uvicorn.Config(
        console_app(settings),
        host="127.0.0.1",
        port=console.port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    serving = asyncio.create_task(server._serve())
    async with asyncio.timeout(20):
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)  # noqa: TID251 - uvicorn has no event for it
    yield console
    server.should_exit = True
    await serving
