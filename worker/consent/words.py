"""Matches what people say about keeping a call against lists of phrases: `answers` and `keeping` of consent.toml.

A phrase is a row of words. `a|b` is either, `b?` may be missing, `b*` begins so, `..` is up to three of any words,
`<list>` is an entry of that list, `<list>*` any number of them, `^` and `$` are the ends of what was said.

No regular expressions: of lists this long, in eleven languages, they take seconds to compile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from worker.text.normalise import normalised

_CLAUSES = re.compile(r"[.,!?;:।॥…\-–—\"“”‘()]+")
_LONG_LETTER = re.compile(r"([a-z])\1+")  # "haaan", "okkk"; and "theek", which others write "thek"
_LIST = re.compile(r"<(\w+)>([*?]?)")
MOST_SKIPPED = 3

Words = tuple[str, ...]


def clauses_of(text: str) -> list[Words]:
    """Return the words of what was said between its marks, each spelled one way."""
    clauses = (tuple(_LONG_LETTER.sub(r"\1", part).split()) for part in _CLAUSES.split(normalised(text)))
    return [clause for clause in clauses if clause]


def spelled(phrase: str) -> Words:
    """Return the words of a phrase as `clauses_of` spells them."""
    return tuple(word for clause in clauses_of(phrase) for word in clause)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One place of a phrase: a word, a list, an end, or a gap."""

    words: frozenset[str] = frozenset()
    stems: Words = ()
    list_name: str = ""
    kind: str = ""
    """`^`, `$`, `..`, or how often: once, `?` or `*`."""

    def takes(self, word: str) -> bool:
        return word in self.words or any(word.startswith(stem) for stem in self.stems)


_Phrase = tuple[_Piece, ...]


class PhraseLists:
    """Holds lists of phrases that may name one another."""

    def __init__(self, lists: Mapping[str, Iterable[str]]) -> None:
        self._by_first_word: dict[str, dict[str, list[_Phrase]]] = {}
        self._others: dict[str, list[_Phrase]] = {}
        for name, entries in lists.items():
            for entry in entries:
                self._add(name, tuple(map(_piece, entry.split())))

    def _add(self, name: str, phrase: _Phrase) -> None:
        first = phrase[0]
        if first.words and not first.stems and not first.kind:
            for word in first.words:
                self._by_first_word.setdefault(name, {}).setdefault(word, []).append(phrase)
        else:
            self._others.setdefault(name, []).append(phrase)

    def ends(self, name: str, words: Words, at: int) -> set[int]:
        """Return where the entries of a list end that begin at a word."""
        first = self._by_first_word.get(name, {}).get(words[at], []) if at < len(words) else []
        return {end for phrase in (*first, *self._others.get(name, ())) for end in self._ends_of(phrase, 0, words, at)}

    def step(self, names: Iterable[str], words: Words, starts: Iterable[int]) -> set[int]:
        """Return where one entry of any of these lists ends, from any of these places."""
        names = tuple(names)
        return {end for at in starts for name in names for end in self.ends(name, words, at)}

    def run(self, names: Iterable[str], words: Words, starts: Iterable[int]) -> set[int]:
        """Return where any number of entries of these lists end, from any of these places; none is a number too."""
        names, reached = tuple(names), set(starts)
        new = reached
        while new:
            new = self.step(names, words, new) - reached
            reached |= new
        return reached

    def stands_in(self, name: str, words: Words) -> bool:
        """Return whether an entry of a list stands anywhere in what was said."""
        return any(self.ends(name, words, at) for at in range(len(words)))

    def without(self, name: str, words: Words) -> Words:
        """Return what was said without the entries of a list."""
        kept: list[str] = []
        at = 0
        while at < len(words):
            if ends := self.ends(name, words, at):
                at = max(*ends, at + 1)
            else:
                kept.append(words[at])
                at += 1
        return tuple(kept)

    def _ends_of(self, phrase: _Phrase, place: int, words: Words, at: int) -> Iterator[int]:
        if place == len(phrase):
            yield at
            return
        piece = phrase[place]
        for end in self._ends_of_piece(piece, words, at):
            yield from self._ends_of(phrase, place + 1, words, end)

    def _ends_of_piece(self, piece: _Piece, words: Words, at: int) -> Iterable[int]:
        if piece.kind in ("^", "$"):
            return (at,) if at == (0 if piece.kind == "^" else len(words)) else ()
        if piece.kind == "..":
            return range(at, min(at + MOST_SKIPPED, len(words)) + 1)
        if piece.list_name:
            if piece.kind == "*":
                return self.run((piece.list_name,), words, (at,))
            found = self.ends(piece.list_name, words, at)
            return found | {at} if piece.kind == "?" else found
        taken = (at + 1,) if at < len(words) and piece.takes(words[at]) else ()
        return (*taken, at) if piece.kind == "?" else taken


def _piece(written: str) -> _Piece:
    if written in ("^", "$", ".."):
        return _Piece(kind=written)
    if found := _LIST.fullmatch(written):
        return _Piece(list_name=found[1], kind=found[2])
    alternatives, kind = (written[:-1], "?") if written.endswith("?") else (written, "")
    words, stems = set(), []
    for each in alternatives.split("|"):
        spelling = "".join(spelled(each.removesuffix("*")))
        if each.endswith("*"):
            stems.append(spelling)
        else:
            words.add(spelling)
    return _Piece(frozenset(words), tuple(stems), kind=kind)
