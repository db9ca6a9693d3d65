"""A first decision takes no longer than later ones: nothing is read from disc once the worker is imported."""

import json
import subprocess
import sys

import pytest
from corpus_reader import LANGUAGES, turns

pytestmark = pytest.mark.processes

READS_THEM = """
import json, sys
from worker.end_of_turn import Evidence, how_long_to_wait
opened = []
given = json.load(sys.stdin)
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
for language, text in given:
    how_long_to_wait(Evidence(text, language, asked="Which city are you in?"))
print(json.dumps(opened))
"""


def test_a_first_turn_in_any_language_reads_no_file():
    said = [(f"{language}-IN", turns(language)[0][0]) for language in LANGUAGES]
    run = subprocess.run(
        [sys.executable, "-c", READS_THEM], input=json.dumps(said), capture_output=True, text=True, check=True
    )
    assert json.loads(run.stdout) == []
