"""`make languages` says what each language has and lacks, and fails where calls are held in one that is not whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scripts import languages as report
from worker import lang
from worker.languages import LANGUAGES, SUPPORTED

WHOLE = lang.part_of


@pytest.fixture(autouse=True)
def fresh():
    lang._sections.cache_clear()
    yield
    lang._sections.cache_clear()


@pytest.fixture
def without(monkeypatch):
    """Take sections, or all of a part, from a language."""

    def take(code, part, *sections):
        def read(asked_code, asked_part):
            table = WHOLE(asked_code, asked_part)
            if (asked_code, asked_part) != (code, part):
                return table
            return _pruned(table, set(sections)) if sections else {}

        monkeypatch.setattr(lang, "part_of", read)

    return take


def _pruned(table, sections, above=""):
    return {
        name: _pruned(value, sections, f"{above}{name}.") if isinstance(value, dict) else value
        for name, value in table.items()
        if above + name not in sections
    }


def test_every_language_that_calls_are_held_in_is_whole(capsys):
    assert report.main(["--check"]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[1:]] == list(LANGUAGES)
    assert "lacks" not in printed


@pytest.mark.parametrize(
    ("code", "part", "section"),
    [
        ("ta-IN", "phrases", "greeting"),
        ("ml-IN", "spoken", "numbers.point"),
        ("od-IN", "identity", "wish_speech.native"),
        ("pa-IN", "endings", "lists.finite"),
        ("hi-IN", "identity", "case_endings.why"),
        ("en-IN", "phrases", "give_up"),
        ("bn-IN", "endings", "waiting.phrases"),
        ("gu-IN", "endings", "listening.phrases"),
    ],
)
def test_one_missing_section_is_named_and_fails(without, capsys, code, part, section):
    without(code, part, section)
    assert report.main(["--check"]) == 1
    assert f"{code} lacks, in {part}: {section}" in capsys.readouterr().out


@pytest.mark.parametrize("part", lang.PARTS)
def test_a_part_that_is_not_there_at_all_is_told_from_one_that_is_begun(without, part):
    without("kn-IN", part)
    cells = {each.heading: each.cell for each in report.parts_of("kn-IN")}
    assert cells.pop(part) == "-"
    assert set(cells.values()) == {"yes"}


def test_the_table_alone_never_fails(without):
    without("te-IN", "phrases")
    assert report.main([]) == 0


def test_a_language_that_is_only_known_may_lack_whatever_it_likes(without, monkeypatch, capsys):
    without("te-IN", "phrases")
    monkeypatch.setitem(report.LANGUAGES, "te-IN", replace(LANGUAGES["te-IN"], is_offered=False))
    assert report.main(["--check"]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("te-IN"))
    assert row.split()[2] == "-"


def test_no_voice_no_corpus_and_no_sandbox_are_told_too(monkeypatch):
    assamese = replace(LANGUAGES["bn-IN"], code="as-IN", english_name="Assamese", endonym="অসমীয়া", is_offered=False)
    monkeypatch.setitem(report.LANGUAGES, "as-IN", assamese)
    lacking = {part.heading for part in report.parts_of("as-IN") if part.lacking}
    assert lacking == {*lang.PARTS, *report.ELSEWHERE}
    assert len(SUPPORTED) == 11
