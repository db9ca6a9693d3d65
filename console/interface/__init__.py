"""Says the console's own words in the language of whoever looks at it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection

LANGUAGES = ("en", "hi")
COOKIE = PARAMETER = "interface"
_FOLDER = Path(__file__).parent


class Texts:
    """All texts of one interface language, by their keys."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts: dict[str, Any] = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))

    @property
    def other(self) -> str:
        """The interface language that one can change to."""
        return next(each for each in LANGUAGES if each != self.language)

    def __call__(self, key: str, **said: object) -> str:
        """The text of a key, `group.key` within a group, with what is said filled in."""
        found: Any = self._texts
        for part in key.split(".", 1):
            found = found[part]
        return str(found).format(**said) if said else str(found)

    def group(self, name: str) -> dict[str, str]:
        """All texts of a group by their keys."""
        found: dict[str, str] = self._texts[name]
        return found

    def one_of(self, group: str, key: str) -> str:
        """The text of a key that comes out of a record; the key itself where we have no words for it."""
        return self.group(group).get(key, key)


TEXTS = {language: Texts(language) for language in LANGUAGES}


def texts_for(connection: HTTPConnection) -> Texts:
    """The interface that was asked for: by the address, by a choice made before, by the browser."""
    asked = (connection.query_params.get(PARAMETER), connection.cookies.get(COOKIE), *_preferred(connection))
    return TEXTS[next((each for each in asked if each in LANGUAGES), LANGUAGES[0])]


def _preferred(connection: HTTPConnection) -> list[str]:
    """The browser's languages, in their order."""
    listed = connection.headers.get("accept-language", "")[:200].lower().split(",")
    return [each.split(";")[0].split("-")[0].strip() for each in listed]
