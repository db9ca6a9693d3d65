"""Keep what each API key has been promised: latencies, faults, scripted transcripts, and a log of what was asked.

A scope is one API key. Calls with different keys run side by side with different faults, in one process.
"""

import asyncio
import difflib
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sandbox.control.catalogue import BadCatalogue, Catalogue, parse_catalogue
from sandbox.speech.transcripts import Entry

DEFAULT_SCOPE = "default"
EVENTS_KEPT = 20_000

STATUS_FAULTS = {"unauthorized": 401, "forbidden": 403, "rate_limited": 429, "server_error": 500}
CLOSE_FAULTS = {f"close_{code}": code for code in (1000, 1001, 1008, 1011)}
_EVERYWHERE = (*STATUS_FAULTS, "hang", "slow", "stall", "drop", "malformed", "empty")
FAULTS: dict[str, tuple[str, ...]] = {
    "stt": (
        *_EVERYWHERE,
        "out_of_credit",
        *CLOSE_FAULTS,
        "idle_close",
        "late_final",
        "no_final",
        "early_final",
        "no_close",
    ),
    "llm": (
        *_EVERYWHERE,
        "out_of_credit",
        "no_finish_reason",
        "no_done",
        "no_usage",
        "filtered",
        "filtered_answer",
        "declined",
        "too_long",
        "emoji",
        "endless",
        "call_as_text",
        "words_and_call",
        "uninvited_call",
    ),
    "tts": (*_EVERYWHERE, "out_of_credit", *CLOSE_FAULTS, "idle_close", "no_completion"),
    "orders": _EVERYWHERE,
}
PHASES = ("handshake", "stream")


class BadSetting(ValueError):
    """A setting or fault that does not exist or does not fit; the message says which would."""


@dataclass(frozen=True)
class Settings:
    """What can be set for a scope. Every number is in seconds, except the two factors."""

    stt_end_of_speech_seconds: float = 0.20
    stt_final_seconds: float = 0.25
    stt_partial_seconds: float = 0.15
    llm_first_token_seconds: float = 0.30
    llm_token_seconds: float = 0.01
    tts_first_byte_seconds: float = 0.20
    tts_realtime_factor: float = 0.1
    orders_seconds: float = 0.10
    idle_close_seconds: float = 60.0
    late_final_seconds: float = 1.6
    retry_after_seconds: float = 1.0
    slow_factor: float = 3.0


SETTING_NAMES = tuple(f.name for f in fields(Settings))


@dataclass
class Fault:
    """Something a provider does wrong, for a number of times, a while, or until it is removed."""

    provider: str
    name: str
    times: int | None = None
    for_seconds: float | None = None
    after_seconds: float = 0.0
    phase: str | None = None
    set_at: float = field(default_factory=time.monotonic)
    removed: bool = False

    def in_window(self) -> bool:
        """True while its time lasts. `times` does not end what a firing has begun (a stall goes on)."""
        begins_at = self.set_at + self.after_seconds
        now = time.monotonic()
        if self.removed or now < begins_at:
            return False
        return self.for_seconds is None or now < begins_at + self.for_seconds

    def ready(self) -> bool:
        """True when it can fire now."""
        return self.in_window() and self.times != 0

    def described(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "fault": self.name,
            "times": self.times,
            "for_seconds": self.for_seconds,
            "after_seconds": self.after_seconds,
            "phase": self.phase,
        }


