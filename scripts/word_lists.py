"""Writes the word lists of worker/lang/ one entry a line, sorted and each once, so that a change shows as what it is.

A string is a list of words, an array one of phrases. Comments, reasons (`why`) and the order of sections stay; a list
that fits in a line stays in one. `make fix` runs this, a test fails where it has not.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LISTS = (
    "*/identity.toml", "*/endings.toml", "shared/asking.toml", "shared/english_*.toml", "shared/language_names.toml",
    "shared/loanwords.toml", "shared/mail.toml", "shared/proper_names.toml", "shared/unsupported.toml",
    "shared/wish_forms.toml",
)  # fmt: skip
"""Files below worker/lang whose lists have no order of their own; shared_words.toml is written by its own script."""
PROSE = {"why", "own_letters", "code"}
LONGEST_LINE = 100
_KEY = r'^(?P<key>[\w-]+|"[^"\n]+") = '
_END = r"(?=[ \t]*(?:#[^\n]*)?$)"
_WORDS = re.compile(_KEY + r'(?:"""(?P<long>[^"]*)"""|"(?P<short>[^"\n]*)")' + _END, re.MULTILINE)
_PHRASES = re.compile(_KEY + r"(?P<array>\[[^\]]*\])" + _END, re.MULTILINE)


def files() -> list[Path]:
    """The files whose lists are kept in order."""
    return sorted(path for pattern in LISTS for path in (ROOT / "worker" / "lang").glob(pattern))


def formatted(text: str) -> str:
    """A file with its lists in order."""
    return _PHRASES.sub(_phrases, _WORDS.sub(_words, text))


def _words(found: re.Match[str]) -> str:
    if found["key"] in PROSE:
        return found[0]
    words = sorted(set((found["long"] or found["short"] or "").split()))
    if "|" in words or any(word.endswith(",") for word in words):
        raise ValueError(f"{found['key']}: a string is a list of words; write phrases as an array")
    line = f'{found["key"]} = "{" ".join(words)}"'
    if len(line) <= LONGEST_LINE:
        return line
    return f'{found["key"]} = """\n' + "\n".join(words) + '\n"""'


def _phrases(found: re.Match[str]) -> str:
    listed = tomllib.loads(f"phrases = {found['array']}")["phrases"]
    phrases = [json.dumps(phrase, ensure_ascii=False) for phrase in sorted(set(listed))]
    line = f"{found['key']} = [{', '.join(phrases)}]"
    if len(line) <= LONGEST_LINE:
        return line
    return f"{found['key']} = [\n" + "".join(f"    {phrase},\n" for phrase in phrases) + "]"


def main() -> int:
    """Rewrite what is out of order, and name it."""
    for path in files():
        text = path.read_text(encoding="utf-8")
        if (ordered := formatted(text)) != text:
            path.write_text(ordered, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: lists put in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
