"""Takes out what is for the eye only: markdown, emoji, HTML tags. Works on one segment and never looks past it."""

import re

# Without the joiners ZWJ and ZWNJ: Malayalam, Marathi and Bengali spell with them (a filter that drops every
# ZWJ turns दुसऱ्या into another word), so only those between two emoji go.
_EMOJI_CHARS = (
    "\U0001f000-\U0001fbff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u25a0-\u25ff\u2190-\u21ff"
    "\u3030\u303d\u3297\u3299\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f\u00a9\u00ae\u2122\u203c\u2049"
)
_EMOJI = re.compile(f"[{_EMOJI_CHARS}](?:[{_EMOJI_CHARS}\u200d])*")
_SMILEY = re.compile(r"(?:(?<=\s)|^)(?:[:;]-?[()DPp]|<3)(?=\s|$)")

EYE_ONLY_CHARS = f"{_EMOJI_CHARS}*_`~#|\\[\\]<>{{}}\\\\^•·"

_LINK = re.compile(r"!?\[([^\[\]]*)\]\(([^()\s]*)[^()]*\)")
_STRUCK = re.compile(r"~~(?=\S)[^~]*~~")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,80}>")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,200})>")
_FENCE = re.compile(r"^\s*(?:```|~~~)\s*[\w+-]*")
_RULE = re.compile(r"^\s*(?:[-*_=]\s*){3,}$")
_TABLE_RULE = re.compile(r"^[\s|:-]*-[\s|:-]*$")
_LINE_MARK = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-+*•·–—]\s+)+(?:\[[ xX]\]\s+)?")
_MARKS = re.compile(r"[*`~|<>{}\[\]\\^•·]|(?<!\w)_+|_+(?!\w)")


def without_emoji(text: str) -> str:
    return _SMILEY.sub("", _EMOJI.sub("", text))


def without_structure(text: str, *, at_line_start: bool) -> str:
    """Links become their text, struck-out words and tags go, and what marks a heading, list or rule goes."""
    text = _AUTOLINK.sub(r"\1", text)
    text = _LINK.sub(lambda found: found[1] or found[2], text)
    text = _TAG.sub(" ", _STRUCK.sub(" ", text))
    if not at_line_start:
        return text
    text = _FENCE.sub("", text)
    body = text.rstrip()
    if _RULE.match(body) or ("|" in body and _TABLE_RULE.match(body)):
        return text[len(body) :]
    return _LINE_MARK.sub("", text)


def without_marks(text: str, *, at_line_start: bool) -> str:
    """Single marks that are left. Between the cells of a table row a comma stays, so that they are heard apart."""
    if "|" in text:
        text = re.sub(r"\|(?=[^|]*[^|\s])", ",", text.strip().lstrip("|") if at_line_start else text)
    return _MARKS.sub("", text).replace("_", " ")
