"""What the caller will say and how long it bears waiting: plain data, so that a script is a file and not a program."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sandbox.caller.errors import BadPlan
from sandbox.keypad import check_keys

DEFAULT_SCRIPT = Path(__file__).parent / "scripts" / "default.toml"
NOISE_KINDS = ("white", "pink", "hum")
BUTTONS = ("withdraw",)


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it is over, in seconds from the first voiced audio of its utterance."""

    text: str
    end_seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence put into the middle of a turn.

    Exactly one of `after_words` (for text that is spoken here) and `at_seconds` (for a WAV) says where.
    """

    seconds: float
    after_words: int | None = None
    at_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Noise:
    """Background noise from the start of a turn to the start of the next: a noise that ended with the speech would
    tell the other side that the turn is over."""

    snr_db: float
    kind: str = "pink"
    wav: Path | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing the caller says.

    Args:
        text: What is said; also the truth that reports print.
        keys: Pressed one after the other instead of speaking, e.g. `4711#`; `text` is not needed then.
        button: Pressed on the page instead of speaking: `withdraw` takes consent back; `text` is not needed then.
        language: The language of the voice, e.g. `hi-IN`.
        scripted: Whether the recogniser is told beforehand what it will hear. False: it has to recognise.
        heard_text, heard_language, heard_probability: What the recogniser will claim; default the truth.
        wav: Played instead of a synthetic voice.
        words: When each word of a WAV ends; without it words are spread over the voiced audio by their length.
        wait_seconds: Extra silence before the turn.
        barge_in_after_seconds: Start this long after the agent began to speak, instead of waiting politely.
        expects_end: The agent should end the call after this turn.
    """

    text: str
    language: str = "en-IN"
    scripted: bool = True
    heard_text: str | None = None
    heard_language: str | None = None
    heard_probability: float | None = 0.93
    wav: Path | None = None
    words: tuple[Word, ...] | None = None
    voice: str | None = None
    words_per_minute: int | None = None
    pauses: tuple[Pause, ...] = ()
    noise: Noise | None = None
    wait_seconds: float = 0.0
    barge_in_after_seconds: float | None = None
    expects_end: bool = False
    keys: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A whole call: its turns, and what the caller tells the token endpoint about itself."""

    turns: tuple[Turn, ...]
    name: str = "call"
    participant_name: str | None = None
    participant_attributes: tuple[tuple[str, str], ...] = ()
    agent_name: str | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the caller bears each wait. Nothing in a call waits longer than one of these.

    Args:
        answer_seconds: 15 by definition of `voice_to_voice_seconds`; other values are for tests.
        agent_return_seconds: How long a call without any agent goes on: a crashed agent's successor needs a moment.
        polite_silence_seconds: How long the agent has been silent when the caller takes its turn.
        busy_agent_seconds: How much longer the caller waits for an agent that says it is thinking or speaking.
        late_text_seconds: The text of the last answer may arrive a little after its sound.
        call_seconds: The longest call.
    """

    token_seconds: float = 15.0
    connect_seconds: float = 15.0
    agent_join_seconds: float = 15.0
    greeting_seconds: float = 15.0
    answer_seconds: float = 15.0
    reply_seconds: float = 60.0
    agent_return_seconds: float = 5.0
    end_seconds: float = 15.0
    polite_silence_seconds: float = 0.6
    busy_agent_seconds: float = 3.0
    late_text_seconds: float = 0.5
    call_seconds: float = 600.0


