"""Spells every word one way, whatever the recogniser's keyboard did: for comparing, never for showing or saying.

The same word arrives in several sequences of code points: nukta composed, apart or left out, joiners, old and new
chillu letters, chandrabindu or anusvara, four apostrophes or none. Lists match only if both sides pass through here.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_OLD_CHILLUS = {  # consonant, virama, joiner: how Malayalam finals were written before Unicode 5.1
    "\u0d23\u0d4d\u200d": "\u0d7a",
    "\u0d28\u0d4d\u200d": "\u0d7b",
    "\u0d30\u0d4d\u200d": "\u0d7c",
    "\u0d32\u0d4d\u200d": "\u0d7d",
    "\u0d33\u0d4d\u200d": "\u0d7e",
    "\u0d15\u0d4d\u200d": "\u0d7f",
}
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_APOSTROPHES = "'’`´"
_LEFT_OUT = dict.fromkeys(map(ord, _INVISIBLE + _APOSTROPHES))
_NUKTAS = dict.fromkeys((0x093C, 0x09BC, 0x0A3C, 0x0ABC, 0x0B3C))  # recognisers drop the dot as often as they write it
_WITH_NUKTA = {0x0929: 0x0928, 0x0931: 0x0930, 0x0934: 0x0933}  # letters that Unicode composes with it
_CHANDRABINDU_TO_ANUSVARA = {0x0901: 0x0902, 0x0981: 0x0982, 0x0A01: 0x0A02, 0x0A81: 0x0A82}
_FOLDED = _NUKTAS | _WITH_NUKTA | _CHANDRABINDU_TO_ANUSVARA


def normalised(text: str) -> str:
    """One spelling for all that differs only in encoding, case or habit."""
    if _JOINER in text:
        for old, new in _OLD_CHILLUS.items():
            text = text.replace(old, new)
    return unicodedata.normalize("NFKC", text.translate(_LEFT_OUT)).casefold().translate(_FOLDED)
