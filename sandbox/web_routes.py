"""Tell the page where it is, and speak its sample sentences.

Apart from the stand-ins because the page is no provider: it also works hosted anywhere else, without these routes.
"""

import io
import os
import wave
from collections.abc import Mapping

from aiohttp import web

from sandbox.languages import LANGUAGES
from sandbox.speech.voices import render_async

SENTENCES = ("ask", "interrupt")
SAMPLE_RATE_HZ = 24000
FRESH = {"Cache-Control": "no-cache"}  # a restarted sandbox has another port and another scope


def add_web_routes(app: web.Application) -> None:
    """Add `/config.json` and `/samples/{language}.wav`. Add them before any route that catches every path."""
    app.router.add_get("/config.json", _config)
    app.router.add_get("/samples/{name}.wav", _sample)


def page_config(environment: Mapping[str, str]) -> dict[str, str | None]:
    """What the page needs to know about this sandbox: whom to ask for a token, and which scope to steer.

    Without a scope (real providers behind the worker) the page offers no faults and queues no transcripts.
    """
    return {
        "token_endpoint": environment.get("SANDBOX_TOKEN_ENDPOINT", ""),
        "scope": environment.get("SANDBOX_PAGE_SCOPE") or None,
        "control": "/control",
        "price_note": environment.get("SANDBOX_PRICE_NOTE", ""),
    }


async def _config(_request: web.Request) -> web.Response:
    return web.json_response(page_config(os.environ), headers=FRESH)


async def _sample(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    sentence = next((each for each in SENTENCES if name.endswith(f"-{each}")), "ask")
    language = name.removesuffix(f"-{sentence}")
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise web.HTTPNotFound(text=f"no sample sentence in {language!r}; there is one in each of: {known}")
    return web.Response(body=await sample_wav(language, sentence), content_type="audio/wav", headers=FRESH)


async def sample_wav(language: str, sentence: str = "ask") -> bytes:
    """A sentence as a WAV file, spoken in one breath: a pause at a comma would look like the end of the turn."""
    spoken = LANGUAGES[language]
    text = (spoken.interrupt if sentence == "interrupt" else spoken.ask).replace(",", "")
    samples = await render_async(text, language, voice="caller", sample_rate=SAMPLE_RATE_HZ)
    recording = io.BytesIO()
    with wave.open(recording, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples.tobytes())
    return recording.getvalue()
