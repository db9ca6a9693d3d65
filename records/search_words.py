"""Spells words so that a search finds them in whatever letters they were written.

"ऑर्डर", "order" and "ordar" are one word to whoever looks for it. Both what was said and what is looked for pass through
here, so the two meet in the index: each word by its sound with vowels, and, where enough consonants are left to tell it
from others, by its consonants alone. Written for finding: more than one word may come to the same spelling.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

CONSONANTS_MIN = 3
"""Fewer consonants without their vowels are found in any two words."""
WORD_CHARACTERS_MAX = 40
_SKELETON = "-"
"""Stands in front of a word that is spelt by its consonants; no word begins with it."""

_FIRST, _BLOCK = 0x0900, 0x80
_BLOCKS = range(_FIRST, 0x0D80)
# The scripts of India have their letters at the same places of their blocks, so one table does for all nine.
# fmt: off
_CONSONANTS = dict(enumerate((
    "k", "kh", "g", "gh", "n", "ch", "ch", "j", "j", "n", "t", "t", "d", "d", "n", "t", "t", "d", "d", "n", "n",
    "p", "ph", "b", "b", "m", "y", "r", "r", "l", "l", "l", "v", "sh", "sh", "s", "h",
), start=0x15))
_VOWELS = dict(enumerate((
    "a", "a", "i", "i", "u", "u", "ri", "l", "e", "e", "e", "ai", "o", "o", "o", "au",
), start=0x05))
_SIGNS = dict(enumerate(("a", "i", "i", "u", "u", "ri", "ri", "e", "e", "e", "ai", "o", "o", "o", "au"), start=0x3E))
_WITH_DOT = {0x58: "k", 0x59: "kh", 0x5A: "g", 0x5B: "j", 0x5C: "d", 0x5D: "d", 0x5E: "ph", 0x5F: "y"}
# fmt: on
_NASALS = {0x00: "n", 0x01: "n", 0x02: "n", 0x03: "h", 0x70: "n"}
_CHILLUS = {0x7A: "n", 0x7B: "n", 0x7C: "r", 0x7D: "l", 0x7E: "l", 0x7F: "k"}
_VIRAMA, _DOT_BELOW = 0x4D, 0x3C
_JOINERS = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff'’`´"))
_WORD = re.compile(r"(?:\w|[\u0900-\u0d7f])+")

# Choices that writers of Latin letters make freely. In this order: longer spellings first.
_SPELLINGS = tuple((re.compile(written), kept) for written, kept in (
    ("sch", "sk"), ("chh|tch|ch", "C"), ("(?<=[aeiou])ck", "k"), ("ngk", "nk"), ("ndr", "nr"), ("zh", "l"), ("ph", "f"),
    ("aa", "a"), ("n(?=[pbm])", "m"), ("(?<=[aeioudr])g(?=e)|(?<=an)g(?=e)", "j"),
    ("[sk]h", lambda found: found[0][0]), ("[tdbgjcr]h", lambda found: found[0][0]), ("qu?", "k"), ("x", "ks"),
    ("c(?=[eiy])", "s"), ("c", "k"), ("C", "c"), ("z", "j"), ("w", "v"), ("(?<=[^aeiou])a(?=[^aeiouh]e$)", "e"),
    ("tion$|sion$", "san"), ("oo", "u"), ("ee|ea|ie|ey", "i"), ("ou|ow", "au"), ("ai|ay", "e"),
    ("(?<=[^aeiou])y$", "i"), (r"(.)\1+", r"\1"), ("(?<=[ie])y(?=[aeiou])", ""), ("(?<=..)[aeh]$", ""),
))  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")
_VOICED = str.maketrans("gdbjzvf", "ktpccpp")
"""Tamil writes one letter for the voiced sound and the unvoiced; consonants alone do not tell them apart."""
_VOWELS_WITHIN = re.compile(r"(?<=.)[aeiouyh]")
_VOWEL_AT_FIRST = re.compile(r"^[aeiou]")


def searchable(texts: Iterable[str | None]) -> str:
    """What the index holds of all that was said in a call: each spelling once, in order, between blanks."""
    spelt = {spelling for text in texts if text for word in words_of(text) for spelling in spellings_of(word)}
    return f" {' '.join(sorted(spelt))} " if spelt else ""


def words_of(text: str) -> list[str]:
    """The words of a text, in one encoding."""
    plain = unicodedata.normalize("NFKC", text.translate(_JOINERS)).casefold()
    return [word[:WORD_CHARACTERS_MAX] for word in _WORD.findall(plain)]


@lru_cache(maxsize=8192)
def spellings_of(word: str) -> tuple[str, ...]:
    """How a word stands in the index: by its sound, and by its consonants where there are enough."""
    sound = latin = in_latin_letters(word)
    if latin.isascii() and not any(character.isdigit() for character in latin):
        for pattern, kept in _SPELLINGS:
            sound = pattern.sub(kept, sound)
    sound = sound or latin
    bare = consonants_of(sound)
    return (sound, _SKELETON + bare) if len(bare) >= CONSONANTS_MIN and sound.isalpha() else (sound,)


def consonants_of(sound: str) -> str:
    """Its consonants, and whether it begins with a vowel."""
    bare = _VOWELS_WITHIN.sub("", _VOWEL_AT_FIRST.sub("a", sound)).translate(_VOICED)
    return _DOUBLED.sub(r"\1", bare)


def in_latin_letters(word: str) -> str:
    """The Latin spelling of a word in any Indian script; other letters stay, accents go, digits become ours."""
    written: list[str] = []
    vowel_is_due = False
    for character in unicodedata.normalize("NFC", word):
        code = ord(character)
        place = code % _BLOCK if code in _BLOCKS else -1
        if place in _SIGNS or place == _VIRAMA:
            written.append(_SIGNS.get(place, ""))
            vowel_is_due = False
            continue
        if place == _DOT_BELOW:
            continue  # it is left out as often as it is written
        if vowel_is_due:
            written.append("a")
        vowel_is_due = place in _CONSONANTS
        written.append(_letter(character, place))
    return "".join(written)


def _letter(character: str, place: int) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if place < 0:
        return unicodedata.normalize("NFD", character)[0]
    for table in (_CONSONANTS, _VOWELS, _NASALS, _CHILLUS, _WITH_DOT):
        if place in table:
            return table[place]
    return ""
