"""Speaks text as it is being written: releases every word as soon as nothing that follows could change how it is said.

The text is cut into segments at places that depend on the text alone, never on how it arrives, so a stream in any
chunking gives what the whole text gives. An ordinary word is a segment. A number, date, link or the like keeps the
words that may belong to it; most of the time that is one word more.
"""

import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator
from functools import cache

from worker.languages import ENGLISH
from worker.spoken.blocks import Blocks
from worker.spoken.called import called_may_go_on
from worker.spoken.forms import SpokenForms, spoken_forms
from worker.spoken.labelled import begins_code
from worker.spoken.markup import EYE_ONLY_CHARS
from worker.spoken.public_codes import plate_may_go_on
from worker.spoken.romans import is_numeral
from worker.spoken.segment import say_segment
from worker.spoken.shorthand import ENGLISH_WEEKDAYS

LONGEST_SEGMENT_CHARS = 240  # a long clause; what is held back is never more
_CONTEXT_CHARS = 80

_SPECIAL_CHARS = (
    f"0-9\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0a66-\u0a6f\u0ae6-\u0aef\u0b66-\u0b6f\u0be6-\u0bef"
    f"\u0c66-\u0c6f\u0ce6-\u0cef\u0d66-\u0d6f\uff10-\uff19₹$€£@&%°½¼¾+=×/–—−≤≥±≈≠॰\u2080-\u2089{EYE_ONLY_CHARS}"
)
_SPECIAL = re.compile(
    f"[{_SPECIAL_CHARS}]"
    r"|\([A-Z]{2,4}\)|^[-:;][-()DPp]*$|[Hh][Tt][Tt][Pp]|[Xx]{3}|[^\W_]\.[^\W_]"
)
# Several ordinary words at once, to spend no time on them.
_PLAIN_WORDS = re.compile(rf"(?:[^\s{_SPECIAL_CHARS},.!?;:।()\-]{{1,64}}[,.!?।]? ){{1,32}}")
_CAPITALS = re.compile(r"(?<!\S)[A-Z]{1,5}(?![A-Za-z0-9])")
_SPACE = re.compile(r"\s")
_OPEN_LINK = re.compile(r"\[[^\[\]]*$|\]\([^()]*$")
_STOPS = ",.!?;:।"
_CLOSING = "\"'”’)»"
_NO_STOPS = str.maketrans("", "", ",.!?।")


@cache
def _joining_words(forms: SpokenForms) -> tuple[frozenset[str], frozenset[str]]:
    """(words a special form may begin with, words it may go on with): Rs, November / lakh, AM, kg."""
    begin = (
        {sign.lower() for sign in forms.currencies}
        | set(forms.months)
        | {
            part.strip(".").lower()
            for short in (*forms.short_forms, *forms.day_part_short_forms)
            for part in short.split()
        }
        | ({"no", "pvt"} if forms.language == ENGLISH else {"pvt"})
        | {*forms.weekdays, *ENGLISH_WEEKDAYS}
    )
    units = {part.strip(".").lower() for unit in forms.units for part in unit.split()}
    scales = set(forms.numbers.scale_words) | set(forms.numbers.money_scales)
    hours = {part.strip(".") for short in forms.hour_short_forms for part in short.split()}
    go_on = begin | hours | scales | set(forms.money_words) | set(forms.clock.words) | units
    return frozenset(begin), frozenset(go_on | {"am", "pm", "a.m", "p.m", "p.a", "pa", "lpa", "hours", "a", "p", "x"})


