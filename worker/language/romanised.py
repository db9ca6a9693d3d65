"""Writes a word of an Indian script in Latin letters, as people type it.

So that words can be compared across scripts: dictionaries are native, what callers type is often Latin. The scripts
of India have their letters at the same places of their Unicode blocks, so one table does for all of them.
"""

from __future__ import annotations

from worker.text.scripts import script_of

_FIRST_BLOCK, _LAST_BLOCK, BLOCK_SIZE = 0x0900, 0x0D00, 0x80
# fmt: off
_CONSONANTS = dict(enumerate((
    "k", "kh", "g", "gh", "ng", "ch", "chh", "j", "jh", "n", "t", "th", "d", "dh", "n", "t", "th", "d", "dh", "n", "n",
    "p", "ph", "b", "bh", "m", "y", "r", "r", "l", "l", "l", "v", "sh", "sh", "s", "h",
), start=0x15))
_VOWELS = dict(enumerate(
    ("a", "aa", "i", "ee", "u", "oo", "ri", "l", "e", "e", "e", "ai", "o", "o", "o", "au"), start=0x05
))
_VOWEL_SIGNS = dict(enumerate(
    ("aa", "i", "ee", "u", "oo", "ri", "ri", "e", "e", "e", "ai", "o", "o", "o", "au"), start=0x3E
))
# fmt: on
_VOICES = {0x01: "n", 0x02: "n", 0x03: "h", 0x70: "n"}
_VIRAMA = 0x4D
# Malayalam writes a consonant without its vowel as a letter of its own.
_CHILLUS = {0x7A: "n", 0x7B: "n", 0x7C: "r", 0x7D: "l", 0x7E: "l", 0x7F: "k"}
_ENDS_WITHOUT_VOWEL = frozenset({"devanagari", "bengali", "gurmukhi", "gujarati"})
"""In these scripts the vowel that every consonant carries is not spoken at a word's end."""


def romanised(word: str) -> str:
    """The Latin spelling of a word; letters of no Indian script stay as they are."""
    written: list[str] = []
    vowel_is_due = False
    for character in word:
        code = ord(character)
        place = code % BLOCK_SIZE if _FIRST_BLOCK <= code < _LAST_BLOCK + BLOCK_SIZE else -1
        if place in _VOWEL_SIGNS or place == _VIRAMA:
            written.append(_VOWEL_SIGNS.get(place, ""))
            vowel_is_due = False
            continue
        if vowel_is_due:
            written.append("a")
        vowel_is_due = place in _CONSONANTS
        written.append(
            _CONSONANTS.get(place) or _VOWELS.get(place) or _VOICES.get(place) or _CHILLUS.get(place)
            or ("" if place >= 0 else character)
        )  # fmt: skip
    if vowel_is_due and script_of(word[-1]) not in _ENDS_WITHOUT_VOWEL:
        written.append("a")
    return "".join(written)
