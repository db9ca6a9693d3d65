"""Read the languages of the sandbox: what its page shows, its voices speak and its scripted model answers in.

A table of its own, because a stand-in that shared the worker's would share its mistakes; a test compares the two.
"""

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "web" / "languages.json"


@dataclass(frozen=True, slots=True)
class Language:
    """One language, as the page's own file has it."""

    name: str
    english_name: str
    script: str
    """As Unicode names it: `Oriya`."""
    espeak_voice: str
    ask: str
    """A sentence that a caller may begin with."""
    interrupt: str
    """One that a caller may interrupt with."""
    bcp47: str = ""
    """The standard's tag, where Sarvam has another."""


LANGUAGES: dict[str, Language] = {
    code: Language(**row) for code, row in json.loads(FILE.read_text(encoding="utf-8")).items()
}
