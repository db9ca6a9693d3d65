"""What the providers list today: a scope can be told that something has moved, as it does in the world outside.

A model is retired, a voice has another name, a default is another one, a limit is lower, a price has changed: what
`make drift` has to find.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


class BadCatalogue(ValueError):
    """A change to the catalogue that does not exist or does not fit; the message says which would."""


@dataclass(frozen=True)
class Catalogue:
    """What has moved; as it is built, nothing has."""

    retired: tuple[str, ...] = ()
    """Models, of either provider, that are refused as if they had never been."""
    renamed_voices: Mapping[str, str] = field(default_factory=dict)
    """Old name to new; the old one is refused."""
    default_tts_model: str = "bulbul:v4-flash"
    """The voice model of a request that names none."""
    keyterms_max: int = 50
    dollars_per_million: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Model to what its page says: input, cached, cache_write, output."""
    rupees: Mapping[str, float] = field(default_factory=dict)
    """What Sarvam's page says: `stt_hour`, or a voice model for 10,000 characters."""
    shutdowns: Mapping[str, str] = field(default_factory=dict)
    """Model to the day, 2027-01-14, that OpenAI's page of deprecations gives it."""

    def offered(self, models: tuple[str, ...]) -> tuple[str, ...]:
        """Those of these models that are still there."""
        return tuple(model for model in models if model not in self.retired)

    def speakers(self, names: frozenset[str]) -> frozenset[str]:
        """A model's voices, as they are called today."""
        return frozenset(self.renamed_voices.get(name, name) for name in names)


def parse_catalogue(raw: object) -> Catalogue:
    """Read `catalogue` of a PATCH body, which replaces what was; raises BadCatalogue with what would be right."""
    if not isinstance(raw, Mapping):
        raise BadCatalogue(f"catalogue must be an object like {{'retired': ['gpt-6-luna']}}, not {raw!r}")
    known = [each.name for each in fields(Catalogue)]
    given: dict[str, Any] = dict(raw)
    for name, value in raw.items():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
            raise BadCatalogue(f"catalogue has no {name!r}; did you mean {near!r}? It has: {', '.join(known)}")
        wanted = type(getattr(Catalogue(), name))
        if not isinstance(value, list if wanted is tuple else wanted) or isinstance(value, bool):
            raise BadCatalogue(f"catalogue's {name} must be {_SHOWN[wanted]}, not {value!r}")
    if "retired" in given:
        given["retired"] = tuple(map(str, given["retired"]))
    return Catalogue(**given)


_SHOWN = {tuple: "a list of names", dict: "an object", str: "a name", int: "a whole number"}
