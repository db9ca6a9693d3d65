"""How well the worker tells its own voice from a caller's on a telephone line: many lines, offline, seeded.

What the worker has for an echo, the framework's gain control and its voice detector hear each line as in a call, a
minute of it a second. A voice heard on a line whose caller is silent is a phantom; a caller's words have stopped the
agent where the voice detector has heard WORKER_BARGE_IN_SECONDS of them.

    python -m bench.line_echo [--quick] [--seeds 11-16] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from livekit import rtc
from livekit.local_inference import VAD_WINDOW_SAMPLES

from bench.figures import percentile
from bench.phone_lines import VOICED_RMS, WORKER_RATE_HZ, Line, LineSound, Samples, sound_of
from bench.speech_windows import SpeechWindows
from worker.phone.line_echo import LineEcho

SECONDS = 60.0
SEEDS = "11-16"
"""Thresholds were chosen on seeds 1 to 4."""
FRAME = WORKER_RATE_HZ // 20
"""As the framework's room input cuts it."""
BEGAN_AT = 1_790_000_000.0
JITTER_SECONDS = 0.012
WINDOW_SECONDS = VAD_WINDOW_SAMPLES / WORKER_RATE_HZ
STOPS_SECONDS = 0.1  # of speech
HEARD_SECONDS = 0.6  # who is not heard by then has said a short word for nothing
HISS = 25.0
AROUND_SECONDS = 0.4

