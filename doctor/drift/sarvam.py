"""What Sarvam offers, which has no list: each model is connected to, and refusals name voices. Nothing is billed.

A socket that opens proves its model and its limits; a voice that cannot be is refused with those that are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import urlencode

import aiohttp

from doctor.drift.named import DEFAULT_TTS_MODEL, Named
from doctor.drift.pages import page, rupees
from doctor.drift.rows import Row, State
from doctor.refusals import quoted
from doctor.sarvam import UPGRADE
from worker.providers.prices import Price

REQUEST_SECONDS = 15.0
NO_VOICE = "no_such_voice"
OURS = {"saaras:v4-realtime": "saaras:v4"}
"""Names of our own for a model on the realtime socket."""
WHOLE_TURNS, STREAMING = "/speech-to-text/ws", "/speech-to-text-realtime/ws"
VOICE, VOICE_V4 = "/text-to-speech/ws", "/text-to-speech/ws/v2"
# What the plugin asks for beside a model: a refusal must be for what has moved, not for what was left out.
_ASKED = {
    WHOLE_TURNS: {"language-code": "unknown", "vad_signals": "true", "sample_rate": "16000", "mode": "codemix"},
    STREAMING: {
        "language_code": "auto", "stream_type": "balanced", "endpointing": "vad", "encoding": "linear16",
        "sample_rate": "16000", "mode": "codemix", "return_timestamps": "false",
    },
    VOICE: {"send_completion_event": "True"},
    VOICE_V4: {"send_completion_event": "True"},
}  # fmt: skip
_SERVICES = {"stt": ("speech to text", "(hour|hr)"), "tts": ("", r"10[,.]?(K|000)\s*characters")}


class Unanswered(Exception):
    """Sarvam has not said what it offers; the message says why."""


class Sarvam:
    """Asks Sarvam's API with one key."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"api-subscription-key": key}
        self._limit = aiohttp.ClientTimeout(total=REQUEST_SECONDS)

    async def models(self, known: Named) -> list[Row]:
        """Connect to each model that may be chosen."""
        rows = []
        for model in known.stt_models:
            realtime = model.endswith("-realtime")
            path = STREAMING if realtime else WHOLE_TURNS
            rows.append(await self._model(path, OURS.get(model, model), model, "STT_MODEL"))
        for model in known.voices:
            path = VOICE_V4 if model == "bulbul:v4-flash" else VOICE
            rows.append(await self._model(path, model, model, "TTS_MODEL"))
        return rows

    async def _model(self, path: str, model: str, name: str, variable: str) -> Row:
        try:
            refusal = await self._refusal(path, _ASKED[path] | {"model": model})
        except Unanswered as why:
            return Row("models", name, State.FAILED, str(why))
        if refusal is None:
            return Row("models", name, State.SAME, "is served")
        return Row(
            "models", name, State.MOVED, f"refused: {refusal}. Take it out of {variable}'s choices (worker/settings.py)"
        )

    async def voices(self, known: Named) -> list[Row]:
        """Ask each model for a voice that cannot be; its refusal lists those that are."""
        rows = []
        for model, voices in known.voices.items():
            name = f"{len(voices)} of {model}"
            try:
                said = await self._refused_voice({"model": model})
            except Unanswered as why:
                rows.append(Row("voices", name, State.FAILED, str(why)))
                continue
            listed = set(re.findall(r"\w+", said))
            missing = [voice for voice in voices if voice not in listed]
            if len(missing) == len(voices):
                told = f"the refusal names none ({said[:80]}); `make doctor` has each language's speak"
                rows.append(Row("voices", name, State.NOT_LISTED, told))
            elif missing:
                told = f"{', '.join(missing)} no longer: mend worker/providers/sarvam_voices.py and TTS_VOICES"
                rows.append(Row("voices", name, State.MOVED, told))
            else:
                rows.append(Row("voices", name, State.SAME, "all there"))
        return rows

    async def default(self) -> Row:
        """Ask for a voice that cannot be, of no model: the refusal names the model that was taken."""
        name = "voice model of a request without one"
        try:
            said = await self._refused_voice({})
        except Unanswered as why:
            return Row("defaults", name, State.FAILED, str(why))
        taken = re.search(r"bulbul:[\w.-]*\w", said)
        if taken is None:
            return Row("defaults", name, State.NOT_LISTED, "the refusal does not name it")
        if taken[0] != DEFAULT_TTS_MODEL:
            told = f"is {taken[0]}, was {DEFAULT_TTS_MODEL}: mend the stand-in and doctor/drift/named.py"
            return Row("defaults", name, State.MOVED, told)
        return Row("defaults", name, State.SAME, f"is {DEFAULT_TTS_MODEL}")

    async def limits(self, known: Named) -> Row:
        """Connect with as many key terms as settings allow, each as long as they allow."""
        most, characters = known.keyterms
        terms = [f"{number:02d}".ljust(characters, "x") for number in range(most)]
        name = f"{most} key terms of {characters} characters"
        try:
            asked = _ASKED[WHOLE_TURNS] | {"model": "saaras:v4"}
            refusal = await self._refusal(WHOLE_TURNS, asked | {"keyterms": json.dumps(terms)})
            if refusal is not None and await self._refusal(WHOLE_TURNS, asked) is not None:
                return Row("limits", name, State.NOT_ASKED, "saaras:v4 is not served: see models")
        except Unanswered as why:
            return Row("limits", name, State.FAILED, str(why))
        if refusal is not None:
            told = f"refused: {refusal}. Mend KEYTERMS_MAX and KEYTERM_CHARS_MAX (worker/settings.py)"
            return Row("limits", name, State.MOVED, told)
        return Row("limits", name, State.SAME, "are taken")

    async def _refusal(self, path: str, query: Mapping[str, str]) -> str | None:
        """Open a socket and close it at once; returns why it was refused, None when it opened.

        Raises:
            Unanswered: The answer says nothing about what was asked.
        """
        url = f"{self._url}{path}?{urlencode(query)}"
        try:
            async with self._http.get(url, headers=self._headers | UPGRADE, timeout=self._limit) as answer:
                if answer.status == 101:
                    answer.close()
                    return None
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unanswered(f"Sarvam does not answer ({type(error).__name__}): see `make doctor`") from None
        return self._words(status, text)

    async def _refused_voice(self, body: Mapping[str, str]) -> str:
        request = {"target_language_code": "en-IN", "text": "Hi", "speaker": NO_VOICE, **body}
        try:
            url = f"{self._url}/text-to-speech"
            async with self._http.post(url, json=request, headers=self._headers, timeout=self._limit) as answer:
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unanswered(f"Sarvam does not answer ({type(error).__name__}): see `make doctor`") from None
        return self._words(status, text)

    @staticmethod
    def _words(status: int, text: str) -> str:
        if status not in (400, 404, 422):
            raise Unanswered(f"Sarvam answers HTTP {status}: see `make doctor`")
        return quoted(text, longest=20_000)


def price(text: str | None, entry: Price) -> Row:
    """Compare a price with Sarvam's page."""
    service, per = _SERVICES[entry.kind]
    service = service or entry.model.replace(":", " ")
    listed = None if text is None or "realtime" in entry.model else rupees(text, service, per)
    if listed is None:
        return Row("prices", entry.model, State.NOT_LISTED, f"no price to read; checked by hand on {entry.read_on}")
    ours = entry.figures.get("price")
    if listed != ours:
        said = f"is ₹{listed:g}, the table says {'unknown' if ours is None else f'₹{ours:g}'} ({entry.unit})"
        return Row(
            "prices", entry.model, State.MOVED, f"{said}: mend worker/providers/data/prices.toml, and its read_on"
        )
    return Row("prices", entry.model, State.SAME, f"as on {entry.read_on}")


async def prices_page(http: aiohttp.ClientSession, docs: str) -> str | None:
    """Fetch the page with all of Sarvam's prices."""
    return await page(http, f"{docs}/getting-started/pricing.md")
