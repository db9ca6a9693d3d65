"""One running sandbox for all tests of this room; every test has a scope (an API key) of its own."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field

import aiohttp
import numpy as np
import pytest
from livekit.plugins import sarvam
from livekit.plugins.sarvam import stt as plugin

from sandbox.speech import voices

HZ = 16000


@dataclass
class Scope:
    """What a test asks of the control endpoint, for its own key."""

    base_url: str
    key: str
    http: aiohttp.ClientSession
    sockets: list = field(default_factory=list)

    @property
    def ws_url(self):
        return self.base_url.replace("http", "ws", 1)

    @property
    def url(self):
        return f"{self.base_url}/control/scopes/{self.key}"

    @property
    def headers(self):
        return {"api-subscription-key": self.key}

    async def set(self, **settings):
        async with self.http.patch(self.url, json=settings) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def fault(self, provider, name, **more):
        await self.set(faults=[{"provider": provider, "fault": name, **more}])

    async def heal(self):
        await self.set(faults=[])

    async def queue(self, *entries):
        async with self.http.post(f"{self.url}/transcripts", json={"transcripts": list(entries)}) as response:
            assert response.status == 200, await response.text()
            return (await response.json())["queued_transcripts"]

    async def described(self):
        async with self.http.get(self.url) as response:
            return await response.json()

    async def seen(self, provider=None, kind=None):
        async with self.http.get(f"{self.url}/seen?after=0") as response:
            events = (await response.json())["events"]
        return [e for e in events if provider in (None, e["provider"]) and kind in (None, e["kind"])]

    async def open(self, path, **more):
        socket = await self.http.ws_connect(f"{self.ws_url}{path}", headers=self.headers, **more)
        self.sockets.append(socket)
        return socket


@pytest.fixture(scope="session")
def sandbox_url():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SANDBOX_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    listening = process.stdout.readline()
    assert listening.startswith("sandbox listening on http://127.0.0.1:"), listening
    assert process.stdout.readline() == "sandbox ready\n"
    url = listening.split()[-1]
    assert json.load(urllib.request.urlopen(f"{url}/control/health")) == {"status": "ok"}
    yield url
    process.terminate()
    assert process.wait(timeout=10) == 0, "SIGTERM is a clean end"


_numbers = itertools.count()


@pytest.fixture
async def scope(sandbox_url):
    async with aiohttp.ClientSession() as http, asyncio.timeout(40):
        mine = Scope(sandbox_url, f"test-{next(_numbers)}", http)
        await mine.set(
            stt_end_of_speech_seconds=0.2,
            stt_final_seconds=0.05,
            llm_first_token_seconds=0.02,
            llm_token_seconds=0.0,
            tts_first_byte_seconds=0.02,
            tts_realtime_factor=0.0,
            orders_seconds=0.0,
        )
        yield mine
        for socket in mine.sockets:
            await socket.close()


def silence(seconds, hz=HZ):
    return np.zeros(int(seconds * hz), np.int16)


def tone(seconds, hz=HZ, level=4000):
    """Something voiced, with an exact beginning and end."""
    return (level * np.sin(np.arange(int(seconds * hz)) * 2 * np.pi * 200 / hz)).astype(np.int16)


def spoken(text, language="en-IN", hz=HZ):
    return voices.render(text, language, sample_rate=hz)


def joined(*parts):
    return np.concatenate(parts)


@pytest.fixture
def stt(scope, monkeypatch):
    """The unmodified plugin. Its `base_url` argument is inert, so the module's addresses are set."""
    monkeypatch.setattr(plugin, "SARVAM_STT_BASE_URL", f"{scope.base_url}/speech-to-text")
    monkeypatch.setattr(plugin, "SARVAM_STT_STREAMING_URL", f"{scope.ws_url}/speech-to-text/ws")
    return sarvam.STT(language="unknown", api_key=scope.key, http_session=scope.http)