class SpeakableStream:
    """Push text as it comes, flush at its end; both return what can be spoken now, spaces included."""

    def __init__(self, language: str) -> None:
        self._forms = spoken_forms(language)
        self._begin, self._go_on = _joining_words(self._forms)
        self._blocks = Blocks(self._forms)
        self._held = ""
        self._before = ""
        self._at_line_start = True
        self._dropping_word = False
        self._space_due = False
        self._last_char = ""

    def push(self, text: str) -> str:
        self._held += self._blocks.push(text)
        return self._release(final=False)

    def flush(self) -> str:
        self._held += self._blocks.flush()
        return self._release(final=True)

    def _release(self, *, final: bool) -> str:
        spoken: list[str] = []
        start = 0
        while start < len(self._held):
            if plain := self._plain_words(start):
                spoken.append(self._pass_on(plain))
                start += len(plain)
            elif (end := self._cut(start, final=final)) is not None:
                spoken.append(self._speak(self._held[start:end]))
                start = end
            else:
                break
        self._held = self._held[start:]
        return "".join(spoken)

    def _plain_words(self, start: int) -> str:
        """The ordinary words that `start` begins with, up to the first that may begin a special form."""
        found = None if self._dropping_word else _PLAIN_WORDS.match(self._held, start)
        if found is None:
            return ""
        plain = found[0]
        words, lowered = plain.translate(_NO_STOPS).split(), plain.lower()
        if (
            self._begin.isdisjoint(map(str.lower, words))
            and not _CAPITALS.search(plain)
            and "http" not in lowered
            and "xxx" not in lowered
        ):
            return plain
        end = 0
        for word in plain.split(" ")[:-1]:
            if self._is_special(word.translate(_NO_STOPS), self._before + plain[:end]):
                break
            end += len(word) + 1
        return plain[:end]

    def _pass_on(self, plain: str) -> str:
        self._before = (self._before + plain)[-_CONTEXT_CHARS:]
        self._at_line_start = False
        return self._with_space(plain.rstrip(), space_follows=True)

    # ---- where to cut

    def _cut(self, start: int, *, final: bool) -> int | None:
        """End of the segment that begins at `start`, or None if more text is needed to know."""
        held = self._held
        position, special = start, False
        while position < len(held):
            space = _SPACE.search(held, position, position + LONGEST_SEGMENT_CHARS)
            if space is None:
                return self._cut_without_space(start, position, final=final)
            end = space.end()
            word = held[position : space.start()]
            if held[space.start()] == "\n" or self._dropping_word or end - start >= LONGEST_SEGMENT_CHARS:
                return end
            before, segment = self._before + held[start:position], held[start:end]
            special = special or self._is_special(word, before)
            if not special or (
                word
                and not self._goes_on(word, segment)
                and not self._is_number_or_code(word, before)
                and not self._is_open(segment)
            ):
                return end
            position = end
        return len(held) if final and position > start else None

    def _cut_without_space(self, start: int, position: int, *, final: bool) -> int | None:
        if len(self._held) < position + LONGEST_SEGMENT_CHARS:
            return len(self._held) if final else None
        if position > start:
            return position
        end = position + LONGEST_SEGMENT_CHARS
        tail = re.search(r"h(?:t(?:tp?)?)?$", self._held[position:end], re.IGNORECASE)
        return end - len(tail[0]) if tail else end

    def _is_special(self, word: str, before: str) -> bool:
        return (
            bool(_SPECIAL.search(word))
            or word.strip("(.,-").lower() in self._begin
            or word in self._forms.plate_states
            or self._is_number_or_code(word, before)
        )

    def _is_number_or_code(self, word: str, before: str) -> bool:
        """Whether `word` has no figure and is read as if it had: XI, and BD behind "tracking number"."""
        return begins_code(word, before, self._forms) or is_numeral(word, before, self._forms)

    def _goes_on(self, word: str, segment: str) -> bool:
        return (
            bool(_SPECIAL.search(word))
            or word == "-"
            or word.strip("().,").lower() in self._go_on
            or plate_may_go_on(segment, self._forms)
            or called_may_go_on(segment, self._forms)
        )

    @staticmethod
    def _is_open(segment: str) -> bool:
        if "\\" in segment and (segment.count("{") > segment.count("}") or segment.count("$") % 2 == 1):
            return True  # a formula goes on over several words
        return ("[" in segment and bool(_OPEN_LINK.search(segment))) or segment.count("~~") % 2 == 1

    # ---- what to say

    def _speak(self, segment: str) -> str:
        body = segment.rstrip()
        ends_line = "\n" in segment[len(body) :]
        if self._dropping_word:  # the rest of an address too long to hold
            self._dropping_word = body == segment
            body = ""
        elif body == segment and len(segment) > LONGEST_SEGMENT_CHARS // 2 and re.search(r"://|www\.", segment):
            self._dropping_word = True
        spoken = self._spoken(body)
        if ends_line and _is_word_char((spoken or self._last_char).rstrip(_CLOSING)[-1:]):
            spoken += self._forms.full_stop
        self._before = (self._before + segment)[-_CONTEXT_CHARS:]
        self._at_line_start = ends_line or (self._at_line_start and not body)
        return self._with_space(spoken, space_follows=body != segment)

    def _spoken(self, body: str) -> str:
        if not body or not self._needs_saying(body):
            return body
        return say_segment(body, self._before, self._forms, at_line_start=self._at_line_start)

    def _needs_saying(self, body: str) -> bool:
        return (
            _SPECIAL.search(body) is not None
            or " " in body
            or "-" in body
            or is_numeral(body, self._before, self._forms)
        )

    def _with_space(self, spoken: str, *, space_follows: bool) -> str:
        if spoken.startswith(",") and self._last_char and self._last_char in _STOPS:  # a pause is there already
            spoken = spoken[1:].lstrip()
        out = spoken
        if spoken:
            if self._space_due and self._last_char and spoken[0] not in _STOPS:
                out = f" {spoken}"
            self._space_due = False
            self._last_char = spoken[-1]
        self._space_due = self._space_due or space_follows
        return out


def _is_word_char(char: str) -> bool:
    """Letters, digits, and the vowel signs that Indic words end in, which `str.isalnum` does not count."""
    return bool(char) and unicodedata.category(char)[0] in "LMN"


def speakable(text: str, language: str) -> str:
    """`text` as it should be given to a voice that speaks `language` (one of the 11, e.g. "hi-IN")."""
    stream = SpeakableStream(language)
    return stream.push(text) + stream.flush()


def says_something(text: str, language: str) -> bool:
    """Whether a voice that speaks `language` would say a word of `text`: an emoji, markup or a tool call says none."""
    return any(_is_word_char(char) for char in speakable(text, language))


async def speakable_stream(chunks: AsyncIterable[str], language: str) -> AsyncIterator[str]:
    """The same for text that is still being written: fits `Agent.tts_node` and `tts_text_transforms`."""
    stream = SpeakableStream(language)
    async for chunk in chunks:
        if spoken := stream.push(chunk):
            yield spoken
    if spoken := stream.flush():
        yield spoken
