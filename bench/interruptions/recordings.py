"""Reads recordings of words, and of coughs, laughter and knocks, that the user has put into a folder.

None is ours to keep. What the folder holds, the licences and how to get it: docs/hearing.md. What is there is read.
"""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np

from bench.interruptions.corpus import WORDS, Heard, at_level, louder
from bench.utterances.voices import SAMPLE_RATE_HZ
from sandbox.speech.voices import Samples

JUDGED_ONLY: Final = "virufy-data"  # its licence allows no commercial use: nothing is fitted on it
_WINDOW = SAMPLE_RATE_HZ // 100
_GAP_WINDOWS, _SHORTEST_WINDOWS, _LONGEST_SECONDS = 25, 3, 2.0
_EVENTS_OF_A_FILE = 6
_LOUD_SHARE, _OVER_NOISE = 0.06, 4.0
_PROMPTS = {"en": "en_US_f_Allison", "es": "es_MX_f_Allison", "it": "it_IT_m_Carlo", "fr": "fr_CA_f_June",
            "ru": "ru_RU_f_IvrvoiceRU"}  # fmt: skip
_LETTERS = {"ml": 60, "en": 25, "en_GB": 25, "es": 25, "de": 25, "it": 25, "pt_BR": 25, "fr": 25}
_ROOMS = ("large", "small")
_NOISES = {"cough": "cough", "laugh": "laugh", "clap": "clap", "clapping": "clap", "knock": "knock",
           "knocking": "knock", "alarm": "alarm"}  # fmt: skip


class NoRecordings(FileNotFoundError):
    """The folder has none of the sources; the message says where they are described."""


def read_recordings(folder: Path, usual_level: float) -> tuple[Heard, ...]:
    """Return every sound of the sources that are there; raises NoRecordings where none is."""
    random_ = random.Random(1)
    found = tuple(one for read in _SOURCES for one in read(folder, usual_level, random_))
    if not found:
        raise NoRecordings(f"There are no recordings in {folder}. Which, and how to get them: docs/hearing.md.")
    return found


def _prompts(folder: Path, usual: float, chance: random.Random) -> Iterator[Heard]:
    """Prompts of a telephone system in five languages, by four people: one of them speaks two."""
    for language, speaker in _PROMPTS.items():
        of_speaker = folder / "usr/share/asterisk/sounds" / speaker
        files = [each for kind in ("", "phonetic", "digits") for each in sorted((of_speaker / kind).glob("*.g722"))]
        for file in _some([each for each in files if not {"beep", "tone"} & set(_words_of(each))], 60, chance):
            yield from _said(file, f"prompts {speaker.rpartition('_')[2]}", usual, language)


def _letters(folder: Path, usual: float, chance: random.Random) -> Iterator[Heard]:
    """Letters and syllables, each language read by one person, Malayalam among them."""
    for language, count in _LETTERS.items():
        files = sorted((folder / "usr/share/klettres" / language).rglob("*.ogg"))
        for file in _some(files, count, chance):
            yield from _said(file, f"letters {language}", usual, language)


def _hindi_words(folder: Path, usual: float, chance: random.Random) -> Iterator[Heard]:
    """Single words of students, each set of words one speaker's."""
    at = folder / "Isolated-Word-Hindi-Speech-Recognition"
    for file in _some(sorted(at.rglob("*.wav")), 200, chance):
        yield from _said(file, f"hindi words {'/'.join(file.relative_to(at).parts[:2])}", usual, "hi")


def _hindi_sentences(folder: Path, usual: float, chance: random.Random) -> Iterator[Heard]:
    """Sentences of three speakers."""
    for file in _some(sorted((folder / "Hindi-Speech-Corpus/corpus/data").rglob("*.mp3")), 150, chance):
        yield from _said(file, f"hindi sentences {file.parent.name}", usual, "hi")


def _noises(folder: Path, usual: float, chance: random.Random) -> Iterator[Heard]:
    """Coughs, laughter, claps, knocks and alarms, in two rooms, and by other people.

    The two rooms are one speaker: nobody says who was recorded, and who laughs in one laughs in the other.
    """
    for file in sorted((folder / "Machine-Learning-and-Sensing/A1").rglob("*.wav")):
        kind, _, room = (file.stem if "_" in file.stem else f"{file.parent.name}_{file.stem}").partition("_")
        samples = _decoded(file)
        events = _events(samples)
        for number in sorted(chance.sample(range(len(events)), min(_EVENTS_OF_A_FILE, len(events)))):
            place = room.split("_")[0]
            speaker = "rooms" if place in _ROOMS else f"others {place}"
            yield _heard(f"{_name(file)} {number}", _NOISES[kind], speaker, events[number], usual)


def _coughs(folder: Path, usual: float, _: random.Random) -> Iterator[Heard]:
    """Coughs of sixteen patients, one a file."""
    for file in sorted((folder / JUDGED_ONLY / "clinical/segmented").rglob("*.mp3")):
        patient = "-".join(file.stem.split("-")[:3])
        for samples in _events(_decoded(file))[:1]:
            yield _heard(_name(file), "cough of a patient", f"{JUDGED_ONLY} {patient}", samples, usual)


_SOURCES: Final[tuple[Callable[[Path, float, random.Random], Iterator[Heard]], ...]] = (
    _prompts, _letters, _hindi_words, _hindi_sentences, _noises, _coughs,
)  # fmt: skip


def _said(file: Path, speaker: str, usual: float, language: str) -> Iterator[Heard]:
    for samples in _events(_decoded(file))[:1]:
        yield _heard(_name(file), WORDS, speaker, samples, usual, language)


def _heard(name: str, kind: str, speaker: str, samples: Samples, usual: float, language: str = "") -> Heard:
    return Heard(name, kind, speaker, at_level(samples, louder(usual, name, 4.0)), language=language)


def _name(file: Path) -> str:
    """A file's name inside its source: how loud and in what noise it is heard hangs on that, and on no folder."""
    return "/".join(file.parts[-3:])


def _some(files: list[Path], count: int, chance: random.Random) -> list[Path]:
    return sorted(chance.sample(files, min(count, len(files))))


def _words_of(file: Path) -> list[str]:
    return file.stem.replace("2tone", "tone").replace("beeperr", "beep").split("-")


def _decoded(file: Path) -> Samples:
    pieces: list[Samples] = []
    with av.open(str(file)) as source:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
        for frame in (*source.decode(audio=0), None):
            pieces += [each.to_ndarray().ravel().astype(np.int16) for each in resampler.resample(frame)]
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)


def _events(samples: Samples) -> list[Samples]:
    """Cut a recording into its sounds, each from where it stands out of the noise."""
    count = len(samples) // _WINDOW
    if count == 0:
        return []
    levels = np.sqrt(np.mean(samples[: count * _WINDOW].reshape(count, _WINDOW).astype(np.float64) ** 2, axis=1))
    loud = np.flatnonzero(levels > max(np.percentile(levels, 20) * _OVER_NOISE, levels.max() * _LOUD_SHARE))
    runs = np.split(loud, np.flatnonzero(np.diff(loud) > _GAP_WINDOWS) + 1)
    longest = round(_LONGEST_SECONDS * SAMPLE_RATE_HZ)
    return [
        samples[run[0] * _WINDOW : (run[-1] + 1) * _WINDOW][:longest] for run in runs if len(run) >= _SHORTEST_WINDOWS
    ]
