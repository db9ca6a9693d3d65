"""A twelfth language is added by following docs/adding-a-language.md, block by block, in a copy of the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-language.md").read_text(encoding="utf-8")
COPIED = (
    "worker",
    "records",
    "sandbox",
    "scripts",
    "functions/token",
    "tests/language/corpus",
    "tests/end_of_turn/corpus",
)
BLOCK = re.compile(
    r"(?:^`(?P<file>[^`]+)`, (?:behind `(?P<anchor>[^`]+)`|(?P<end>at its end)):\n\n)?"
    r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
NUMBER = re.compile(r"\d+ *")
"""How many sections are lacking changes with every list; that they are counted does not."""
ASSAMESE = "মোৰ অৰ্ডাৰ কেতিয়া আহিব"
WISH = "অসমীয়াত কথা পাতক"
BENGALI = "আমার অর্ডার কবে আসবে"


GOOD = {
    "LIVEKIT_URL": "ws://127.0.0.1:1", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret",
    "SARVAM_API_KEY": "key", "OPENAI_API_KEY": "key",
}  # fmt: skip
PROBLEMS = """
import json, sys
from worker.checks import setting_problems
from worker.environment import load_settings
from worker.errors import BadSettings
def problems(environment):
    try:
        return setting_problems(load_settings(environment))
    except BadSettings as error:
        return error.problems
print(json.dumps(["\\n".join(problems(environment)) for environment in json.load(sys.stdin)]))
"""
MADE_FROM_THE_TABLE = """
from worker.conversation.caller import opening_language
from worker.conversation.phrases import Phrases
from worker.end_of_turn.lexicon import main_language
from worker.spoken import speakable
from worker.tools.set_language import Code
greetings = {Phrases.load().text("greeting", code) for code in ("as-IN", "en-IN")}
print(opening_language({"sip.phoneNumber": "+913612345678"}, "en-IN"), "as-IN" in Code.__args__, len(greetings) == 2,
      main_language(("মোৰ", "নম্বৰ"), "as-IN"), speakable("₹5", "as-IN") != speakable("₹5", "en-IN"))
"""


class Copy:
    """A copy of the repository that the page is followed in."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for room in COPIED:
            shutil.copytree(ROOT / room, root / room)
        shutil.copy(ROOT / "Makefile", root)
        tools = root / "tools"
        tools.mkdir()
        # The page says `make`; the copy needs no set-up and uses the packages that run this test.
        make = tools / "make"
        real, packages = shutil.which("make"), Path(sys.executable).parent
        make.write_text(f'#!/bin/sh\nexec "{real}" -o setup VENV="{packages}" "$@"\n')
        make.chmod(0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("WORKER_", "TTS_", "STT_"))},
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": f"{root}:{root / 'functions' / 'token'}",
            "VAANI_IGNORE_ENV_FILE": "true",
        }
        self.printed, self.status = "", 0
        """Of the last commands that the page said."""

    def follow(self, heading: str) -> None:
        """Do all that a section of the page says."""
        section = re.search(rf"^## {heading}.*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
        assert section, heading
        blocks = list(BLOCK.finditer(section[0]))
        assert blocks, heading
        for block in blocks:
            self._do(block)

    def _do(self, block: re.Match[str]) -> None:
        if block["kind"] == "sh":
            done = self.run("sh", "-e", "-c", block["text"])
            self.printed, self.status = done.stdout + done.stderr, done.returncode
        elif block["file"]:
            path = self.root / block["file"]
            text = path.read_text(encoding="utf-8")
            anchor = f"{block['anchor']}\n" if block["anchor"] else text[-1:]
            assert anchor in text
            before, _, after = text.rpartition(anchor) if block["end"] else text.partition(anchor)
            path.write_text(before + anchor + block["text"] + after, encoding="utf-8")
        else:
            shown, printed = (NUMBER.sub("n", text) for text in (block["text"], self.printed))
            assert shown.strip() in printed, "the page shows what was not printed"

    def run(self, *command: str, said: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.root, input=said, env=self.environment | environment,
            capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip

    def replies_in(self, *conversations: tuple[str, ...]) -> list[list[str]]:
        """Each conversation: its default language, and what the caller says."""
        lines = [{"default": first, "turns": [{"text": text} for text in said]} for first, *said in conversations]
        done = self.run(sys.executable, "-m", "worker.language", said="\n".join(map(json.dumps, lines)))
        assert done.returncode == 0, done.stderr
        return [json.loads(line)["languages"] for line in done.stdout.splitlines()]

    def problems(self, *environments: dict[str, str]) -> list[str]:
        """What is wrong with the worker's settings in each environment; empty where nothing is."""
        done = self.run(sys.executable, "-c", PROBLEMS, said=json.dumps([GOOD | each for each in environments]))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return Copy(tmp_path_factory.mktemp("twelfth"))


def test_after_the_first_step_it_is_known_and_not_spoken(copy):
    copy.follow("1. Let it be known")

    assert copy.status == 0, "a language that is only known may lack what it likes"
    assert copy.replies_in(("bn-IN", ASSAMESE), ("en-IN", WISH, BENGALI)) == [["bn-IN"], ["en-IN", "bn-IN"]]
    (refused,) = copy.problems({"WORKER_DEFAULT_LANGUAGE": "as-IN"})
    assert "as-IN (Assamese) is known, but calls are not held in it" in refused
    assert "It lacks identity, endings, spoken, phrases, colleague, consent." in refused


def test_after_the_others_calls_are_held_in_it_as_far_as_its_data_goes(copy):
    copy.follow("2. Complete its words")
    copy.follow("3. Offer it")

    row = next(line for line in copy.printed.splitlines() if line.startswith("as-IN"))
    assert row.split() == ["as-IN", "Assamese", *["yes"] * 8, "-", "-", "-", "-"]
    assert copy.status != 0
    for part in ("voice", "token", "sandbox", "corpora"):
        assert f"as-IN lacks, in {part}:" in copy.printed
    assert copy.replies_in(("bn-IN", ASSAMESE), ("en-IN", BENGALI, WISH)) == [["as-IN"], ["bn-IN", "as-IN"]]
    fitting = {"WORKER_DEFAULT_LANGUAGE": "as-IN", "TTS_MODEL": "bulbul:v4-flash"}
    spoken_with, named, refused = copy.problems(fitting, {"TTS_VOICES": "as-IN=priya"}, {})
    assert spoken_with == named == ""
    assert "bulbul:v3 (TTS_MODEL) has no voice of its own for as-IN" in refused


def test_what_is_made_from_the_table_has_it_too(copy):
    """Runs last: the page has been followed."""
    done = copy.run(sys.executable, "-c", MADE_FROM_THE_TABLE)
    assert done.stdout.split() == ["as-IN", "True", "True", "as", "True"], done.stderr
