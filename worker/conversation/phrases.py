"""Holds what is said without asking the model: greetings, goodbyes and apologies in every language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from worker.consent.notices import Notices
from worker.lang import part_of
from worker.languages import ENGLISH, SUPPORTED
from worker.settings import CallSettings, ConsentSettings, ToolSettings

FALLBACK_LANGUAGE = ENGLISH
_SLOT = re.compile(r"\{[a-z]+\}")


class Phrases:
    """Holds the phrases of one deployment: the built-in ones, replaced where a file says so."""

    def __init__(self, table: dict[str, dict[str, str]]) -> None:
        self._table = table

    @classmethod
    def load(
        cls, replacements: Path | None = None, beside: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    ) -> Phrases:
        """Read the built-in phrases and lay `replacements` over them.

        Args:
            beside: What is said besides, by language and name: no file replaces these.
        Raises:
            ValueError: The file is not JSON of {language: {phrase: text}}, or names a language or phrase we lack.
        """
        table = {code: part_of(FALLBACK_LANGUAGE, "phrases") | part_of(code, "phrases") for code in SUPPORTED}
        if replacements is not None:
            _lay_over(table, _read(replacements), replacements)
        for language, phrases in beside.items():
            table[language] |= phrases
        return cls(table)

    def with_part(self, part: str) -> Phrases:
        """Return these and another part of every language: what only some deployments say, and render ahead."""
        said = {
            code: phrases | part_of(FALLBACK_LANGUAGE, part) | part_of(code, part)
            for code, phrases in self._table.items()
        }
        return Phrases(said)

    def text(self, name: str, language: str, /, **slots: str) -> str:
        """Return the words of phrase `name` in `language`, in English where we have none, its `{slots}` filled in."""
        text = self._table.get(language, self._table[FALLBACK_LANGUAGE])[name]
        for slot, words in slots.items():
            text = text.replace(f"{{{slot}}}", words)
        return text

    def every(self, first: str) -> Iterator[tuple[str, str]]:
        """List all (language, text) pairs that are whole, the language `first` before the others."""
        for language in sorted(self._table, key=lambda code: (code != first, code != FALLBACK_LANGUAGE, code)):
            for text in self._table[language].values():
                if not _SLOT.search(text):
                    yield language, text


def phrases_of(call: CallSettings, consent: ConsentSettings, tools: ToolSettings) -> Phrases:
    """Load all that this deployment says. Raises ValueError for a file that cannot be used."""
    notices = Notices.load(consent.rules, consent.consent_notice_file)
    said = Phrases.load(call.phrases_file, notices.phrases)
    return said.with_part("colleague") if tools.transfer_trunk else said


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"WORKER_PHRASES_FILE: {path} cannot be read as JSON: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"WORKER_PHRASES_FILE: {path} must be {{language: {{phrase: text}}}}")
    return {code: phrases for code, phrases in content.items() if not code.startswith("_")}


def _lay_over(table: dict[str, dict[str, str]], new: dict[str, dict[str, str]], path: Path) -> None:
    for language, phrases in new.items():
        if language not in table:
            raise ValueError(f"WORKER_PHRASES_FILE: {path}: {language!r} is none of {', '.join(sorted(table))}")
        for name, text in phrases.items():
            if name not in table[language] or not isinstance(text, str) or not text.strip():
                raise ValueError(
                    f"WORKER_PHRASES_FILE: {path}: {language}.{name} must be a text for one of "
                    f"{', '.join(sorted(table[language]))}"
                )
            table[language][name] = text
