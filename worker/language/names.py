"""Tells which language a word names, in any script, with or without a case ending grown onto it.

"Punjabi" is ಪಂಜಾಬಿ, ଓଡ଼ିଆରେ is "in Odia", "tamilil" is "in Tamil": every name can meet every ending of the language it is
said in, and both are spelt freely. So names and endings are two lists, and what writers vary is left out of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

from worker.language.words import loosely_spelt
from worker.text.normalise import normalised
from worker.text.scripts import LATIN, script_of

_BLOCKS = range(0x0900, 0x0D80, 0x80)
_LONG_TO_SHORT = {block + long: block + long - 1 for block in _BLOCKS for long in (0x08, 0x0A, 0x40, 0x42)}
"""Long i and u, letters and signs, at the same places in each script's block: writers mix them with the short ones."""
_DROPPED_BEFORE_ENDING = "ம" + "".join(chr(block + sign) for block in _BLOCKS for sign in (0x02, 0x41, 0x4D))
"""What the bare name ends in and loses before an ending: an anusvara, a u, a virama or the m of "malayalam"."""
_LATIN_DROPPED = ("am", "u", "a")
_FIRST = 2
KEPT_ANSWERS = 4096
"""How many words' answers are kept: a call repeats its words. Bounded, because a caller can say anything."""


def key(word: str) -> str:
    """One spelling for all ways to write a name."""
    return loosely_spelt(word).translate(_LONG_TO_SHORT)


@dataclass(slots=True, eq=False)
class LanguageNames:
    """Names and endings, as look-up tables. Equal only to itself, so that answers can be kept."""

    whole: dict[str, str] = field(default_factory=dict)
    """Name's key -> supported code, or `unsupported:name`."""
    stems: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """First letters -> (stem, code), longest stem first."""
    endings: frozenset[str] = frozenset()

    @lru_cache(maxsize=KEPT_ANSWERS)  # noqa: B019 (one table per process)
    def code_of(self, word: str) -> str | None:
        """The language that a word names, or None."""
        spelt = key(word)
        whole = self.whole.get(spelt)
        if whole is not None:
            return whole
        for stem, code in self.stems.get(spelt[:_FIRST], ()):
            if spelt.startswith(stem) and spelt[len(stem) :] in self.endings:
                return code
        return None

    def is_bare(self, word: str) -> bool:
        """Whether the word is a name without an ending."""
        return key(word) in self.whole


def read_names(table: Mapping[str, Mapping[str, str]]) -> LanguageNames:
    """The tables of lang/shared/language_names.toml: [names], [stems], [joints] and [endings]."""
    names = LanguageNames()
    for section in ("names", "stems"):
        for code, spellings in table[section].items():
            for name in normalised(spellings).split():
                if section == "names":
                    names.whole[key(name)] = code
                for stem in _stems(key(name)):
                    names.stems.setdefault(stem[:_FIRST], []).append((stem, code))
    for known in names.stems.values():
        known.sort(key=lambda pair: (-len(pair[0]), pair))
    names.endings = frozenset(_endings(table))
    return names


def _stems(name: str) -> Iterable[str]:
    yield name
    if script_of(name[0]) == LATIN:
        yield from (name.removesuffix(end) for end in _LATIN_DROPPED if name.endswith(end) and len(name) > len(end) + 3)
    elif (stem := name.rstrip(_DROPPED_BEFORE_ENDING)) != name:
        yield stem


def _endings(table: Mapping[str, Mapping[str, str]]) -> Iterable[str]:
    """Each script's endings, each alone and behind each of the script's joints ("yalli", "nalli", "dalli")."""
    for script, written in table["endings"].items():
        endings = [key(ending) for ending in normalised(written).split()]
        joints = [key(joint) for joint in normalised(table["joints"].get(script, "")).split()]
        yield from endings
        yield from (key(joint + ending) for joint, ending in product(joints, endings))