SILENT_CALLERS = {
    **{
        f"{level:g} dB{', hiss' * bool(noise)}": Line(((level, 0.2),), noise_rms=noise)
        for level in (-10.0, -15.0, -20.0, -25.0, -30.0, -35.0, -40.0, -45.0, -50.0)
        for noise in (0.0, HISS)
    },
    "-30 dB, hiss at -50 dBFS": Line(((-30.0, 0.2),), noise_rms=104.0),
    "-30 dB, hiss at -40 dBFS": Line(((-30.0, 0.2),), noise_rms=328.0),
    "-30 dB, traffic": Line(((-30.0, 0.2),), noise="traffic", noise_rms=100.0),
    "-30 dB, babble": Line(((-30.0, 0.2),), noise="babble", noise_rms=60.0),
    "no echo, babble": Line((), noise="babble", noise_rms=60.0),
    "-20 dB after 60 ms": Line(((-20.0, 0.06),), noise_rms=HISS),
    "-20 dB after 900 ms": Line(((-20.0, 0.9),), noise_rms=HISS),
    "-20 dB, delay moves by 20 to 80 ms": Line(
        ((-20.0, 0.2),), noise_rms=HISS, moves=((12, 0.04), (22, 0.08), (32, -0.06), (42, 0.02), (50, -0.08))
    ),
    "-20 dB, delay moves while the call begins": Line(
        ((-20.0, 0.3),), moves=tuple((0.7 + 0.1 * n, (0.03, -0.025, 0.04, -0.035, 0.02)[n % 5]) for n in range(9))
    ),
    "-20 dB, clocks 200 ppm apart": Line(((-20.0, 0.2),), noise_rms=HISS, drift_ppm=200.0),
    "-20 dB, clipped": Line(((-20.0, 0.2),), noise_rms=HISS, clips_at=1.0),
    "-20 and -24 dB, after 80 and 450 ms": Line(((-20.0, 0.08), (-24.0, 0.45)), noise_rms=HISS),
    "-20 dB in a room": Line(((-20.0, 0.2),), noise_rms=HISS, room_seconds=0.4),
    "-20 dB, music": Line(((-20.0, 0.2),), noise_rms=HISS, plays="music"),
    "-20 dB, worker stands still": Line(
        ((-20.0, 0.2),), noise_rms=HISS, stalls=tuple((6.0 + 3.7 * n, (0.25, 0.5, 1.0, 0.15)[n % 4]) for n in range(13))
    ),
    "-20 dB from the 20th to the 40th second, then again": Line(
        ((-20.0, 0.2),), noise_rms=HISS, levels=((0.0, -100.0), (20.0, 100.0), (40.0, -100.0), (50.0, 100.0))
    ),
    "-35 dB, from the 20th second on -20 dB": Line(((-35.0, 0.2),), noise_rms=HISS, levels=((20.0, 15.0),)),
}
CALLERS = {
    f"{echo}, caller at {level:g} dB": Line(echoes, noise_rms=HISS, caller_share=10 ** (level / 20))
    for echo, echoes in {
        "no echo": (),
        "-15 dB": ((-15.0, 0.2),),
        "-20 dB": ((-20.0, 0.2),),
        "-30 dB": ((-30.0, 0.2),),
        "-40 dB": ((-40.0, 0.2),),
    }.items()
    for level in (6.0, 0.0, -6.0, -12.0, -20.0)
} | {
    "-20 dB in a room, caller at -6 dB": Line(((-20.0, 0.2),), noise_rms=HISS, room_seconds=0.4, caller_share=0.5),
    "-20 dB, clipped, caller at -6 dB": Line(((-20.0, 0.2),), noise_rms=HISS, clips_at=1.0, caller_share=0.5),
}
QUICK = ("-20 dB, hiss", "-40 dB, hiss", "-20 dB, worker stands still", "-20 dB, caller at -6 dB")


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody whom the voice detector has heard, in seconds of the call."""

    begins: float
    stops: float | None
    """When an agent that speaks falls silent; None for a sound that is too short."""


@dataclass(frozen=True, slots=True)
class PhantomRow:
    """A line whose caller says nothing."""

    line: str
    minutes: float
    voices: int
    without_worker: int
    """Voices that the same detector hears when nothing is done about the echo."""
    cpu_share: float


@dataclass(frozen=True, slots=True)
class CallerRow:
    """A line whose caller speaks over the agent."""

    line: str
    words: int
    unheard: int
    stopped_p50_seconds: float | None
    stopped_p90_seconds: float | None


def heard_by(echo: LineEcho | None, line: Line, sound: LineSound) -> tuple[list[Voice], float]:
    """Pass a line's sound to whoever listens, as a room does; (whose voices are heard, what share of a core it took).

    Args:
        echo: The worker's part; None leaves the sound as it came.
    """
    control, detector = rtc.AudioProcessingModule(auto_gain_control=True), VoiceDetector()
    feed = None if echo is None else _Feed(echo, line, sound.agent)
    for start in range(0, min(len(sound.agent), len(sound.came)) - FRAME + 1, FRAME):
        frame = rtc.AudioFrame(bytearray(sound.came[start : start + FRAME].tobytes()), WORKER_RATE_HZ, 1, FRAME)
        if feed is not None:
            frame = feed.passed_on(frame, start + FRAME)
        control.process_stream(frame)
        detector.hear(np.frombuffer(frame.data, dtype=np.int16))
    seconds = len(sound.came) / WORKER_RATE_HZ
    return detector.voices, 0.0 if feed is None else feed.cpu_seconds / seconds


class _Feed:
    """Gives the worker's part a line's frames when they come, and the agent's sound when it is heard."""

    def __init__(self, echo: LineEcho, line: Line, agent: Samples) -> None:
        self.cpu_seconds = 0.0
        self._echo, self._line, self._agent = echo, line, agent
        self._told = 0
        self._now = BEGAN_AT
        self._rng = np.random.default_rng(len(agent))
        echo._now = lambda: self._now
        echo.played_until = self._tell

    def passed_on(self, frame: rtc.AudioFrame, end: int) -> rtc.AudioFrame:
        self._now = BEGAN_AT + self._arrival(end / WORKER_RATE_HZ)
        began_at = time.thread_time()
        passed = self._echo._process(frame)
        self.cpu_seconds += time.thread_time() - began_at
        return rtc.AudioFrame(bytearray(passed.data.tobytes()), WORKER_RATE_HZ, 1, FRAME)

    def _arrival(self, at: float) -> float:
        late = next((begins + lasts for begins, lasts in self._line.stalls if begins <= at < begins + lasts), at)
        return late + self._rng.uniform(0.0, JITTER_SECONDS)

    def _tell(self, now: float) -> None:
        until = round((now - BEGAN_AT) * WORKER_RATE_HZ)
        self._echo.play(BEGAN_AT + self._told / WORKER_RATE_HZ, self._agent[self._told : until])
        self._told = min(until, len(self._agent))


