"""The word lists are data that native speakers edit: what an edit must not break."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import worker.lang
from worker.lang import part_of, shared
from worker.language.lexicon import lexicon
from worker.languages import LANGUAGES, SUPPORTED, known_code
from worker.text.normalise import normalised
from worker.text.scripts import script_of

DATA = Path(worker.lang.__file__).parent
LANGUAGE_FILES = [f"{LANGUAGES[code].subtag}/identity.toml" for code in SUPPORTED]
LISTS = ["verbs", "questions", "cases", "particles"]


def lists_of(path):
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: section for name, section in table.items() if isinstance(section, dict)}


def _words(listed):
    return listed.split() if isinstance(listed, str) else " ".join(listed).split()


def test_no_language_stands_in_its_folder_and_among_those_without_a_voice():
    assert [table["code"] for table in shared("unsupported")["language"] if known_code(table["code"])] == []


@pytest.mark.parametrize("name", LANGUAGE_FILES)
def test_every_list_says_why_it_is_there_and_every_file_its_source(name):
    path = DATA / name
    assert "Source:" in path.read_text(encoding="utf-8")
    assert [section for section, table in lists_of(path).items() if not table.get("why")] == []


@pytest.mark.parametrize("name", [name for name in LANGUAGE_FILES if name != "en/identity.toml"])
def test_native_lists_are_in_the_language_s_own_script_and_latin_lists_in_latin(name):
    """A word in the wrong script would be looked up by nobody, or claim another language's words."""
    scripts = {code: language.script for code, language in LANGUAGES.items()}
    code = f"{Path(name).parent}-IN"
    wrong = [
        word
        for section in lists_of(DATA / name).values()
        for form, script in (("native", scripts[code]), ("latin", "latin"))
        for word in _words(section.get(form, ""))
        if script_of(word[0]) != script
    ]
    assert wrong == []


@pytest.mark.parametrize("name", LANGUAGE_FILES)
def test_every_language_has_every_part_of_its_grammar_in_both_forms(name):
    sections = lists_of(DATA / name)
    missing = [(part, form) for part in LISTS for form in ("latin",) if not sections[part].get(form)]
    assert missing == []


def test_every_language_is_known_by_its_name_and_its_endonym():
    names = lexicon().language_names
    for code, language in LANGUAGES.items():
        assert names.code_of(language.english_name.lower()) == code
        assert names.code_of(normalised(language.endonym)) == code


@pytest.mark.parametrize("code", SUPPORTED)
def test_a_digit_is_listed_once_and_known_to_both_readers(code):
    """Pins "சைபர்": digits stood in two lists, which did not agree."""
    digits = {normalised(pair.partition("=")[0]) for pair in part_of(code, "endings")["lists"]["digits"].split()}
    numbers = part_of(code, "identity")["numbers"]
    assert digits <= lexicon().numbers
    assert not digits & {normalised(word) for form in ("native", "latin") for word in numbers.get(form, "").split()}
