"""Cut a transcript into comparable words: one spelling per word, whatever the recogniser's keyboard did.

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
_SCRIPTS = (  # first and last code point of each block, and the language that names it
    (0x0900, 0x097F, "deva"),
    (0x0980, 0x09FF, "beng"),
    (0x0A00, 0x0A7F, "guru"),
    (0x0A80, 0x0AFF, "gujr"),
    (0x0B00, 0x0B7F, "orya"),
    (0x0B80, 0x0BFF, "taml"),
    (0x0C00, 0x0C7F, "telu"),
    (0x0C80, 0x0CFF, "knda"),
    (0x0D00, 0x0D7F, "mlym"),
)
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


def script_of(word: str) -> str:
    """The script of the first letter that has an Indic one, else `latin` (which includes digits)."""
    for letter in word:
        code_point = ord(letter)
        if code_point < 0x0900:
            continue
        for first, last, script in _SCRIPTS:
            if first <= code_point <= last:
                return script
    return "latin"
