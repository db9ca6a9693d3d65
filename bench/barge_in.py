"""`python -m bench.barge_in`: what stops the agent, of 60 interruptions and 60 sounds that are none, in five languages.

Each is heard clear, in noise and over a telephone. An agent is stopped by what it falls silent for; by listening words
("haan") only where they are not known for what they are when they have been read: it goes on then. Exit codes: 0 the
goal was met, 1 it was missed. Recordings: `python -m bench.barge_in_fit`, by weights that have not heard the speaker.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.figures import percentile
from bench.interruptions.corpus import LISTENING, Heard, read_corpus, usual_level
from bench.interruptions.judging import Line, moments, stopped_after_seconds
from worker.hearing.acknowledgements import is_acknowledgement

MOST_FALSE_STOPS = 0.05
_WINDOWS_OF_ANY_SOUND = 3  # with the one before speech began: 0.1 s, as WORKER_BARGE_IN=any counts


@dataclass(frozen=True, slots=True)
class Judged:
    """A sound, and after how much of it the agent falls silent, if it does: by its words, and by any sound."""

    heard: Heard
    line: Line
    words_after_seconds: float | None
    any_after_seconds: float | None

    @property
    def stops(self) -> bool:
        """Return whether the agent has lost its sentence."""
        if self.heard.kind == LISTENING and is_acknowledgement(self.heard.text):
            return False
        return self.words_after_seconds is not None


def judge(sounds: Sequence[Heard]) -> list[Judged]:
    """Have every sound judged, over each line."""
    return [_judged(heard, line) for heard in sounds for line in Line]


def _judged(heard: Heard, line: Line) -> Judged:
    speech = list(moments(heard, line, usual_level()))
    any_sound = speech[_WINDOWS_OF_ANY_SOUND - 1].seconds if len(speech) >= _WINDOWS_OF_ANY_SOUND else None
    return Judged(heard, line, stopped_after_seconds(speech), any_sound)


def rows(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return the rows of out/bench.json."""
    words = [each for each in judged if each.heard.is_words]
    others = [each for each in judged if not each.heard.is_words]
    told = [each.words_after_seconds for each in words if each.words_after_seconds is not None]
    told_by_any = [each.any_after_seconds for each in words if each.any_after_seconds is not None]
    false_stops = _share(each.stops for each in others)
    return [
        {
            "name": "barge_in_false_stops", "unit": "share", "n": len(others),
            "values": {
                "vaani": false_stops,
                "vaani_silent_at_all": _share(each.words_after_seconds is not None for each in others),
                "any_sound": _share(each.any_after_seconds is not None for each in others),
            },
            "goal": {"kind": "at_most", "value": MOST_FALSE_STOPS}, "met": false_stops <= MOST_FALSE_STOPS,
        },
        {
            "name": "barge_in_words_told_p50", "unit": "seconds", "n": len(words),
            "values": {"vaani": percentile(told, 0.5), "any_sound": percentile(told_by_any, 0.5)},
            "goal": {"kind": "none"}, "met": None,
        },
        {
            "name": "barge_in_words_missed", "unit": "share", "n": len(words),
            "values": {"vaani": 1 - len(told) / len(words), "any_sound": 1 - len(told_by_any) / len(words)},
            "goal": {"kind": "none"}, "met": None,
        },
    ]  # fmt: skip


def measure() -> list[dict[str, Any]]:
    """Judge the corpus, in some seconds."""
    return rows(judge(read_corpus()))


def report(judged: Sequence[Judged]) -> Iterator[str]:
    """What a person reads: precision and recall, and each kind."""
    stopped = [each for each in judged if each.stops]
    right = sum(each.heard.is_words for each in stopped)
    words = sum(each.heard.is_words for each in judged)
    yield f"precision {right / max(len(stopped), 1):.1%}, recall {right / words:.1%} of {len(judged)} judgements\n"
    yield "| kind | n | stop the agent | silent at all | silent for any sound | told after, p50 | p90 |"
    yield "|---|---|---|---|---|---|---|"
    kinds = dict.fromkeys((each.heard.kind, each.heard.language if each.heard.is_words else "") for each in judged)
    for kind, language in kinds:
        of_kind = [each for each in judged if each.heard.kind == kind and language in ("", each.heard.language)]
        told = [each.words_after_seconds for each in of_kind if each.words_after_seconds is not None]
        shares = (
            _share(each.stops for each in of_kind),
            _share(each.words_after_seconds is not None for each in of_kind),
            _share(each.any_after_seconds is not None for each in of_kind),
        )
        after = " | ".join(f"{percentile(told, share):.2f} s" if told else "" for share in (0.5, 0.9))
        named = f"{kind} {language}".strip()
        yield f"| {named} | {len(of_kind)} | {' | '.join(f'{share:.0%}' for share in shares)} | {after} |"


def _share(holds: Iterator[bool]) -> float:
    each = list(holds)
    return sum(each) / len(each)


def main() -> int:
    """Returns the exit code."""
    judged = judge(read_corpus())
    for line in report(judged):
        print(line)
    return 0 if rows(judged)[0]["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
