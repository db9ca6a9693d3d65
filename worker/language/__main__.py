"""Judges whole conversations from the command line: JSON lines in, JSON lines out.

So that anyone can try the policy, or test it on a corpus of their own, without a call. The form is fixed in
docs/language-policy.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from worker.language.policy import HeardTurn, LanguageState, decide


def judge(conversation: dict[str, Any]) -> dict[str, Any]:
    """The reply language of every turn of one conversation."""
    default = conversation.get("default")
    state = LanguageState.start(default if isinstance(default, str) else "")
    turns = conversation.get("turns")
    languages = []
    for turn in turns if isinstance(turns, list) else []:
        decision = decide(_heard(turn), state)
        state = decision.state
        languages.append(decision.language)
    return {"id": conversation.get("id"), "languages": languages}


def _heard(turn: object) -> HeardTurn:
    fields = turn if isinstance(turn, dict) else {}
    text, language, probability = fields.get("text"), fields.get("lang"), fields.get("prob")
    return HeardTurn(
        text if isinstance(text, str) else "",
        language if isinstance(language, str) else None,
        probability if isinstance(probability, int | float) else None,
    )


def answers(lines: Iterable[str]) -> Iterator[str]:
    """One line out per line in; a line that is no conversation is answered with what is wrong with it."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            conversation = json.loads(line)
        except (ValueError, RecursionError):
            conversation = None
        if isinstance(conversation, dict):
            answer = judge(conversation)
        else:
            problem = f"line {number} is no JSON object: send one conversation per line"
            answer = {"id": None, "languages": [], "error": problem}
        yield json.dumps(answer, ensure_ascii=False)


def main() -> None:
    """Read conversations from stdin, write decisions to stdout, both UTF-8 whatever the locale."""
    lines = sys.stdin.buffer.read().decode("utf-8", errors="replace").split("\n")
    for answer in answers(lines):
        sys.stdout.buffer.write(answer.encode("utf-8", errors="replace") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