def load_plan(path: Path) -> CallPlan:
    """Read a script. Raises BadPlan with every problem of the file; relative WAV paths start at the file's folder."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadPlan(str(path), [f"cannot be read ({error.strerror})"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPlan(str(path), [f"is not TOML: {error}"]) from error
    reader = _Reader(path.parent)
    plan = reader.plan(raw)
    if reader.problems or plan is None:
        raise BadPlan(str(path), reader.problems)
    return plan


@dataclass
class _Reader:
    """Turns parsed TOML into a plan and collects what is wrong instead of stopping at the first problem."""

    folder: Path
    problems: list[str] = field(default_factory=list)

    def plan(self, raw: dict[str, Any]) -> CallPlan | None:
        raw_turns = raw.get("turns")
        if not isinstance(raw_turns, list) or not raw_turns:
            self.problems.append("there are no [[turns]]: a call needs at least one")
            return None
        values = self._known(CallPlan, raw, "the script")
        values["turns"] = tuple(self._turn(turn, f"turn {i}") for i, turn in enumerate(raw_turns, 1))
        attributes = raw.get("participant_attributes", {})
        if not isinstance(attributes, dict) or not all(isinstance(v, str) for v in attributes.values()):
            self.problems.append("participant_attributes must be a table of strings")
            attributes = {}
        values["participant_attributes"] = tuple(attributes.items())
        return None if self.problems else CallPlan(**values)

    def _turn(self, raw: Any, where: str) -> Turn:
        if not isinstance(raw, dict):
            self.problems.append(f"{where} is not a table")
            return Turn("")
        values = self._known(Turn, raw, where)
        if "keys" in values:
            self._check_keys(values, where)
        if "button" in values:
            self._check_button(values, where)
        if not isinstance(values.setdefault("text", ""), str) or not values["text"].strip():
            self.problems.append(f"{where} has no text (for a WAV, the words that it says)")
        self._check_numbers(values, where)
        if "wav" in values:
            values["wav"] = self._wav(values["wav"], where)
        if "words" in values:
            values["words"] = tuple(self._part(Word, word, f"{where}, words") for word in values["words"])
        if "pauses" in values:
            values["pauses"] = tuple(self._pause(pause, where) for pause in values["pauses"])
        if "noise" in values:
            values["noise"] = self._noise(values["noise"], where)
        try:
            return Turn(**values)
        except TypeError as error:  # pragma: no cover - _known has filtered the names
            self.problems.append(f"{where}: {error}")
            return Turn("")

    def _check_numbers(self, values: dict[str, Any], where: str) -> None:
        for name in ("heard_probability", "wait_seconds", "barge_in_after_seconds", "words_per_minute"):
            value = values.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                self.problems.append(f"{where}: {name} must be a number >= 0, not {value!r}")
        for name in ("scripted", "expects_end"):
            if not isinstance(values.get(name, False), bool):
                self.problems.append(f"{where}: {name} must be true or false, not {values[name]!r}")

    def _check_keys(self, values: dict[str, Any], where: str) -> None:
        """Keys stand for themselves in every report, unless the script says what they mean."""
        keys = values["keys"]
        try:
            check_keys(keys if isinstance(keys, str) and keys else "nothing")
        except ValueError as error:
            self.problems.append(f"{where}: keys must be a string of keys: {error}")
            return
        values.setdefault("text", keys)

    def _check_button(self, values: dict[str, Any], where: str) -> None:
        if values["button"] not in BUTTONS:
            self.problems.append(f"{where}: the page has no button {values['button']!r}; it has {', '.join(BUTTONS)}")
        values.setdefault("text", str(values["button"]))

    def _pause(self, raw: Any, where: str) -> Pause:
        pause: Pause = self._part(Pause, raw, f"{where}, pauses") or Pause(0.0, after_words=1)
        if (pause.after_words is None) == (pause.at_seconds is None):
            self.problems.append(f"{where}: a pause needs either after_words or at_seconds")
        return pause

    def _noise(self, raw: Any, where: str) -> Noise | None:
        noise: Noise | None = self._part(Noise, raw, f"{where}, noise")
        if noise is None:
            return None
        if noise.kind not in NOISE_KINDS:
            self.problems.append(f"{where}: noise kind {noise.kind!r} is none of {', '.join(NOISE_KINDS)}")
        if noise.wav is None:
            return noise
        return Noise(noise.snr_db, noise.kind, self._wav(noise.wav, where))

    def _wav(self, value: Any, where: str) -> Path:
        path = self.folder / str(value)
        if not path.is_file():
            self.problems.append(f"{where}: there is no file {value}")
        return path

    def _part(self, kind: Any, raw: Any, where: str) -> Any:
        if not isinstance(raw, dict):
            self.problems.append(f"{where}: each must be a table")
            return None
        try:
            return kind(**self._known(kind, raw, where))
        except TypeError as error:
            self.problems.append(f"{where}: {error}")
            return None

    def _known(self, kind: Any, raw: dict[str, Any], where: str) -> dict[str, Any]:
        names = [f.name for f in fields(kind)]
        for name in raw.keys() - set(names):
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(names)}"
            self.problems.append(f"{where} has an unknown setting {name!r}{hint}")
        return {name: value for name, value in raw.items() if name in names}
