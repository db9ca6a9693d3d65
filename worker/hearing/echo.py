"""Tells the agent's own words, come back through the caller's loudspeaker, from the caller's.

Recognisers mishear an echo here and there, cut it anywhere, and write a borrowed word in the letters of the language
around it; a caller may speak into it. So words are compared one by one, roughly, with what the agent has just said.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

from worker.language.sounds import consonants_of, sound_of
from worker.text.scripts import indic_script_of

_WORD = re.compile(r"[^\s.,!?।॥…:;()\-\"'“”‘’]+")
ALIKE = 0.6  # of its letters: "thirsty" heard as "thirty", "पानी" as "पाणी"
ALIKE_IN_SOUND = 0.7  # in other letters than it was written in: "order" heard as "ऑर्डर"
ALIKE_IN_CONSONANTS = 0.85  # "order" heard as "ஆர்டர்": an Indian script writes the vowels of English as it likes
FEWEST_CONSONANTS = 3
FEWEST_WORDS = 3  # fewer are what people answer: "Monday?" "Monday", "home or office?" "the office"
FEWEST_LETTERS = 10
MISHEARD_SHARE = 0.2  # of an echo's words; "your order is ready", "my order is ready?" is a question of the caller's
LONGEST_HEARD_WORDS = 80


@dataclass(frozen=True, slots=True)
class Echo:
    """Splits what was heard: the agent's own words at its beginning, and what the caller has said behind them."""

    rest: str
    letters_from_start: int
    """How many letters the agent had still to say when it began to say these words."""
    letters_from_end: int
    """The same, when it had said them."""


def find_echo(heard: str, said: str) -> Echo | None:
    """Return the echo that `heard` begins with, or is; None where the caller speaks for themselves."""
    spans = [match.span() for match in _WORD.finditer(heard)][:LONGEST_HEARD_WORDS]
    words, spoken = [_folded(heard[start:end]) for start, end in spans], _folded_words(said)
    if len(words) < FEWEST_WORDS or not spoken:
        return None
    places = _places(words, spoken)
    while places and 1 + max(places) - len(places) > MISHEARD_SHARE * (1 + max(places)):
        del places[max(places)]  # one of the caller's own words, which the agent has used too
    if len(places) < FEWEST_WORDS or sum(len(words[place]) for place in places) < FEWEST_LETTERS:
        return None
    echoed, first, last = 1 + max(places), min(places.values()), max(places.values())
    return Echo(
        rest=heard[spans[echoed - 1][1] :].lstrip(" .,!?।…"),
        letters_from_start=len(" ".join(spoken[first:])),
        letters_from_end=len(" ".join(spoken[last + 1 :])),
    )


def _places(words: list[str], spoken: list[str]) -> dict[int, int]:
    """Match heard words to spoken ones, in one stretch of what was said."""
    different = sorted(set(spoken))
    scripts = {each: indic_script_of(each) for each in different}
    # For each script that was heard, once: the words in other letters, by their sound.
    foreign = {
        heard: {sound_of(each, script): each for each, script in scripts.items() if script != heard}
        for heard in {indic_script_of(word) for word in words}
    }
    alike = {word: _spoken_as(word, different, foreign) for word in set(words)}
    known = [alike[word] for word in words]
    longest = SequenceMatcher(None, known, spoken, autojunk=False).find_longest_match()
    begin = max(0, longest.b - longest.a - 2)
    stretch = spoken[begin : longest.b + len(words) - longest.a + 2]
    blocks = SequenceMatcher(None, known, stretch, autojunk=False).get_matching_blocks()
    return {block.a + step: begin + block.b + step for block in blocks for step in range(block.size)}


def _spoken_as(word: str, different: list[str], foreign: dict[str, dict[str, str]]) -> str:
    """Return which of the spoken words was heard as this one; the word itself where none was."""
    if close := get_close_matches(word, different, n=1, cutoff=ALIKE):
        return close[0]
    script = indic_script_of(word)
    close = get_close_matches(sound_of(word, script), foreign[script], n=1, cutoff=ALIKE_IN_SOUND)
    if close:
        return foreign[script][close[0]]
    frame = consonants_of(sound_of(word, script))
    if len(frame) < FEWEST_CONSONANTS:
        return word
    framed = {consonants_of(sound): each for sound, each in foreign[script].items()}
    close = get_close_matches(frame, framed, n=1, cutoff=ALIKE_IN_CONSONANTS)
    return framed[close[0]] if close else word


def _folded_words(text: str) -> list[str]:
    return [_folded(word) for word in _WORD.findall(text)]


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKD", word).casefold()
