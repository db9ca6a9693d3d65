"""Conversations of examiners who never saw the rules, and the phrases that wish for or mention a language."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.language import HeardTurn, LanguageState, decide

FOLDER = Path(__file__).parent / "conversations"
WISHES = Path(__file__).parent / "wishes"
NAMED = ("en-IN", "hi-IN", "bn-IN", "gu-IN", "kn-IN", "ml-IN", "mr-IN", "od-IN", "pa-IN", "ta-IN", "te-IN")
"""The order of the names in wishes/names.toml."""


def conversations(path: Path) -> list[dict[str, Any]]:
    """The conversations of one file, in the format of `python -m worker.language` and with the right `languages`."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def misses(conversation: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Id, text, our language and reason of each turn that is answered in a wrong language."""
    state = LanguageState.start(conversation["default"])
    for turn, right in zip(conversation["turns"], conversation["languages"], strict=True):
        decision = decide(HeardTurn(turn.get("text"), turn.get("lang"), turn.get("prob")), state)
        state = decision.state
        if decision.language != right:
            yield conversation["id"], turn.get("text"), decision.language, decision.reason


def phrases(kind: str) -> Iterator[tuple[str, str, str]]:
    """Every phrase of a file of wishes/ with every other language in it: (language said in, language named, text)."""
    forms = tomllib.loads((WISHES / "names.toml").read_text(encoding="utf-8"))["in"]
    for spoken, said in tomllib.loads((WISHES / f"{kind}.toml").read_text(encoding="utf-8")).items():
        own = f"{spoken[:2]}-IN"
        names = [name.strip() for name in forms[spoken].split(",")]
        for name, code in zip(names, NAMED, strict=True):
            if code != own:
                yield from ((own, code, phrase.format(name)) for phrase in said)
