"""Find the words of each language's lists that other languages have too: `python -m scripts.shared_words FOLDER`.

"Khabar" is a verb's object in Gujarati ("khabar nathi") and food in Bengali: said in a Bengali call it is no sign of
Gujarati. FOLDER holds one plain list per language, `hi.txt` to `te.txt`, one word a line (a spelling dictionary such as
Debian's hunspell-hi or aspell-mr, unpacked; anything behind a slash is left out), and `en.txt` (wamerican-small).
Writes worker/lang/shared/shared_words.toml, which is checked in: nothing is downloaded to run the product.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from worker.language.lexicon import PARTICLE, QUESTION, VERB, lexicon
from worker.language.romanised import romanised
from worker.language.words import lightly_folded
from worker.languages import SUPPORTED
from worker.text.normalise import normalised
from worker.text.scripts import LATIN, script_of

TARGET = Path(__file__).parents[1] / "worker" / "lang" / "shared" / "shared_words.toml"
MIN_LETTERS = 4
"""Shorter words look alike by chance in any two languages."""
MIN_ENGLISH_LETTERS = 3
"""English words are found by their exact spelling; those of two letters that are grammar stand in en.toml by hand."""
KINDS = frozenset({VERB, QUESTION, PARTICLE})
"""Not pronouns and case markers: they are few, and are heard as what they are."""
WORDS_A_LINE = 12
HEAD = """\
# Words of other languages' lists that a language has too: in a call in that language, they are no sign of a change.
# Written by scripts/shared_words.py from spelling dictionaries (Debian: hunspell-*, aspell-*), not by hand.
# Under English: homographs, which count for English as well.
"""
_MIDDLE_VOWEL = re.compile(r"(?<=[aeiou][^aeiou])a(?=[^aeiou][aeiou])")
_VOICED = str.maketrans("ktp", "gdb")


def spellings(word: str, language: str) -> Iterator[str]:
    """How a dictionary's word may be typed in Latin letters."""
    latin = romanised(word)
    for spelling in {latin, _MIDDLE_VOWEL.sub("", latin)}:
        yield lightly_folded(spelling)
        if language == "bn-IN":
            yield lightly_folded(re.sub(r"(?<!a)a(?!a)", "o", spelling))
        if language == "ta-IN":
            yield lightly_folded(
                re.sub(r"(?<=[aeioun])[ktp](?=[aeiou])", lambda stop: stop[0].translate(_VOICED), spelling)
            )


def dictionary(path: Path) -> Iterator[str]:
    """The words of one plain list."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        word = normalised(line.split("/")[0].strip())
        if word and word[0].isalpha():
            yield word


def shared_with(language: str, words: Iterable[str]) -> set[str]:
    """The words of other languages' lists that a dictionary of `language` has."""
    listed = {word: {e.language for e in entries if e.kind in KINDS} for word, entries in lexicon().words.items()}
    indian = set(SUPPORTED) - {"en-IN"}
    others = {word for word, known in listed.items() if not known & {language, "en-IN"} and known & indian}
    latin = {word for word in others if script_of(word[0]) == LATIN}
    if language == "en-IN":
        latin = {word for word, entries in lexicon().words.items() if {e.language for e in entries} & indian}
        return {word for word in latin if len(word) >= MIN_ENGLISH_LETTERS} & set(words)
    known = {spelling for word in words if script_of(word[0]) != LATIN for spelling in spellings(word, language)}
    return {word for word in latin if len(lightly_folded(word)) >= MIN_LETTERS and lightly_folded(word) in known}


def table(shared: dict[str, set[str]]) -> str:
    """The data file's text."""
    sections = []
    for language, words in sorted(shared.items()):
        ordered = sorted(words)
        lines = [" ".join(ordered[i : i + WORDS_A_LINE]) for i in range(0, len(ordered), WORDS_A_LINE)]
        sections.append(f'["{language}"]\nwords = """\n' + "\n".join(lines) + '\n"""\n')
    return HEAD + "\n" + "\n".join(sections)


def main() -> int:
    """Write the table, or say which list is missing."""
    folder = Path(sys.argv[1]) if len(sys.argv) == 2 else None
    if folder is None or not folder.is_dir():
        sys.stderr.write(f"{__doc__}\n")
        return 2
    lists = {language: folder / f"{language[:2]}.txt" for language in SUPPORTED}
    if missing := [str(path) for path in lists.values() if not path.is_file()]:
        sys.stderr.write(f"no such list: {', '.join(missing)}; one plain word list per language is needed\n")
        return 1
    shared = {language: shared_with(language, dictionary(path)) for language, path in lists.items()}
    TARGET.write_text(table(shared), encoding="utf-8")
    sys.stdout.write("".join(f"{language}: {len(words)} words\n" for language, words in shared.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