class VoiceDetector:
    """Hears voices as the framework's detector does, with the worker's settings."""

    def __init__(self) -> None:
        self.voices: list[Voice] = []
        self._detector = SpeechWindows()
        self._rest = np.zeros(0, dtype=np.int16)
        self._at = self._spoken = 0.0

    def hear(self, samples: Samples) -> None:
        """Take a frame; what is found is known when the frame is there."""
        self._rest = np.concatenate((self._rest, samples))
        self._at += len(samples) / WORKER_RATE_HZ
        while len(self._rest) >= VAD_WINDOW_SAMPLES:
            window, self._rest = self._rest[:VAD_WINDOW_SAMPLES], self._rest[VAD_WINDOW_SAMPLES:]
            self._judge(window)

    def _judge(self, window: Samples) -> None:
        spoke = self._detector.speaking
        self._detector.hear(window)
        self._spoken += WINDOW_SECONDS
        if spoke and self._spoken >= STOPS_SECONDS and self.voices[-1].stops is None:
            self.voices[-1] = Voice(self.voices[-1].begins, self._at)
        if self._detector.speaking and not spoke:
            self._spoken = self._detector.speech * WINDOW_SECONDS
            self.voices.append(Voice(self._at, None))


def phantoms(name: str, line: Line, seeds: list[int], seconds: float) -> PhantomRow:
    """Count whom the worker hears on a line whose caller is silent."""
    voices = without = 0
    cpu = 0.0
    for seed in seeds:
        sound = sound_of(line, seed, seconds)
        heard, share = heard_by(_line_echo(), line, sound)
        voices, cpu = voices + len(heard), cpu + share
        without += len(heard_by(None, line, sound)[0])
    return PhantomRow(name, len(seeds) * seconds / 60, voices, without, round(cpu / len(seeds), 4))


def callers(name: str, line: Line, seeds: list[int], seconds: float) -> CallerRow:
    """Time how soon a caller who speaks over the agent has stopped it."""
    words, waits = 0, []
    for seed in seeds:
        sound = sound_of(line, seed, seconds)
        heard, _ = heard_by(_line_echo(), line, sound)
        over_agent = [at for at in sound.words_at if agent_speaks(sound, at)]
        words += len(over_agent)
        waits += [wait for at in over_agent if (wait := stopped_after(heard, at)) is not None]
    return CallerRow(name, words, words - len(waits), percentile(waits, 0.5), percentile(waits, 0.9))


def stopped_after(heard: list[Voice], at: float) -> float | None:
    """From a word's first sound until it has stopped the agent; None where it has not."""
    stops = [voice.stops for voice in heard if voice.stops is not None and at <= voice.stops <= at + HEARD_SECONDS]
    return stops[0] - at if stops else None


def agent_speaks(sound: LineSound, at: float) -> bool:
    """Return whether the agent is heard, or comes back, when a word begins."""
    around = sound.agent[max(0, round((at - AROUND_SECONDS) * WORKER_RATE_HZ)) : round(at * WORKER_RATE_HZ)]
    return bool(np.mean(np.abs(around) > VOICED_RMS) > 0.25)


def _line_echo() -> LineEcho:
    return LineEcho(now=lambda: BEGAN_AT)


def tables(silent: list[PhantomRow], talking: list[CallerRow]) -> str:
    """The tables of docs/telephone.md."""
    lines = [
        "| line, its caller silent | minutes | voices heard | with nothing done | of a core |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.line} | {row.minutes:g} | {row.voices} | {row.without_worker} | {row.cpu_share:.1%} |"
        for row in silent
    ]
    lines += [
        "",
        "| line, its caller speaks over the agent | words | not heard | stops after (p50, p90) |",
        "|---|---|---|---|",
    ]
    for row in talking:
        waits = [f"{wait:.2f} s" for wait in (row.stopped_p50_seconds, row.stopped_p90_seconds) if wait is not None]
        lines.append(f"| {row.line} | {row.words} | {row.unheard} | {', '.join(waits)} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the tables; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.line_echo", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="four lines, a minute of each")
    parser.add_argument("--seeds", default=SEEDS, help="first and last of the calls that are made up")
    parser.add_argument("--json", type=Path, help="writes the rows there, too")
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition("-")
    if not first.isdecimal() or ("-" in options.seeds and not last.isdecimal()):
        parser.error(f"--seeds {options.seeds!r} is no number and no range such as {SEEDS}")
    seeds = list(range(int(first), int(last or first) + 1))[: 1 if options.quick else None]
    if not seeds:
        parser.error(f"--seeds {options.seeds!r} is empty: the first one comes first")
    chosen = QUICK if options.quick else (*SILENT_CALLERS, *CALLERS)
    silent = [phantoms(name, line, seeds, SECONDS) for name, line in SILENT_CALLERS.items() if name in chosen]
    talking = [callers(name, line, seeds, SECONDS) for name, line in CALLERS.items() if name in chosen]
    print(tables(silent, talking))
    if options.json:
        rows = {"seeds": seeds, "silent": [asdict(row) for row in silent], "talking": [asdict(row) for row in talking]}
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
