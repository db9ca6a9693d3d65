"""Asks which language to speak, by key or by word: "For English, press 1", each line in its own language."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from livekit.agents.voice import SpeechHandle

from worker.end_of_turn.lexicon import LANGUAGES, lexicon
from worker.language.lexicon import lexicon as language_lexicon
from worker.text.normalise import normalised

MOST_WORDS = 6  # "hindi mein baat kijiye", "press two"; who says more speaks of what they call for
MOST_WORDS_OF_A_KEY = 2  # "do" is two in Hindi, and a word of many English sentences


class Other(Enum):
    """What a caller does instead of choosing."""

    NOTHING = "is silent"
    SPEAKS = "speaks of something else, which wants an answer and no greeting"


class LanguageMenu:
    """Asks one caller for their language."""

    def __init__(self, choices: Mapping[str, str], seconds: float, say: Callable[[str, str], SpeechHandle]) -> None:
        """Ask with these choices.

        Args:
            choices: Key -> language, in the order in which they are said.
            seconds: How long a choice is waited for when all have been said.
            say: Speaks the line of a language and its key.
        """
        self._choices = dict(choices)
        self._seconds = seconds
        self._say = say
        self._answer: asyncio.Future[str | Other] | None = None

    @property
    def is_open(self) -> bool:
        """Return whether the caller is being asked."""
        return self._answer is not None and not self._answer.done()

    async def ask(self) -> str | Other:
        """Say the choices, and return the language that was chosen."""
        self._answer = asyncio.get_running_loop().create_future()
        saying = asyncio.create_task(self._say_choices())
        either: set[asyncio.Future[Any]] = {saying, self._answer}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if saying.done():
                saying.result()  # what could not be said is an error of the opening's
            async with asyncio.timeout(self._seconds):
                return await self._answer
        except TimeoutError:
            return Other.NOTHING
        finally:
            self._answer.cancel()
            saying.cancel()

    def press(self, key: str) -> bool:
        """Take a key that chooses; False for any other, and when nobody is asked."""
        language = self._choices.get(key)
        return language is not None and self._choose(language)

    def hear(self, text: str) -> bool:
        """Take what the caller has said; False when it is no choice, which ends the asking."""
        language = self.named(text)
        if language is not None:
            return self._choose(language)
        if self.is_open and self._answer is not None:
            self._answer.set_result(Other.SPEAKS)
        return False

    def named(self, text: str) -> str | None:
        """Return the one choice that a few words name, by language or by key: "Hindi", "two", "तमिल में", "press 3"."""
        words = [word.strip(".,!?।|") for word in normalised(text).split()]
        if not 0 < len(words) <= MOST_WORDS:
            return None
        names = language_lexicon().language_names
        named = {code for word in words if (code := names.code_of(word)) in self._choices.values()}
        if not named and len(words) <= MOST_WORDS_OF_A_KEY:
            named = {self._choices[key] for word in words for key in _keys_in(word) if key in self._choices}
        return named.pop() if len(named) == 1 else None

    def _choose(self, language: str) -> bool:
        if not self.is_open or self._answer is None:
            return False
        self._answer.set_result(language)
        return True

    async def _say_choices(self) -> None:
        for key, language in self._choices.items():
            speech = self._say(language, key)
            await speech.wait_for_playout()
            if speech.interrupted:
                return


def _keys_in(word: str) -> set[str]:
    """Return the keys that a word may say: "2", "two", "do"."""
    if word.isdigit():
        return {word}
    return {digit for code in LANGUAGES if (digit := lexicon(code).digits.get(word)) is not None}
