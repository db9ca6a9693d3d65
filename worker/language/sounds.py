"""Writes a word of any script by its sound, so that a language is known in letters that are not its own.

A recogniser that takes Hindi for Telugu writes it in Telugu letters, as it heard it. Each script keeps other sounds
apart, so what some of them cannot write is left out of the spelling of all: long and short, breathed or not.
"""

from __future__ import annotations

import re
from functools import lru_cache

from worker.language.romanised import BLOCK_SIZE, romanised
from worker.language.words import folded
from worker.text.scripts import LATIN

KEPT_ANSWERS = 4096
"""How many words' sounds are kept: a call repeats its words. Bounded, because a caller can say anything."""
SOUND, SOUND_IN_TAMIL = "sound", "sound in tamil"
"""What stands for a script where a word is spelt by its sound."""
TAMIL = "tamil"
_DIPHTHONGS = (("yaay", "e"), ("ai", "e"), ("au", "o"))
_GLIDE = re.compile(r"(?<=[ie])y(?=[aeiou])")
_UNSTEADY_A = re.compile(r"(?<=[^aeiou])a")
_HAS_ONE_LETTER = str.maketrans("gdbjsf", "ktpccp")
"""Tamil writes one letter for the voiced sound and the unvoiced."""
SURE_SOUND = 3
"""Shorter ones are found in any two languages."""
_NASAL_DOTS = frozenset({0x01, 0x02})
_SHORTEST_WITH_NASAL = 3
_VOWELS = frozenset("aeiou")


@lru_cache(maxsize=KEPT_ANSWERS)
def sound_of(word: str, script: str) -> str:
    """The sound of a word that is written in Latin or in any Indian script."""
    latin = word if script == LATIN else romanised(_without_last_nasal(word))
    for written, spoken in _DIPHTHONGS:
        latin = latin.replace(written, spoken)
    sound = folded(_GLIDE.sub("", latin))
    # Whether an "a" is spoken is written in the north by nobody, and in the south always.
    without_a = _UNSTEADY_A.sub("", sound)
    return without_a if len(without_a) >= SURE_SOUND else sound[:SURE_SOUND] + sound[SURE_SOUND:].removesuffix("a")


def _without_last_nasal(word: str) -> str:
    """Without a dot at its end: it is an "m" in the south, and next to nothing in the north."""
    return word[:-1] if len(word) > 1 and ord(word[-1]) % BLOCK_SIZE in _NASAL_DOTS else word


def without_last_nasal(latin: str) -> str:
    """A Latin word as letters with such a dot are read here."""
    return latin[:-1] if len(latin) > _SHORTEST_WITH_NASAL and latin[-2:-1] in _VOWELS and latin[-1] in "mn" else latin


def sound_in_tamil(sound: str) -> str:
    """What is left of a sound in Tamil letters."""
    return sound.replace("ngk", "nk").translate(_HAS_ONE_LETTER).replace("ngk", "nk")


def consonants_of(sound: str) -> str:
    """The frame of a sound that any script keeps of it: "order" and "ஆர்டர்" are rtr."""
    kept = sound.replace("ck", "k").replace("c", "k").replace("v", "b").translate(_HAS_ONE_LETTER)
    return "".join(letter for letter in kept if letter not in _VOWELS and letter not in "yhw")
