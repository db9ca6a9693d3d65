"""Cuts a transcript into comparable words: one spelling per word, whatever the recogniser's keyboard did.

The same Indic word arrives in several code point sequences (nukta composed or not, joiners, old and new chillu
letters, chandrabindu or anusvara); word lists can only match if both sides pass through here.
"""

import re
import unicodedata

_ZERO_WIDTH_JOINER = "\u200d"
_OLD_CHILLUS = {  # consonant, virama, joiner: how Malayalam finals were written before Unicode 5.1
    "\u0d23\u0d4d\u200d": "\u0d7a",
    "\u0d28\u0d4d\u200d": "\u0d7b",
    "\u0d30\u0d4d\u200d": "\u0d7c",
    "\u0d32\u0d4d\u200d": "\u0d7d",
    "\u0d33\u0d4d\u200d": "\u0d7e",
}
_IGNORED = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff'’`´"))
_CHANDRABINDU_TO_ANUSVARA = {0x0901: 0x0902, 0x0981: 0x0982, 0x0A01: 0x0A02, 0x0A81: 0x0A82}
_NUKTAS = dict.fromkeys([0x093C, 0x0A3C])  # written or left out at will in Hindi and Punjabi
_SEPARATORS = re.compile(r"[\s\-–—_/]+|[।॥]+")
_EDGES = re.compile(r"^[^\w@₹+]+|[^\w\u0900-\u0d7f@₹]+$")
TRAILING_OFF = "…"
ASKING = "?"


def same_spelling(text: str) -> str:
    """Fold what differs only in encoding or habit; for comparing, never for showing."""
    for old, new in _OLD_CHILLUS.items():
        text = text.replace(old, new)
    folded = unicodedata.normalize("NFC", text).casefold().translate(_IGNORED)
    return folded.translate(_CHANDRABINDU_TO_ANUSVARA).translate(_NUKTAS)


def words_of(text: str) -> tuple[str, ...]:
    """The words in order, without punctuation at their edges. `@` and dots inside a word stay: e-mail addresses."""
    pieces = _SEPARATORS.split(same_spelling(text))
    return tuple(word for piece in pieces if (word := _EDGES.sub("", piece)))


def closing_mark(text: str) -> str:
    """`?` for a question mark at the end, `…` for a comma, dash or ellipsis (the recogniser heard it go on)."""
    end = text.rstrip().rstrip("\"'”’)")
    if end.endswith(("?", "？", "؟")):
        return ASKING
    if end.endswith((",", "...", "…", "-", "–", "—", ":", ";")):
        return TRAILING_OFF
    return ""
