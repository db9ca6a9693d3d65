"""Holds what an outcome is made from: who said what, and which tools really ran; shown with its secrets masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from records.masking import Kind, Masker

LONGEST_CHARACTERS = 24_000
_BEGINNING_CHARACTERS = 4_000
_LEFT_OUT = "[a part in the middle is left out]"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said."""

    by: Literal["caller", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class ToolRun:
    """One tool that ran in the call."""

    name: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """A call that is over."""

    lines: Sequence[Line]
    tools: Sequence[ToolRun] = ()
    before: str = ""
    """What was said before these lines, in a few sentences: an agent that took the call over knows no more."""

    @property
    def is_silent(self) -> bool:
        """Whether the caller has said nothing."""
        return not any(line.by == "caller" and line.text.strip() for line in self.lines)

    def as_text(self, masker: Masker) -> str:
        """The call as the model is shown it: masked, and of a bounded size; what is cut out is in the middle."""
        said = [
            f"Caller: {masker.heard(line.text)}" if line.by == "caller" else f"Assistant: {masker.said(line.text)}"
            for line in self.lines
            if line.text.strip()
        ]
        text = "\n".join(said)
        if len(text) > LONGEST_CHARACTERS:
            text = f"{text[:_BEGINNING_CHARACTERS]}\n{_LEFT_OUT}\n{text[_BEGINNING_CHARACTERS - LONGEST_CHARACTERS :]}"
        ran = "\n".join(f"- {tool.name}: {'done' if tool.ok else 'failed'}" for tool in self.tools) or "- none"
        before = f"What was said before: {masker.text(self.before)}\n\n" if self.before else ""
        return f"{before}The call:\n{text}\n\nTools that ran, in order:\n{ran}"


def new_masker(kept: Iterable[str]) -> Masker:
    """A masker that keeps these kinds of numbers as they are."""
    return Masker(kept={Kind(kind) for kind in kept})
