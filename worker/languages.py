"""Lists the languages we know, one row each: every other list of languages in the worker is made from this one.

A row says what a language is; what we know of its words is in its data files.
"""

from __future__ import annotations

from dataclasses import dataclass

from worker.text.scripts import SCRIPTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language."""

    code: str
    """As the conversation and Sarvam's voices write it: BCP 47 with region, but Odia is `od-IN`."""
    english_name: str
    endonym: str
    script: str
    """A name of worker/text/scripts.py."""
    other_subtags: tuple[str, ...]
    """How recognisers and frameworks also begin its tag: ISO 639-2 and -3."""
    speakers_millions: float
    """In India, census of 2011, as a first language; English as any. The larger one is the better guess."""
    standard_subtag: str = ""
    """As BCP 47 has it, where `code` has another."""
    std_codes: tuple[str, ...] = ()
    """Area codes of landlines where it is the language to greet in. Source: National Numbering Plan (DoT, 2003)."""
    is_offered: bool = True
    """Whether calls are held in it. False while we only know it, so as not to take it for a neighbour."""

    @property
    def subtag(self) -> str:
        """The language without its region: `hi`."""
        return self.code.partition("-")[0]

    @property
    def standard_code(self) -> str:
        """As BCP 47 has it: `or-IN` for Odia."""
        return f"{self.standard_subtag or self.subtag}-IN"

    @property
    def script_name(self) -> str:
        """The script as a language model is told it: "Tamil script"."""
        return SCRIPTS[self.script].english_name


_ROWS = (
    Language(
        code="bn-IN", english_name="Bengali", endonym="বাংলা", script="bengali",
        other_subtags=("ben",), speakers_millions=97.2, std_codes=("33",),
    ),
    Language(
        code="en-IN", english_name="English", endonym="English", script="latin",
        other_subtags=("eng",), speakers_millions=129.3,
    ),
    Language(
        code="gu-IN", english_name="Gujarati", endonym="ગુજરાતી", script="gujarati",
        other_subtags=("guj",), speakers_millions=55.5, std_codes=("79", "261", "265"),
    ),
    Language(
        code="hi-IN", english_name="Hindi", endonym="हिन्दी", script="devanagari",
        other_subtags=("hin",), speakers_millions=528.3, std_codes=("11", "141", "522", "532", "612", "755"),
    ),
    Language(
        code="kn-IN", english_name="Kannada", endonym="ಕನ್ನಡ", script="kannada",
        other_subtags=("kan",), speakers_millions=43.7, std_codes=("80", "821", "824"),
    ),
    Language(
        code="ml-IN", english_name="Malayalam", endonym="മലയാളം", script="malayalam",
        other_subtags=("mal",), speakers_millions=34.8, std_codes=("471", "484", "495"),
    ),
    Language(
        code="mr-IN", english_name="Marathi", endonym="मराठी", script="devanagari",
        other_subtags=("mar",), speakers_millions=83.0, std_codes=("20", "22", "253", "712"),
    ),
    Language(
        code="od-IN", english_name="Odia", endonym="ଓଡ଼ିଆ", script="odia", standard_subtag="or",
        other_subtags=("ori", "ory"), speakers_millions=37.5, std_codes=("671", "674"),
    ),
    Language(
        code="pa-IN", english_name="Punjabi", endonym="ਪੰਜਾਬੀ", script="gurmukhi",
        other_subtags=("pan",), speakers_millions=33.1, std_codes=("161", "172", "183"),
    ),
    Language(
        code="ta-IN", english_name="Tamil", endonym="தமிழ்", script="tamil",
        other_subtags=("tam",), speakers_millions=69.0, std_codes=("422", "44", "452"),
    ),
    Language(
        code="te-IN", english_name="Telugu", endonym="తెలుగు", script="telugu",
        other_subtags=("tel",), speakers_millions=81.1, std_codes=("40", "866", "891"),
    ),
)  # fmt: skip

ENGLISH = "en-IN"
"""What is spoken where we know no better, and what every language of India borrows from."""

LANGUAGES: dict[str, Language] = {language.code: language for language in _ROWS}

SUPPORTED: tuple[str, ...] = tuple(sorted(code for code, language in LANGUAGES.items() if language.is_offered))
"""The codes of the languages that calls are held in, in alphabetical order."""

BY_SPEAKERS: tuple[str, ...] = tuple(sorted(SUPPORTED, key=lambda code: -LANGUAGES[code].speakers_millions))
"""The same, the likeliest first."""

WRITTEN_IN: dict[str, tuple[str, ...]] = {
    script: tuple(code for code in BY_SPEAKERS if LANGUAGES[code].script == script) for script in SCRIPTS
}
"""Script -> the supported languages that are written in it, the likeliest first."""

_BY_SUBTAG = {
    subtag: language.code
    for language in _ROWS
    for subtag in (language.subtag, language.standard_subtag or language.subtag, *language.other_subtags)
}


def known_code(tag: object) -> str | None:
    """The code of the language that a tag means (`hi`, `hin-IN`, `or_IN`); None for any other tag, and for garbage."""
    if not isinstance(tag, str) or len(tag) > 32:
        return None
    return _BY_SUBTAG.get(tag.strip().lower().replace("_", "-").partition("-")[0])


def canonical_code(tag: object) -> str | None:
    """The supported code that a recogniser's tag means; None for anything else (null, garbage, no voice)."""
    code = known_code(tag)
    return code if code in SUPPORTED else None
