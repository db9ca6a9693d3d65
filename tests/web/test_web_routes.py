"""What the sandbox tells the page about itself, and the sentences it speaks for it."""

import io
import wave

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sandbox import web_files
from sandbox.languages import LANGUAGES
from sandbox.web_routes import SENTENCES, add_web_routes, page_config

# What the page asks for is the Unicode block of the language; danda and spaces belong to all.
BLOCKS = {
    "bn-IN": (0x980, 0x9FF), "gu-IN": (0xA80, 0xAFF), "hi-IN": (0x900, 0x97F), "kn-IN": (0xC80, 0xCFF),
    "ml-IN": (0xD00, 0xD7F), "mr-IN": (0x900, 0x97F), "od-IN": (0xB00, 0xB7F), "pa-IN": (0xA00, 0xA7F),
    "ta-IN": (0xB80, 0xBFF), "te-IN": (0xC00, 0xC7F), "en-IN": (0x41, 0x7A),
}  # fmt: skip


@pytest.fixture
async def sandbox():
    app = web.Application()
    add_web_routes(app)
    app.router.add_get("/{path:.*}", web_files.serve)
    async with TestClient(TestServer(app)) as client:
        yield client


def test_every_language_with_a_voice_has_sentences_in_its_own_script():
    for language, texts in LANGUAGES.items():
        first, last = BLOCKS[language]
        for sentence in SENTENCES:
            foreign = {c for c in getattr(texts, sentence) if c.isalpha() and not first <= ord(c) <= last}
            assert not foreign, (language, sentence, foreign)


def test_the_page_learns_endpoint_and_scope_from_the_environment():
    told = page_config({"SANDBOX_TOKEN_ENDPOINT": "http://127.0.0.1:9/", "SANDBOX_PAGE_SCOPE": "sandbox-demo"})

    assert told["token_endpoint"] == "http://127.0.0.1:9/"
    assert told["scope"] == "sandbox-demo"


def test_without_a_scope_the_page_is_told_that_there_is_nothing_to_steer():
    assert page_config({})["scope"] is None


@pytest.mark.parametrize("name", ["hi-IN", "hi-IN-interrupt"])
async def test_a_sentence_is_spoken_in_one_breath(sandbox, name):
    """A pause at the comma would look like the end of the turn, and cut the caller off."""
    answer = await sandbox.get(f"/samples/{name}.wav")
    assert answer.status == 200

    with wave.open(io.BytesIO(await answer.read())) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(float)
    frames = samples[: len(samples) // (rate // 100) * (rate // 100)].reshape(-1, rate // 100)
    voiced = np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > 200)
    assert len(voiced) > 80  # more than 0.8 s of speech
    assert np.diff(voiced).max() < 20  # no silence of 0.2 s inside


async def test_a_language_without_a_sentence_is_refused_with_those_that_have_one(sandbox):
    answer = await sandbox.get("/samples/fr-FR.wav")

    assert answer.status == 404
    assert "hi-IN" in await answer.text()


async def test_no_other_page_may_put_this_one_into_a_frame(sandbox):
    answer = await sandbox.get("/")

    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
