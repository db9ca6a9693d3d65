"""What is printed: a line for each check as its answer comes, what to do about each that is wrong, and what it cost."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TextIO

from doctor.checking import Result, Verdict
from doctor.spending import Cost

MARKS = {Verdict.GOOD: "ok", Verdict.WRONG: "WRONG", Verdict.SKIPPED: "-"}
WIDTH, INDENT = 118, 18


class Report:
    """Writes to a terminal, or to whatever reads one."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self, expected: Cost) -> None:
        """Say what is going to be asked, and for how much."""
        self._line(f"doctor: asks your LiveKit, Sarvam and OpenAI, for about {expected}, in under a minute")

    def tell(self, result: Result) -> None:
        """Write a check's line."""
        told = f"{result.what} [{result.seconds:.1f} s]" if result.seconds >= 0.05 else result.what
        self._block(f"  {MARKS[result.verdict]:5} {result.name:9} ", told)
        if result.do:
            self._block(" " * INDENT + "-> ", result.do)

    def end(self, results: Sequence[Result], seconds: float, spent: Cost) -> None:
        """Sum up."""
        wrong = [result.name for result in results if result.verdict is Verdict.WRONG]
        skipped = sum(result.verdict is Verdict.SKIPPED for result in results)
        told = f"wrong: {', '.join(wrong)}" if wrong else "nothing is wrong"
        self._line(f"doctor: {told}; {len(results)} checks, {skipped} skipped; {seconds:.0f} s; spent about {spent}")

    def _block(self, first: str, text: str) -> None:
        self._line(textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=" " * (INDENT + 3)))

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)