class Scope:
    """One API key's settings, faults, queue and log."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._next_index = 1  # so that `after=0` means all
        self.faults: list[Fault] = []
        self.reset(settings)

    def reset(self, settings: Settings) -> None:
        """Back to `settings` and nothing else; who polls for events does not wait for the count to catch up."""
        for fault in self.faults:
            fault.removed = True
        self.settings = settings
        self.catalogue = Catalogue()
        self.faults = []
        self.queue: deque[Entry] = deque()
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)

    def log(self, provider: str, kind: str, **details: Any) -> None:
        event = {"index": self._next_index, "at": time.time(), "provider": provider, "kind": kind, **details}
        self._events.append(event)
        self._next_index += 1

    def seen(self, after: int) -> dict[str, Any]:
        """Events with an index above `after`, and the index to ask with next time."""
        events = [event for event in self._events if event["index"] > after]
        return {"events": events, "next": self._next_index - 1}

    def fault(self, provider: str, *names: str, phase: str | None = None, asked_for: bool = False) -> Fault | None:
        """Fire the first active fault of these names, using up one of its `times`, or return None.

        A fault without a phase fires in whichever phase comes first, unless the phase must be `asked_for`.
        """
        for fault in self.faults:
            if fault.provider != provider or fault.name not in names or not fault.ready():
                continue
            if phase is not None and fault.phase not in ((phase,) if asked_for else (None, phase)):
                continue
            if fault.times is not None:
                fault.times -= 1
            self.log(provider, "fault", fault=fault.name, phase=phase)
            return fault
        return None

    def slow(self, provider: str) -> float:
        """What a latency is multiplied with: 1, or `slow_factor` when a `slow` fault fires."""
        return self.settings.slow_factor if self.fault(provider, "slow") else 1.0

    def patch(self, changes: Mapping[str, Any]) -> None:
        """Change settings; when `faults` or `catalogue` is given, replace all of them. All or nothing."""
        numbers = {name: value for name, value in changes.items() if name not in ("faults", "catalogue")}
        for name, value in numbers.items():
            _check_number(name, value)
        faults = [parse_fault(each) for each in _fault_list(changes)] if "faults" in changes else None
        try:
            catalogue = parse_catalogue(changes["catalogue"]) if "catalogue" in changes else self.catalogue
        except BadCatalogue as problem:
            raise BadSetting(str(problem)) from None
        self.catalogue = catalogue
        self.settings = replace(self.settings, **{name: float(value) for name, value in numbers.items()})
        if faults is not None:
            for old in self.faults:
                old.removed = True
            self.faults = faults

    def described(self) -> dict[str, Any]:
        numbers = {name: getattr(self.settings, name) for name in SETTING_NAMES}
        return {
            "settings": {**numbers, "faults": [fault.described() for fault in self.faults]},
            "queued_transcripts": len(self.queue),
        }


class Scopes:
    """All scopes. A key nobody has set up shares the scope `default`."""

    def __init__(self, defaults: Settings | None = None) -> None:
        self._defaults = defaults or Settings()
        self._scopes: dict[str, Scope] = {}
        self.reset(DEFAULT_SCOPE)

    def for_key(self, key: str) -> Scope:
        return self._scopes.get(key) or self._scopes[DEFAULT_SCOPE]

    def get_or_create(self, name: str) -> Scope:
        if name not in self._scopes:
            self._scopes[name] = Scope(name, self._defaults)
        return self._scopes[name]

    def reset(self, name: str) -> None:
        """Back to defaults, in place: sockets that are open keep the scope they were opened with."""
        self.get_or_create(name).reset(self._defaults)


async def held(fault: Fault) -> None:
    """Wait as long as a hang or a stall lasts: until its time is over or it is removed, however long."""
    while fault.in_window():
        await asyncio.sleep(0.02)


def nearest(name: str, known: tuple[str, ...]) -> str:
    """The known name most like this one, for a message that helps."""
    return (difflib.get_close_matches(name, known, n=1, cutoff=0.0) or [known[0]])[0]


def parse_fault(raw: object) -> Fault:
    """Read one fault of a PATCH body; raises BadSetting with what would be right."""
    if not isinstance(raw, Mapping):
        raise BadSetting(f"a fault must be an object like {{'provider': 'stt', 'fault': 'hang'}}, not {raw!r}")
    known_fields = ("provider", "fault", "times", "for_seconds", "after_seconds", "phase")
    for name in raw:
        if name not in known_fields:
            raise BadSetting(f"fault field {name!r} is unknown; did you mean {nearest(name, known_fields)!r}?")
    provider, name, phase = raw.get("provider"), raw.get("fault"), raw.get("phase")
    if provider not in FAULTS:
        raise BadSetting(f"fault provider {provider!r} is unknown; one of {', '.join(FAULTS)}")
    if name not in FAULTS[provider]:
        hint = nearest(str(name), FAULTS[provider])
        raise BadSetting(
            f"{provider} has no fault {name!r}; did you mean {hint!r}? It has: {', '.join(FAULTS[provider])}"
        )
    if phase not in (None, *PHASES):
        raise BadSetting(f"fault phase {phase!r} is unknown; one of {', '.join(PHASES)}, or leave it out")
    times = raw.get("times")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise BadSetting(f"fault times must be a whole number from 1, or null for no limit; not {times!r}")
    for_seconds = raw.get("for_seconds")
    if for_seconds is not None:
        _check_seconds("for_seconds", for_seconds)
    after_seconds = raw.get("after_seconds") or 0.0
    _check_seconds("after_seconds", after_seconds)
    return Fault(provider, name, times, for_seconds, float(after_seconds), phase)


def settings_from_environment(environment: Mapping[str, str]) -> Settings:
    """Read `SANDBOX_<NAME>` for the default scope; a misspelt one is an error that names the nearest."""
    found: dict[str, float] = {}
    by_variable = {f"SANDBOX_{name.upper()}": name for name in SETTING_NAMES}
    for variable, value in environment.items():
        if not variable.startswith("SANDBOX_") or variable in NOT_SETTINGS:
            continue
        name = by_variable.get(variable)
        if name is None:
            raise BadSetting(f"{variable} is unknown; did you mean {nearest(variable, tuple(by_variable))}?")
        try:
            number: object = float(value)
        except ValueError:
            number = value
        _check_number(name, number)
        found[name] = float(value)
    return Settings(**found)


# Read by the recogniser and by the page.
NOT_SETTINGS = ("SANDBOX_CPU_THREADS", "SANDBOX_TOKEN_ENDPOINT", "SANDBOX_PAGE_SCOPE", "SANDBOX_PRICE_NOTE")


def _fault_list(changes: Mapping[str, Any]) -> list[Any]:
    raw = changes["faults"]
    if not isinstance(raw, list):
        raise BadSetting(f"faults must be a list, not {type(raw).__name__}")
    return raw


def _check_number(name: str, value: object) -> None:
    if name not in SETTING_NAMES:
        hint = nearest(name, (*SETTING_NAMES, "faults", "catalogue"))
        raise BadSetting(f"setting {name!r} is unknown; did you mean {hint!r}?")
    _check_seconds(name, value)


def _check_seconds(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise BadSetting(f"{name} must be a number from 0, not {value!r}")
