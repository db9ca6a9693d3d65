"""`make fix` writes the word lists one entry a line: a change shows as what it is, and says nothing else."""

from __future__ import annotations

import tomllib

import pytest

from scripts import word_lists

FILE = """# Hindi. Source: grammar.

[verbs]
why = "copula, and more"
native = "{native}"
latin = '''unused'''
[[forms]] # Hindi
phrases = ["jee haan", "achha",
    "achha"]
"short key" = "b a  b" # a remark
"""


def test_the_lists_are_in_order():
    """Mend with `make fix`."""
    out_of_order = [path.name for path in word_lists.files() if word_lists.formatted(_text(path)) != _text(path)]
    assert out_of_order == []


def test_the_identity_of_every_language_is_among_them():
    assert len([path for path in word_lists.files() if path.name == "identity.toml"]) == 11


def test_long_lists_get_a_line_an_entry_and_short_ones_keep_theirs():
    words = [f"शब्द{number:02}" for number in range(40)]
    ordered = word_lists.formatted(FILE.replace("{native}", " ".join(reversed(words))))
    assert 'native = """\n' + "\n".join(words) + '\n"""\n' in ordered
    assert 'phrases = ["achha", "jee haan"]\n' in ordered
    assert '"short key" = "a b" # a remark\n' in ordered


@pytest.mark.parametrize("written", ['"one more | two"', '"one more, two"'])
def test_phrases_in_a_string_are_refused_and_not_torn_apart(written):
    with pytest.raises(ValueError, match="asked: a string is a list of words; write phrases as an array"):
        word_lists.formatted(f"asked = {written}\n")


def test_comments_reasons_and_sections_stay():
    ordered = word_lists.formatted(FILE)
    assert ordered.startswith('# Hindi. Source: grammar.\n\n[verbs]\nwhy = "copula, and more"\n')
    assert "latin = '''unused'''\n[[forms]] # Hindi\n" in ordered


@pytest.mark.parametrize("path", word_lists.files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_entry_is_lost_and_a_second_time_changes_nothing(path):
    text = _text(path)
    shuffled = text.replace('"""\n', '"""\nzzz zzz\n', 1)
    ordered = word_lists.formatted(shuffled)
    assert word_lists.formatted(ordered) == ordered
    assert _entries(tomllib.loads(ordered)) == _entries(tomllib.loads(shuffled))


def _entries(table):
    if isinstance(table, dict):
        return {name: value if name in word_lists.PROSE else _entries(value) for name, value in table.items()}
    if isinstance(table, list):
        return [_entries(each) for each in table] if table and isinstance(table[0], dict) else set(table)
    return set(table.split())


def _text(path):
    return path.read_text(encoding="utf-8")
