"""Counts what one call uses and will be billed for, also where the framework's own counters say less.

They count what a provider reports when an answer is complete. A recogniser's socket hears the silence between turns
too; a reply that is broken off is never complete, and was written and spoken all the same.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from livekit import rtc
from livekit.agents import APIError, llm

from worker.reply.pieces import Piece, words_of

COUNTERS = (
    "audio_duration", "characters_count", "input_tokens", "input_cached_tokens", "input_cache_creation_tokens",
    "output_tokens", "total_requests",
)  # fmt: skip


class CallUsage:
    """Counts what one agent of a call uses."""

    def __init__(
        self, *, recogniser: str = "", voice: str = "", model: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin to count.

        Args:
            recogniser: The model that hears this call, as it is set: the plugin calls several by one name.
            voice: The model that speaks.
            model: The one that a request is counted under whose answer was broken off.
            clock: Seconds.
        """
        self._recogniser, self._voice, self._model = recogniser, voice, model
        self._clock = clock
        self._session: Any = None
        self._heard_seconds = 0.0
        self._spoken_characters = 0
        self._besides: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._lines: dict[tuple[str, str], tuple[float, float | None]] = {}
        self._ended_at: float | None = None

    def session_told(self, usage: Any) -> None:
        """Take the framework's counters in."""
        self._session = usage

    def heard(self, frame: rtc.AudioFrame) -> None:
        """Count sound that a recogniser is sent."""
        self._heard_seconds += frame.duration

    def spoken(self, text: str) -> None:
        """Count words that a voice is sent."""
        self._spoken_characters += len(text)

    def besides(self, usage: Mapping[str, Mapping[str, float]]) -> None:
        """Count what the framework knows nothing of: counters, a row a model."""
        for key, counters in usage.items():
            for name, count in counters.items():
                self._besides[key][name] += count

    def joined(self, line: str, who: str = "") -> None:
        """Begin to count the seconds on a line; `who` tells one telephone from another."""
        self._lines.setdefault((line, who), (self._clock(), None))

    def left_line(self, line: str, who: str) -> None:
        """Stop counting the seconds of one who has left before the others."""
        if (counted := self._lines.get((line, who))) is not None and counted[1] is None:
            self._lines[line, who] = (counted[0], self._clock())

    def left(self) -> None:
        """Stop counting seconds: what follows is said to nobody."""
        self._ended_at = self._ended_at or self._clock()

    async def through(self, answer: AsyncIterable[Piece], asked_tokens: int) -> AsyncIterator[Piece]:
        """Pass an answer of the model on; one that ends before it has told its tokens is counted by what was seen."""
        told, written = False, 0
        async with AsyncExitStack() as stack:
            if (close := getattr(answer, "aclose", None)) is not None:
                stack.push_async_callback(close)
            try:
                async for piece in answer:
                    told = told or (isinstance(piece, llm.ChatChunk) and piece.usage is not None)
                    written += bool(words_of(piece))
                    yield piece
            except APIError:
                told = told or not written  # nobody is billed for a request that was refused
                raise
            finally:
                if not told:
                    counters = {"input_tokens": asked_tokens, "output_tokens": written}
                    self.besides({f"llm_usage:{self._model}": counters})

    def rows(self) -> dict[str, dict[str, float]]:
        """Return the counters so far: a row a model (`llm_usage:gpt-6-luna`) or a line."""
        rows = _of_session(self._session)
        heard = sum(row.get("audio_duration", 0.0) for row in _taken(rows, "stt_usage:"))
        if heard := max(heard, self._heard_seconds):
            rows[f"stt_usage:{self._recogniser}"] = {"audio_duration": round(heard, 2)}
        spoken = sum(row.get("characters_count", 0) for row in _taken(rows, "tts_usage:"))
        if spoken := max(spoken, self._spoken_characters):
            rows[f"tts_usage:{self._voice}"] = {"characters_count": spoken}
        for key, counters in self._besides.items():
            row = rows.setdefault(key, {})
            for name, count in counters.items():
                row[name] = row.get(name, 0) + count
        now = self._ended_at or self._clock()
        seconds: dict[str, float] = defaultdict(float)
        for (line, _), (since, until) in self._lines.items():
            seconds[line] += (until or now) - since
        return rows | {line: {"seconds": round(total, 1)} for line, total in seconds.items()}


def _of_session(usage: Any) -> dict[str, dict[str, float]]:
    return {
        f"{model.type}:{model.model}": {name: value for name in COUNTERS if (value := getattr(model, name, 0))}
        for model in getattr(usage, "model_usage", [])
    }


def _taken(rows: dict[str, dict[str, float]], prefix: str) -> list[Mapping[str, float]]:
    return [rows.pop(key) for key in list(rows) if key.startswith(prefix)]
