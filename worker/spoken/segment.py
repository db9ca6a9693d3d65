"""Turns one segment of written text into spoken text: the order of the passes is the whole art, so it is all here."""

import html
import re
import unicodedata

from worker.spoken import (
    amounts,
    calendar,
    called,
    endings,
    labelled,
    markup,
    public_codes,
    romans,
    shorthand,
    versions,
    web,
)
from worker.spoken.forms import SpokenForms
from worker.spoken.numbers import digits

_NATIVE_DIGITS = {
    start + value: str(value)
    for start in (0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0x2080, 0xFF10)
    for value in range(10)
}
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_MASK = re.compile(
    r"(?P<shown>(?<![\w.,])\+?[0-9]{2,6}(?=[\s-]?[Xx*•●]))?[\s-]?"
    r"(?:(?<!\w)|(?<=[0-9]))(?:(?:(?:X{3,}|x{3,})(?![A-Za-z]|[0-9](?![0-9]{2,5}(?![A-Za-z0-9])))|\*{4,}(?=[\s-]*[0-9*])|[•●]{2,}(?=[\s-]*[0-9•●]))[\s-]*)+"
)  # what is hidden is not read out
_ROMAN_LETTER = re.compile("[IVX]")
_RATE = re.compile(r"(?<!\S)@\s?(?=[₹0-9]|Rs)")
_FORMULA = re.compile(r"\$([^$\n]{0,110}[\\^][^$\n]{0,110})\$")
_DISPLAYED = re.compile(r"\$\$([^$\n]{1,120})\$\$")
_TEXT = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathit|operatorname|boxed)\{([^{}\n]{1,60})\}")
_FORMULA_SIGN = re.compile(r"\\(times|cdot|div|pm|leq?|geq?|approx|neq?|%|\$)(?![A-Za-z])\s*")
_FORMULA_SIGNS = {
    "times": "×", "cdot": "×", "div": "÷", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "approx": "≈",
    "ne": "≠", "neq": "≠", "%": "%", "$": "$",
}  # fmt: skip
_FORMULA_LAYOUT = re.compile(r"\\(?:left|right|big|Big|quad|qquad|displaystyle)(?![A-Za-z])|\\[()\[\],;!]")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}")
_ROOT = re.compile(r"\\sqrt\{([^{}]{1,60})\}")
_POWER = re.compile(r"\^\{?([0-9]{1,3})\}?")
_FIGURES = re.compile("[0-9]+")
_DIGIT = re.compile("[0-9]")
_KEY = re.compile(r"(?:(?<=[\s(\"'])|^)[#*](?=[\s)\"'.,]|$)")  # of a telephone
_KEY_CUE = re.compile(r"(?:\b(?:press|dial|hit|enter|key|or)\s|[(\"'])$", re.IGNORECASE)
_TIME_SIGN = re.compile(r"[0-9]:[0-9]|[0-9]\.[0-5][0-9](?![0-9])|[0-9]\s?[AaPp]\.?\s?[Mm]")
_CODE_SIGN = re.compile(r"[A-Za-z][-/_]?[0-9]|[0-9][-/_]?[A-Za-z]")
_ADDRESS_SIGN = re.compile(r"[A-Za-z0-9]\.[A-Za-z]|@|://|[Ww]\.")
_SHORTEST_PHONE = 8
_LONE_SIGN = re.compile("[&@+=×%₹$€£°#/±≈≠]")
_LISTED = re.compile(r"^\s*([0-9]{1,2})[.)]\s+")
_HTTP = re.compile(r"http(s?)", re.IGNORECASE)
_DASHES = frozenset("-–—")
_SPACE_BEFORE_STOP = re.compile(r" +([,.!?;:।])(?!\w)")
_REPEATED_COMMA = re.compile(r",(?:\s*,)+")


def say_segment(text: str, before: str, forms: SpokenForms, *, at_line_start: bool) -> str:
    """Spoken form of `text`, without space at either end.

    Each pass runs only where a character it could need is present: most segments need two or three.

    Args:
        before: What was written before it, for words such as "OTP" that decide how a number is read.
    """
    ascii_only = text.isascii()
    if not ascii_only:
        text = text.translate(_NATIVE_DIGITS)
    if "&" in text and ";" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if "^" in text or "\\" in text or "$$" in text:
        text = _say_formulas(text, forms)
    if "T" in text:
        text = calendar.without_seconds_and_zone(text)
    if _ROMAN_LETTER.search(text):
        text = romans.say_numerals(text, before, forms)
    text = _MASK.sub(lambda found: _shown_figures(found, before, forms), text)
    text = shorthand.written_out(text, before, forms)
    if "@" in text:
        text = _RATE.sub(f"{forms.symbols['rate']} ", text)
    text = amounts.say_comparisons(text, forms, at_line_start=at_line_start)
    chars = set(text)
    if not ascii_only or chars & set(":;<"):
        text = markup.without_emoji(text)
    if chars & set("+×*=÷x") or "/ " in text:
        text = amounts.say_sums(text, before, forms)
    if not at_line_start and chars & set("#*"):
        text = _say_keys(text, before, forms)
    if at_line_start or chars & set("[<~"):
        text = markup.without_structure(text, at_line_start=at_line_start)
    if _ADDRESS_SIGN.search(text):
        text = web.say_addresses(text, forms)
    text = markup.without_marks(text, at_line_start=at_line_start)
    if at_line_start:
        text = _LISTED.sub(r"\1, ", text)
    if _DIGIT.search(text):
        text = _say_all_numbers(text, before.translate(_NATIVE_DIGITS), forms)
    return _tidy(_say_lone_signs(text, forms))


