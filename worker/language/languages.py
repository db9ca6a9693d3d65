"""The languages we can speak, and how to name them to a language model.

A table of its own because the conversation needs the names and scripts without the rules.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """One language that has a voice."""

    code: str
    """As the speech provider wants it: BCP 47 with region; Odia is `od-IN`, not `or-IN`."""
    english_name: str
    endonym: str
    script: str


LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language("bn-IN", "Bengali", "বাংলা", "Bengali script"),
        Language("en-IN", "English", "English", "Latin script"),
        Language("gu-IN", "Gujarati", "ગુજરાતી", "Gujarati script"),
        Language("hi-IN", "Hindi", "हिन्दी", "Devanagari"),
        Language("kn-IN", "Kannada", "ಕನ್ನಡ", "Kannada script"),
        Language("ml-IN", "Malayalam", "മലയാളം", "Malayalam script"),
        Language("mr-IN", "Marathi", "मराठी", "Devanagari"),
        Language("od-IN", "Odia", "ଓଡ଼ିଆ", "Odia script"),
        Language("pa-IN", "Punjabi", "ਪੰਜਾਬੀ", "Gurmukhi"),
        Language("ta-IN", "Tamil", "தமிழ்", "Tamil script"),
        Language("te-IN", "Telugu", "తెలుగు", "Telugu script"),
    )
}

SUPPORTED: tuple[str, ...] = tuple(LANGUAGES)
"""The codes of every language that has a voice, in alphabetical order."""

# Other names for the same languages, seen from recognisers and frameworks. `or` is Odia's ISO code.
_ALIASES = {"or": "od", "ory": "od", "ori": "od"} | {
    three: two
    for two, threes in {
        "bn": "ben", "en": "eng", "gu": "guj", "hi": "hin", "kn": "kan", "ml": "mal",
        "mr": "mar", "pa": "pan", "ta": "tam", "te": "tel",
    }.items()
    for three in (threes,)
}  # fmt: skip
_BY_SUBTAG = {code.split("-")[0]: code for code in SUPPORTED}


def canonical_code(tag: object) -> str | None:
    """The supported code that a recogniser's tag means, or None for anything else (null, garbage, no voice)."""
    if not isinstance(tag, str) or len(tag) > 32:
        return None
    subtag = tag.strip().lower().replace("_", "-").split("-")[0]
    return _BY_SUBTAG.get(_ALIASES.get(subtag, subtag))
