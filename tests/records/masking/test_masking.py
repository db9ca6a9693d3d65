"""What is masked, and what is not: a corpus with its figures, and properties over all languages and groupings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.masking import Kind, Masker, sensitive_in
from records.masking.checksums import luhn_holds, verhoeff_holds
from records.masking.normalise import normalised
from scripts import masking_words
from worker.lang import part_of
from worker.language.romanised import romanised
from worker.languages import SUPPORTED
from worker.text import normalise

CORPUS = Path(__file__).with_name("corpus.txt")
RECALL, PRECISION = 1.0, 1.0
"""Of the corpus, which is ours: what calls teach is added to it."""
WRITTEN = {
    code: [word.strip() for word in part_of(code, "spoken")["numbers"]["below_hundred"].split(",") if word.strip()]
    for code in SUPPORTED
}
ZEROS = "0०০੦૦୦௦౦೦൦"


def cases() -> list[tuple[list[str], str, str]]:
    lines = [line for line in CORPUS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    split = [[part.strip() for part in line.split("|")] for line in lines]
    return [([] if kinds == "-" else kinds.split(), said, heard) for kinds, said, heard in split]


def kinds_found(said: str, heard: str) -> list[str]:
    masker = Masker(kept=())
    if said:
        masker.said(said)
    masked = masker.heard(heard)
    places = {masked.find(f"[{kind}]"): kind.value for kind in Kind if kind is not Kind.PHONE and f"[{kind}]" in masked}
    return [kind for _, kind in sorted(places.items())]


@pytest.mark.parametrize(("kinds", "said", "heard"), cases())
def test_a_sentence_of_the_corpus(kinds, said, heard):
    assert kinds_found(said, heard) == kinds


def test_precision_and_recall_of_the_corpus(record_property):
    hits = missed = false = 0
    for kinds, said, heard in cases():
        found = kinds_found(said, heard)
        hits += len(set(kinds) & set(found))
        missed += len(set(kinds) - set(found))
        false += len(set(found) - set(kinds))
    figures = {"recall": hits / (hits + missed), "precision": hits / (hits + false), "secrets": hits + missed}
    for name, figure in figures.items():
        record_property(name, figure)
    assert figures["recall"] >= RECALL, figures
    assert figures["precision"] >= PRECISION, figures


def test_the_number_words_are_those_of_the_worker():
    """A failure is mended by `python -m scripts.masking_words`; then read the diff."""
    assert masking_words.TARGET.read_text(encoding="utf-8") == masking_words.written()


def test_words_are_spelt_one_way_as_in_the_worker():
    ours = Path(normalised.__globals__["__file__"]).read_bytes()
    assert ours == Path(normalise.__file__).read_bytes()


def with_check_digit(digits: str, holds) -> str:
    return next(digits + str(last) for last in range(10) if holds(digits + str(last)))


cards = st.tuples(
    st.sampled_from(["4", "51", "55", "6521", "60", "2221"]), st.text("0123456789", min_size=15, max_size=15)
).map(lambda parts: with_check_digit((parts[0] + parts[1])[:15], luhn_holds))
aadhaars = st.tuples(st.sampled_from("23456789"), st.text("0123456789", min_size=10, max_size=10)).map(
    lambda parts: with_check_digit("".join(parts), verhoeff_holds)
)
languages = st.sampled_from(SUPPORTED)
separators = st.sampled_from([" ", ", ", "-", " - ", ". ", "  ", "\n"])


@st.composite
def said_aloud(draw, digits: str) -> str:
    """The digits as a caller of some language may say them, and a recogniser may write them."""
    language, pieces, place = draw(languages), [], 0
    while place < len(digits):
        digit, form = (
            digits[place],
            draw(st.sampled_from(["word", "romanised", "english", "figure", "native", "double"])),
        )
        word = WRITTEN[language][int(digit)]
        if form == "double" and digits[place : place + 2] == digit * 2:
            pieces.append(f"double {WRITTEN['en-IN'][int(digit)]}")
            place += 1
        else:
            pieces.append(
                {
                    "romanised": " ".join(map(romanised, word.split())),
                    "english": WRITTEN["en-IN"][int(digit)],
                    "figure": digit,
                    "native": chr(ord(draw(st.sampled_from(ZEROS))) + int(digit)),
                }.get(form, word)
            )
        place += 1
    return draw(separators).join(pieces)


@settings(max_examples=150, deadline=None)
@given(cards.flatmap(lambda digits: st.tuples(st.just(digits), said_aloud(digits))))
def test_no_card_is_left_however_it_is_said(said):
    digits, aloud = said
    found = sensitive_in(f"my card number is {aloud} please", None)
    assert [each.characters for each in found] == [digits]
    assert Masker().heard(f"my card number is {aloud} please") == "my card number is [card] please"


@settings(max_examples=150, deadline=None)
@given(aadhaars.flatmap(lambda digits: st.tuples(st.just(digits), said_aloud(digits))))
def test_no_aadhaar_is_left_however_it_is_said(said):
    digits, aloud = said
    masker = Masker()
    masker.said("आपका आधार नंबर क्या है?")
    assert masker.heard(aloud) == "[aadhaar]", digits


@settings(max_examples=100, deadline=None)
@given(st.text("0123456789", min_size=4, max_size=8).flatmap(said_aloud))
def test_what_is_said_after_the_question_for_an_otp_is_masked(aloud):
    masker = Masker()
    masker.said("Please tell me the OTP.")
    assert masker.heard(aloud) == "[otp]"


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_is_read_without_a_crash_and_stays_as_it_is_where_it_says_no_digit(text):
    masked = Masker().heard(text)
    if not any(character.isdecimal() for character in text) and not sensitive_in(text):
        assert masked == text


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 99_999_999), languages)
def test_amounts_stay(rupees, language):
    for said in (f"₹{rupees}", f"{rupees} rupees", f"Rs. {rupees:,}"):
        assert Masker().heard(f"I paid {said} by card") == f"I paid {said} by card"


def test_what_was_secret_once_is_secret_when_it_is_read_back():
    masker = Masker()
    masker.said("May I have the code?")
    assert masker.heard("four five") == "[otp]"
    assert masker.heard("two one") == "[otp]"
    assert masker.said("So that is 4521, right?") == "So that is [otp], right?"
    assert masker.text("The caller gave 4521.") == "The caller gave [otp]."
    assert masker.heard("my order number is 4521") == "my order number is 4521"


def test_a_number_said_over_two_turns_is_masked_in_both():
    masker = Masker()
    masker.said("Your card number, please?")
    assert masker.heard("4111 1111") == "[card]"
    assert masker.said("Yes, go on.") == "Yes, go on."
    assert masker.heard("1111 1111") == "[card]"
    assert "1111" not in masker.text("4111111111111111")


def test_the_example_in_the_docs_holds():
    page = (Path(__file__).parents[3] / "docs" / "masking.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(example, "docs/masking.md", "exec"), {})


def test_json_is_masked_by_its_keys_and_by_what_was_said():
    masker = Masker()
    value = {"otp": 4521, "note": ["pay 500 rupees", "4111111111111111"], "order_id": "4521778", "ok": True, "n": 7}
    assert masker.value(value) == {
        "otp": "[otp]", "note": ["pay 500 rupees", "[card]"], "order_id": "4521778", "ok": True, "n": 7,
    }  # fmt: skip


def test_what_a_setting_keeps_is_kept():
    assert Masker(kept={Kind.CARD}).heard("card 4111 1111 1111 1111") == "card 4111 1111 1111 1111"
    assert Masker(kept=()).heard("my number is 98765 43210") == "my number is [phone]"
    assert Masker().heard("my number is 98765 43210") == "my number is 98765 43210"


@pytest.mark.parametrize(("digits", "holds"), [("4111111111111111", True), ("4111111111111112", False), ("0", True)])
def test_luhn(digits, holds):
    assert luhn_holds(digits) is holds


@pytest.mark.parametrize(("digits", "holds"), [("234123412346", True), ("234123412347", False), ("2363", True)])
def test_verhoeff(digits, holds):
    assert verhoeff_holds(digits) is holds
