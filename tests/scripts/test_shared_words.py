"""The table of shared words is the script's work: nobody edits it, and it is not stale after an edit to the lists."""

import tomllib

import pytest

from scripts import shared_words
from worker.language.lexicon import lexicon
from worker.languages import ENGLISH, SUPPORTED

CHECKED_IN = {
    code: set(section["words"].split())
    for code, section in tomllib.loads(shared_words.TARGET.read_text(encoding="utf-8")).items()
}


def test_the_checked_in_table_is_in_the_form_that_the_script_writes():
    assert shared_words.table(CHECKED_IN) == shared_words.TARGET.read_text(encoding="utf-8")


def test_every_language_has_its_part():
    assert set(CHECKED_IN) == set(SUPPORTED)


@pytest.mark.parametrize("language", sorted(set(SUPPORTED) - {ENGLISH}))
def test_every_word_is_on_a_list_of_another_language_and_not_of_its_own(language):
    """After an edit to a list, run the script again."""
    listed_by = {
        word: {entry.language for entry in lexicon().words.get(word, ()) if entry.kind in shared_words.KINDS}
        for word in CHECKED_IN[language]
    }
    stale = {word for word, known in listed_by.items() if language in known or not known & set(SUPPORTED)}
    assert stale == set()


def test_every_english_homograph_is_on_a_list_of_an_indian_language():
    assert shared_words.shared_with(ENGLISH, CHECKED_IN[ENGLISH]) == CHECKED_IN[ENGLISH]


@pytest.fixture
def dictionaries(tmp_path):
    """One short list a language; the Bengali one has a Hindi adverb, with an affix flag, and what is on no list."""
    for code in SUPPORTED:
        (tmp_path / f"{code[:2]}.txt").write_text("", encoding="utf-8")
    (tmp_path / "bn.txt").write_text("জলদি/12\nআকাশ\n42\n", encoding="utf-8")
    (tmp_path / "en.txt").write_text("banana\nzebra\n", encoding="utf-8")
    return tmp_path


def test_what_a_dictionary_shares_with_other_languages_lists_is_written(dictionaries, monkeypatch, capsys):
    target = dictionaries / "shared_words.toml"
    monkeypatch.setattr(shared_words, "TARGET", target)
    monkeypatch.setattr("sys.argv", ["shared_words", str(dictionaries)])
    assert shared_words.main() == 0
    written = {code: section["words"].split() for code, section in tomllib.loads(target.read_text("utf-8")).items()}
    assert written["bn-IN"] == ["jaldi"]
    assert written[ENGLISH] == ["banana"]
    assert written["gu-IN"] == []
    assert "bn-IN: 1 words" in capsys.readouterr().out


def test_a_missing_list_is_named(dictionaries, monkeypatch, capsys):
    (dictionaries / "te.txt").unlink()
    monkeypatch.setattr("sys.argv", ["shared_words", str(dictionaries)])
    assert shared_words.main() == 1
    assert "te.txt" in capsys.readouterr().err


def test_without_a_folder_it_says_how_it_is_used(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["shared_words"])
    assert shared_words.main() == 2
    assert "python -m scripts.shared_words FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "language", "typed"),
    [("খবর", "bn-IN", "khobor"), ("चाहिए", "hi-IN", "chahie"), ("போகும்", "ta-IN", "pogum"), ("నీళ్ళు", "te-IN", "nillu")],
)
def test_a_native_word_is_found_as_people_type_it(word, language, typed):
    assert typed in set(shared_words.spellings(word, language))