def _say_all_numbers(text: str, before: str, forms: SpokenForms) -> str:
    if "/" in text:
        text = amounts.say_per(text, forms)
    text = endings.mark_apart(text, before, forms)
    if len(_DIGIT.findall(text)) >= public_codes.FEWEST_PLATE_FIGURES:
        text = public_codes.say_plates(text, forms)
    if labelled.SIGN.search(text):
        text = labelled.say_labelled_codes(text, before, forms)
    if versions.SIGN.search(text):
        text = versions.say_versions(text, before, forms)
    if called.SHORTEST.search(text):
        text = called.say_called_numbers(text, before, forms)
    if ":" in text:
        text = amounts.say_ratios(text, before, forms)
    if "h" in text or "H" in text:
        text = calendar.with_colons(text, before, forms)
    text = amounts.say_money(text, forms)
    text = calendar.say_dates(text, forms)
    if _TIME_SIGN.search(text):
        text = calendar.say_times(text, before, forms)
    if len(_DIGIT.findall(text)) >= _SHORTEST_PHONE:
        text = amounts.say_phones(text, forms)
    if _CODE_SIGN.search(text):
        text = amounts.say_codes(text, before, forms)
    if _DIGIT.search(text):
        text = amounts.say_numbers(text, before, forms)
    text = endings.join_apart(text, forms)
    return _FIGURES.sub(lambda found: f" {digits(found[0], forms.numbers)} ", text)  # ".5", "1..2"


def _shown_figures(found: re.Match[str], before: str, forms: SpokenForms) -> str:
    """4315 XXXX XXXX 2208: what is shown before the mask is read by itself, and what is shown behind it too."""
    shown = found["shown"] or ""
    first = f"{shown[: shown.startswith('+')]}#{shown.lstrip('+')}, " if shown else ""
    if not found.string[found.end() : found.end() + 1].isdigit():
        return first.rstrip(", ")
    return f"{first}{_named_last(found, before, forms)}#"


_CLAUSES = re.compile("[.,;!?।]")


def _named_last(found: re.Match[str], before: str, forms: SpokenForms) -> str:
    """The language's "last figures", where no word beside the mask says so: చివరి అంకెలు 7810."""
    left, right = f"{before}{found.string[: found.start()]}", found.string[found.end() :]
    around = _CLAUSES.split(left)[-1].split()[-4:] + _CLAUSES.split(right)[0].split()[:4]
    words = (word.lower().strip(":()-0123456789") for word in around)
    said = forms.symbols["masked"]
    return "" if not said or any(word.startswith(forms.mask_ends) for word in words) else f"{said} "


def _say_keys(text: str, before: str, forms: SpokenForms) -> str:
    """Press # or *. A lone * may be what is left of a list, so it needs such a word, or quotation marks."""

    def spoken(found: re.Match[str]) -> str:
        if found[0] == "#":
            return forms.symbols["hash"]
        return forms.symbols["star"] if _KEY_CUE.search(f"{before}{text[: found.start()]}") else found[0]

    return _KEY.sub(spoken, text)


def _say_formulas(text: str, forms: SpokenForms) -> str:
    """$x^2$ is x squared, \\frac{1}{2} is one by two. The $ around a formula is no dollar."""
    say = forms.symbols
    text = _FORMULA.sub(r"\1", _DISPLAYED.sub(r"\1", text))
    text = _FORMULA_LAYOUT.sub(" ", _TEXT.sub(r" \1 ", text))
    text = _FORMULA_SIGN.sub(lambda found: f" {(sign := _FORMULA_SIGNS[found[1]])}{'' if sign in '≤≥$' else ' '}", text)
    text = _FRACTION.sub(lambda found: f" {found[1]} {say['by']} {found[2]} ", text)
    text = _ROOT.sub(lambda found: f" {say['root']} {found[1]}", text)
    powers = {"2": say["squared"], "3": say["cubed"]}
    return _POWER.sub(lambda found: f" {powers.get(found[1]) or say['power'] + ' ' + found[1]} ", text)


def _say_lone_signs(text: str, forms: SpokenForms) -> str:
    if not _LONE_SIGN.search(text):
        return text
    say = forms.symbols
    named = {"&": say["and"], "@": say["at"], "+": say["plus"], "=": say["equals"], "×": say["times"]}
    named |= {"±": say["plus_minus"], "≈": say["about"], "≠": say["not_equal"]}
    named["%"] = forms.numbers.percent.format("")
    named |= {sign: forms.money[forms.currencies[sign]][1].format("") for sign in "₹$€£"}
    return _LONE_SIGN.sub(lambda found: f" {named.get(found[0], '')} ", text)


def _tidy(text: str) -> str:
    if "http" in text.lower():
        text = _HTTP.sub(lambda found: "H T T P S" if found[1] else "H T T P", text)
    text = " ".join("," if word in _DASHES else word for word in text.split())
    text = _SPACE_BEFORE_STOP.sub(r"\1", text)
    if ",," in text or ", ," in text:
        text = _REPEATED_COMMA.sub(",", text)
    text = text.replace("॰", "")
    return unicodedata.normalize("NFC", text) if not text.isascii() else text
