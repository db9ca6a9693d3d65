"""The README's layout is the one on disk, and the glossary names files that are there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
DEPTH = 2
LINE = re.compile(r"(?P<indent> *)(?P<name>[\w.-]+(?:/[\w.-]+)*/?)(?: {2,}(?P<answer>\S.*))?")
ANSWER_COLUMN = 33


def listed() -> dict[str, str]:
    """What the README's layout says: path to what it answers; a folder's path ends in a slash."""
    block = re.search(r"^## Where things are\n.*?^```\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert block, "README.md has no layout"
    answers: dict[str, str] = {}
    folders: list[str] = []
    for line in block[1].splitlines():
        if line.startswith(" " * ANSWER_COLUMN):
            continue  # the rest of an answer
        match = LINE.fullmatch(line)
        assert match, f"no line of a layout: {line!r}"
        level = len(match["indent"]) // 2
        path = "".join(folders[:level]) + match["name"]
        assert path not in answers, f"twice: {path}"
        answers[path] = match["answer"] or ""
        if match["name"].endswith("/"):
            folders[level:] = [match["name"]]
    return answers


LISTED = listed()
ROOMS = [
    path
    for path in LISTED
    if path
    in (
        "functions/token/",
        "worker/",
        "records/",
        "phone/",
        "console/",
        "sandbox/",
        "infra/",
        "doctor/",
        "faults/",
        "bench/",
    )
]


def on_disk(room: str) -> Iterator[str]:
    """Every file and folder that git knows in a room, two levels deep."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", room]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for path in tracked:
        inside = path.removeprefix(room).split("/")
        if (ROOT / path).exists() and inside[-1] != "__init__.py":
            yield from (room + "/".join(inside[:level]) + "/" for level in range(1, min(len(inside), DEPTH + 1)))
            if len(inside) <= DEPTH:
                yield path


def test_every_room_is_in_the_layout():
    assert len(ROOMS) == 10


@pytest.mark.parametrize("room", ROOMS)
def test_the_layout_of_the_readme_is_the_one_on_disk(room):
    """Mend the list "Where things are" in README.md: one line a file, which says what it answers."""
    there = {room, *on_disk(room)}
    said = {path for path in LISTED if path.startswith(room)}
    assert sorted(there - said) == [], "on disk, not in the README"
    assert sorted(said - there) == [], "in the README, not on disk"


def test_every_file_of_the_layout_says_what_it_answers():
    assert [path for path, answer in LISTED.items() if not path.endswith("/") and len(answer) < 8] == []


def glossary() -> list[tuple[str, str, str]]:
    """Its rows: the word, what it means, where it is."""
    return re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \| (.+?) \|$", GLOSSARY, re.MULTILINE)


def test_the_readme_leads_to_the_glossary():
    assert "(docs/glossary.md)" in README
    assert len(glossary()) >= 30


@pytest.mark.parametrize(("word", "where"), [(word, where) for word, _, where in glossary()])
def test_every_word_of_the_glossary_is_where_it_says(word, where):
    """A place is a file or folder, alone or with a name that stands in it: `worker/settings.py` `TurnSettings`."""
    places = re.findall(r"`([^`]+)`(?: `([^`]+)`)?", where)
    assert places, f"{word} is nowhere"
    for path, name in places:
        assert (ROOT / path).exists(), f"{word}: there is no {path}"
        if name:
            assert name in (ROOT / path).read_text(encoding="utf-8"), f"{word}: {path} has no {name}"


def test_the_glossary_is_in_order():
    words = [word.lower() for word, _, _ in glossary()]
    assert words == sorted(words)
