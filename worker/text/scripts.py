"""Names the scripts that Indian languages are written in.

One table, because whoever judges words asks first which languages a letter can belong to. Every script of India has a
Unicode block of 128 characters to itself.
"""

from __future__ import annotations

from dataclasses import dataclass

LATIN = "latin"
OTHER = "other"
"""Any script that no language of ours is written in."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script and where Unicode has it."""

    name: str
    """As rules and word lists say it: `devanagari`."""
    english_name: str
    """As a language model is told it: "Devanagari", "Tamil script"."""
    first_code_point: int


SCRIPTS: dict[str, Script] = {
    script.name: script
    for script in (
        Script(LATIN, "Latin script", 0x0000),
        Script("devanagari", "Devanagari", 0x0900),
        Script("bengali", "Bengali script", 0x0980),
        Script("gurmukhi", "Gurmukhi", 0x0A00),
        Script("gujarati", "Gujarati script", 0x0A80),
        Script("odia", "Odia script", 0x0B00),
        Script("tamil", "Tamil script", 0x0B80),
        Script("telugu", "Telugu script", 0x0C00),
        Script("kannada", "Kannada script", 0x0C80),
        Script("malayalam", "Malayalam script", 0x0D00),
    )
}

_BLOCK_BITS = 7
_LATIN_BLOCKS = (*range(5), 0x1E00 >> _BLOCK_BITS, 0x1E80 >> _BLOCK_BITS)
_SCRIPT_OF_BLOCK = {script.first_code_point >> _BLOCK_BITS: script.name for script in SCRIPTS.values()}
_SCRIPT_OF_BLOCK.update(dict.fromkeys(_LATIN_BLOCKS, LATIN))


def script_of(letter: str) -> str:
    """The script of a letter: a key of SCRIPTS, or OTHER."""
    return _SCRIPT_OF_BLOCK.get(ord(letter) >> _BLOCK_BITS, OTHER)


def indic_script_of(word: str) -> str:
    """The script of the first letter that has an Indic one, else LATIN (which includes digits)."""
    for letter in word:
        script = script_of(letter)
        if script not in (LATIN, OTHER):
            return script
    return LATIN
