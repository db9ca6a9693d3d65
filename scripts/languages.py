"""Show what each language has and lacks, one row a language: what `make languages` prints.

With `--check`, exit status 1 if a language that calls are held in lacks something.
Apart from the worker because it also asks the token function, the sandbox and the corpora, which ship apart from it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from join_token.grants import VOICE_LANGUAGES

from sandbox.languages import LANGUAGES as SANDBOX_LANGUAGES
from sandbox.openai.phrases import PHRASES as SANDBOX_PHRASES
from worker import lang
from worker.language.lexicon import lexicon
from worker.languages import ENGLISH, LANGUAGES, Language
from worker.providers.sarvam_voices import default_voices
from worker.settings import TtsSettings
from worker.text.normalise import normalised

ROOT = Path(__file__).resolve().parents[1]
MIN_LINES = 10
"""A corpus with fewer says nothing about a language."""
NAMED = 8
"""How many lacking sections of a part are named; `make languages` names the rest as these are mended."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a language has, whole, in pieces or not at all."""

    heading: str
    lacking: tuple[str, ...]
    """Sections, or what else is not there."""
    is_begun: bool

    @property
    def shortage(self) -> str:
        """What is lacking, in a line that can be read."""
        named = ", ".join(self.lacking[:NAMED])
        more = len(self.lacking) - NAMED
        return f"{named} and {more} more" if more > 0 else named

    @property
    def cell(self) -> str:
        if not self.lacking:
            return "yes"
        return f"lacks {len(self.lacking)}" if self.is_begun else "-"


def parts_of(code: str) -> list[Part]:
    """Every part of a language, in the order of the table."""
    files = [
        Part(part, tuple(lang.lacking(code, part)), is_begun=bool(lang.part_of(code, part))) for part in lang.PARTS
    ]
    elsewhere = [Part(name, tuple(lacks(LANGUAGES[code])), is_begun=False) for name, lacks in ELSEWHERE.items()]
    return files + elsewhere


def _name(language: Language) -> list[str]:
    names = lexicon().language_names
    said = (language.english_name, language.endonym)
    return [name for name in said if names.code_of(normalised(name)) != language.code]


def _voice(language: Language) -> list[str]:
    model = TtsSettings.model_fields["model"].default
    return [] if default_voices(model, language.code) else [f"a voice of {model} (worker/providers/sarvam_voices.py)"]


def _token(language: Language) -> list[str]:
    return [] if language.code in VOICE_LANGUAGES else ["VOICE_LANGUAGES (functions/token/join_token/grants.py)"]


def _sandbox(language: Language) -> list[str]:
    lacking = [] if language.code in SANDBOX_LANGUAGES else ["sandbox/web/languages.json"]
    said = SANDBOX_PHRASES.get(language.code, {})
    return lacking + [f"{name} (sandbox/openai/phrases.py)" for name in SANDBOX_PHRASES[ENGLISH] if not said.get(name)]


def _corpora(language: Language) -> list[str]:
    corpora = [ROOT / "tests" / room / "corpus" / f"{language.subtag}.txt" for room in ("language", "end_of_turn")]
    return [str(path.relative_to(ROOT)) for path in corpora if _lines(path) < MIN_LINES]


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else 0


ELSEWHERE: Mapping[str, Callable[[Language], list[str]]] = {
    "name": _name,
    "voice": _voice,
    "token": _token,
    "sandbox": _sandbox,
    "corpora": _corpora,
}
"""What is not a file of the language's own -> what of it is lacking."""


def table(parts: Mapping[str, list[Part]]) -> str:
    """One row a language."""
    headings = ["language", "", "calls", *(part.heading for part in next(iter(parts.values())))]
    rows = [
        [code, LANGUAGES[code].english_name, "yes" if LANGUAGES[code].is_offered else "-", *(p.cell for p in own)]
        for code, own in parts.items()
    ]
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *rows)
    )


def _shortages(code: str, own: list[Part]) -> list[str]:
    return [f"{code} lacks, in {part.heading}: {part.shortage}" for part in own if part.lacking]


def main(arguments: list[str] | None = None) -> int:
    """Print the table; exit status 1 if `--check` finds a language that is offered and not whole."""
    options = argparse.ArgumentParser(prog="python -m scripts.languages", description=__doc__)
    options.add_argument("--check", action="store_true", help="fail if a language that is offered is not whole")
    check = options.parse_args(arguments).check
    parts = {code: parts_of(code) for code in LANGUAGES}
    print(table(parts))
    shortages = {code: _shortages(code, own) for code, own in parts.items()}
    for lines in filter(None, shortages.values()):
        print("", *lines, sep="\n")
    broken = [code for code, lines in shortages.items() if lines and LANGUAGES[code].is_offered]
    if broken:
        print(f"\nCalls are held in {', '.join(broken)}, which lacks something. Add it, or set is_offered=False.")
    return 1 if check and broken else 0


if __name__ == "__main__":
    sys.exit(main())
