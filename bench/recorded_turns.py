"""Reads spoken turns with their pauses from recordings that the user has put into a folder; none is ours to keep.

What the folder holds, the licences and how to get it: docs/end-of-turn.md. Two sources, because synthetic voices that
were cut afterwards prove little: the prompts of a telephone system, read by a person, whose pauses are their own; and
sentences of ten neural voices, each spoken to its end and as the beginning of a longer one, so that only the sound of
the same words tells which it is.
"""

import gzip
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sandbox.speech import voices

Samples = npt.NDArray[np.int16]

RATE_HZ = 16_000
LANGUAGE = "en-IN"
_PROMPTS = Path("usr/share/asterisk/sounds/en_US_f_Allison")
_PROMPT_WORDS = Path("usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
_PHRASES = Path("VoiceActivityProjection/dataset_phrases")
_SHORTEST_PROMPT_WORDS = 4
_MOST_PROMPTS = 130
_SHORTEST_PAUSE_SECONDS = 0.15
_SHORTEST_SPEECH_SECONDS = 0.06
_GOES_ON = "..."
_WINDOW = RATE_HZ // 100


class NoRecordings(FileNotFoundError):
    """The folder has neither source; the message says where it was looked for."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A silence of a speaker: what they have said so far, and whether that was all."""

    text: str
    samples: Samples
    """From the beginning of the turn to the last voiced sample."""
    speaker: str
    source: str
    ended: bool
    unfinished_words: bool
    """The pause is inside a sentence."""


def read_stops(folder: Path) -> Iterator[Stop]:
    """Every pause and end of both sources; raises NoRecordings when there is neither."""
    found = [source for source in (_PROMPTS, _PHRASES) if (folder / source).is_dir()]
    if not found:
        raise NoRecordings(
            f"There is neither {_PROMPTS} nor {_PHRASES} in {folder}. How to get them: docs/end-of-turn.md."
        )
    if _PROMPTS in found:
        yield from _prompts(folder)
    if _PHRASES in found:
        yield from _phrases(folder)


def _prompts(folder: Path) -> Iterator[Stop]:
    """Whole prompts, where their pauses are as many as their commas and full stops; beginnings that go on elsewhere."""
    read = 0
    with gzip.open(folder / _PROMPT_WORDS, "rt", errors="replace") as lines:
        words = sorted(line.split(":", 1) for line in lines if ":" in line and not line.startswith(";"))
    for name, said in words:
        text, file = said.strip(), folder / _PROMPTS / f"{name}.g722"
        if len(text.split()) < _SHORTEST_PROMPT_WORDS or text.startswith(_GOES_ON) or not file.is_file():
            continue
        if read == _MOST_PROMPTS:
            return
        read += 1
        samples = _decoded(file)
        stretches = _voiced_stretches(samples)
        if not stretches:
            continue
        begun = stretches[0][0]
        pieces = re.findall(r"[^.,;:?!]+[.,;:?!]*", text)
        if len(pieces) == len(stretches):
            for number, (_, stopped) in enumerate(stretches[:-1], 1):
                so_far, closes = "".join(pieces[:number]), pieces[number - 1][-1] in ".?!"
                yield Stop(_plain(so_far), samples[begun:stopped], "Allison", "prompts", False, not closes)
        goes_on = text.endswith(_GOES_ON)
        yield Stop(_plain(text), samples[begun : stretches[-1][1]], "Allison", "prompts", not goes_on, goes_on)


def _phrases(folder: Path) -> Iterator[Stop]:
    """Each long sentence at its end, and cut where the short one ends; each short one at its end."""
    alignments = folder / _PHRASES / "alignment"
    for long in sorted(alignments.glob("*_long_*.TextGrid")):
        short = long.with_name(long.name.replace("_long_", "_short_"))
        voice = long.stem.rpartition("Wavenet-")[2]
        shared_words = len(_words(short))
        for grid in (long, short):
            samples = _spoken(folder / _PHRASES / "audio" / f"{grid.stem}.wav")
            begun, stopped = _voiced_stretches(samples)[0][0], _voiced_stretches(samples)[-1][1]
            words = _words(grid)
            yield Stop(" ".join(word for _, word in words), samples[begun:stopped], voice, "phrases", True, False)
            if grid is long:
                cut = round(words[shared_words - 1][0] * RATE_HZ)
                so_far = " ".join(word for _, word in words[:shared_words])
                yield Stop(so_far, samples[begun:cut], voice, "phrases", False, False)


def _words(grid: Path) -> list[tuple[float, str]]:
    """When each word ends, and the word."""
    tier = grid.read_text("utf-8").split('name = "words"')[1].split('name = "phones"')[0]
    found = re.findall(r'xmax = ([\d.]+)\s+text = "([^"]+)"', tier)
    return [(float(ends), word) for ends, word in found]


def _plain(text: str) -> str:
    """As a recogniser writes it: lower case, without marks."""
    return " ".join(re.sub(r"[^\w' ]", " ", text.lower()).split())


def _decoded(file: Path) -> Samples:
    import av  # with ffmpeg inside: only a run with prompts pays for it

    with av.open(str(file), format="g722") as container:
        return np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)]).astype(np.int16)


def _spoken(file: Path) -> Samples:
    with wave.open(str(file)) as source:
        samples = np.frombuffer(source.readframes(source.getnframes()), np.int16)
        return voices.resample(samples, source.getframerate(), RATE_HZ)


def _voiced_stretches(samples: Samples) -> list[tuple[int, int]]:
    """Where speech begins and stops, over pauses that are too short to be one."""
    blocks = samples[: len(samples) // _WINDOW * _WINDOW].reshape(-1, _WINDOW).astype(np.float64)
    loudness = np.sqrt((blocks * blocks).mean(axis=1))
    stretches: list[list[int]] = []
    for place in np.flatnonzero(loudness > max(60.0, float(np.percentile(loudness, 95)) * 0.04)).tolist():
        if stretches and (place - stretches[-1][1]) * _WINDOW <= _SHORTEST_PAUSE_SECONDS * RATE_HZ:
            stretches[-1][1] = place
        else:
            stretches.append([place, place])
    shortest = _SHORTEST_SPEECH_SECONDS * RATE_HZ
    return [(a * _WINDOW, (b + 1) * _WINDOW) for a, b in stretches if (b + 1 - a) * _WINDOW >= shortest]
