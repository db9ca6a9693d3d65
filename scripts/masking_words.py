"""Writes records/masking/data/number_words.json: how numbers and letters are said, from what worker/lang knows.

`records/` stands apart from the worker, so it holds a copy; a test compares the two. After a change of worker/lang:
`python -m scripts.masking_words`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from worker.lang import part_of, shared
from worker.language.romanised import romanised
from worker.languages import SUPPORTED
from worker.text.normalise import normalised
from worker.text.scripts import LATIN, indic_script_of

TARGET = Path(__file__).resolve().parents[1] / "records" / "masking" / "data" / "number_words.json"
ABOUT = ("otp", "aadhaar", "amount", "birth", "months")
"""What worker/lang's lists of topics say that masking asks too; the others it lists by itself."""


def number_words() -> dict[str, Any]:
    """Everything that is written, as JSON has it. Words are in `normalised` form, phrases with one blank between."""
    digits: dict[str, str] = {}
    tens: dict[str, str] = {}
    repeats: dict[str, str] = {}
    scales: set[str] = set()
    about: dict[str, set[str]] = {topic: set() for topic in ABOUT}
    for code in SUPPORTED:
        lists, topics = (part_of(code, "endings")[part] for part in ("lists", "about"))
        digits |= _pairs(lists["digits"])
        repeats |= _pairs(lists["repeats"])
        for name in ("hundreds", "thousands", "lakhs"):
            scales.update(normalised(lists[name]).split())
        for topic in ABOUT:
            about[topic].update(normalised(topics.get(topic, "")).split())
        for value, said in enumerate(_below_hundred(code)):
            tens.setdefault(normalised(said), str(value))
            if indic_script_of(said) != LATIN:
                tens.setdefault(normalised(" ".join(map(romanised, said.split()))), str(value))
    letters: dict[str, str] = {}
    for names in shared("letters")["names"].values():
        letters |= _pairs(names)
    return {
        "digits": dict(sorted(digits.items())),
        "below_hundred": {said: value for said, value in sorted(tens.items()) if said not in digits},
        "repeats": dict(sorted(repeats.items())),
        "scales": sorted(scales),
        "letters": dict(sorted(letters.items())),
        "about": {topic: sorted(words) for topic, words in about.items()},
    }


def _below_hundred(code: str) -> list[str]:
    said = part_of(code, "spoken")["numbers"]["below_hundred"]
    return [word for part in said.split(",") if (word := part.strip())]


def _pairs(listed: str) -> dict[str, str]:
    return {normalised(word): value for word, value in (pair.rsplit("=", 1) for pair in listed.split())}


def written() -> str:
    """The file's text."""
    return json.dumps(number_words(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
