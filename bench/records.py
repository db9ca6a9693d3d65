"""What is kept of each call: plain figures, from which every row and plot is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.stages import Marks


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One utterance to one contender."""

    contender: str
    utterance: str
    engine: str
    language: str
    paused: bool
    unfinished: bool
    noise: bool
    voice_to_voice_seconds: float | None
    cut_off: bool
    """Agent audio began while the caller was still speaking: in the pause, or just after it."""
    used_tool: bool
    """The model called a tool before it answered, so two requests stand in the latency."""
    stages: dict[str, float] | None = None
    marks: Marks | None = None
    """What the stand-ins and the caller saw of a turn that was neither cut off nor answered by a tool."""
    chosen: bool = True
    """Picked for what it measures (utterances.toml); False for a turn as people say them (unchosen.toml)."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call. CPU and memory are those of the process that carried it; None where it could not be told."""

    contender: str
    script: int
    greeting_seconds: float | None
    barge_in_seconds: tuple[float, ...]
    minutes: float
    cpu_seconds: float | None
    worker_cpu_seconds: float | None
    private_megabytes: float | None
    caller_late_seconds: float
    turns: tuple[TurnRecord, ...]
    errors: tuple[str, ...] = ()

    @property
    def cpu_rate(self) -> float | None:
        """CPU seconds a minute, of a call that was long enough to tell."""
        return None if self.cpu_seconds is None or self.minutes < 0.2 else self.cpu_seconds / self.minutes


@dataclass(slots=True)
class Measured:
    """Everything one run has found."""

    calls: list[CallRecord] = field(default_factory=list)
    worker_start_seconds: dict[str, list[float]] = field(default_factory=dict)
    floor_seconds: float = 0.0
    latencies: dict[str, float] = field(default_factory=dict)

    @property
    def turns(self) -> list[TurnRecord]:
        """The turns that were picked for what they measure."""
        return [turn for call in self.calls for turn in call.turns if turn.chosen]

    @property
    def chosen_calls(self) -> list[CallRecord]:
        """The calls that were made for the figures of a call: all but those with turns that nobody chose."""
        return [call for call in self.calls if all(turn.chosen for turn in call.turns)]

    @property
    def unchosen_turns(self) -> list[TurnRecord]:
        """The turns that nobody chose."""
        return [turn for call in self.calls for turn in call.turns if not turn.chosen]
