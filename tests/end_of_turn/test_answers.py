"""What the agent has asked decides with the words: an answer that ends like half a sentence is whole."""

import json
from pathlib import Path

import pytest

from worker.end_of_turn import Completeness, Evidence, how_long_to_wait, read_words
from worker.end_of_turn.__main__ import read_lines

ANSWERS = sorted((Path(__file__).parent / "corpus" / "answers").glob("*.txt"))
EXAMINED = Path(__file__).parent / "corpus" / "examined" / "turns.txt"
FINISHED, UNCLEAR, UNFINISHED = Completeness.FINISHED, Completeness.UNCLEAR, Completeness.UNFINISHED


def whole_turns(path):
    for line in path.read_text("utf-8").splitlines():
        asked, _, said = line.rpartition(" >> ")
        yield " ".join(said.replace("|", " ").split()), asked


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_few_answers_wait_as_if_more_were_to_come(path):
    turns = list(whole_turns(path))
    waits = [text for text, asked in turns if read_words(text, f"{path.stem}-IN", asked).completeness is UNFINISHED]
    assert len(waits) <= 0.05 * len(turns), waits


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("is this the one you asked for", ""),
        ("which bank is it with", ""),
        ("tell me what it means", ""),
        ("please do it", ""),
        ("do you deliver as well", ""),
        ("is it free or not", ""),
        ("around four", "What time should we come?"),
        ("पंद्रह अगस्त को", "किस तारीख को?"),
        ("सोमवार को", "कब डिलीवरी चाहिए?"),
        ("beti ke liye", "ye kiske liye hai?"),
        ("आज ही", "कब आना है?"),
        ("kuch bhi", "aap kya khayenge?"),
        ("en peru Karthik", "unga peru enna?"),
        ("by credit card", "How would you like to pay?"),
        ("yes that's right", "So it is for Friday?"),
        ("yes I am", "Are you at home?"),
    ],
)
def test_what_ends_like_half_a_sentence_can_be_all_of_it(text, asked):
    assert read_words(text, None, asked).completeness is not UNFINISHED


@pytest.mark.parametrize(
    ("text", "asked", "completeness"),
    [
        ("एक मिनट रुकिए", "आपका पैन नंबर बताइए।", UNFINISHED),
        ("hold on", "What is your PIN?", UNFINISHED),
        ("A B C D E", "Please tell me your PAN.", UNFINISHED),
        ("A B C D E one two three four F", "Please tell me your PAN.", FINISHED),
        ("H D F C", "What is the IFSC code?", UNFINISHED),
    ],
)
def test_pieces_of_what_was_asked_are_waited_for(text, asked, completeness):
    assert read_words(text, "en-IN", asked).completeness is completeness


def test_a_word_that_is_being_spelled_waits_longer_than_an_unclear_one():
    spelled = how_long_to_wait(Evidence("S U M", "en-IN", asked="Please spell your name."))
    unclear = how_long_to_wait(Evidence("account balance", "en-IN"))
    assert spelled.seconds > unclear.seconds


def test_transcripts_of_anybody_are_read_line_by_line():
    given = [json.dumps({"text": "my number is", "language": "en-IN"}), "", json.dumps({"text": "haan ji"})]
    first, second = (json.loads(line) for line in read_lines(given))
    assert (first["completeness"], first["seconds"]) == ("unfinished", 1.8)
    assert second["completeness"] == "finished"
    assert first["reason"]


@pytest.mark.parametrize("line", ["nothing", "[]", '{"asked": "x"}', '{"text": 1}', '{"text": "a", "language": 3}'])
def test_a_line_that_cannot_be_read_is_named(line):
    with pytest.raises(ValueError, match="line 1"):
        list(read_lines([line]))


def examined_turns():
    lines = EXAMINED.read_text("utf-8").splitlines()
    return [tuple(field.strip() for field in line.split("|")) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("language", "state", "asked", "text"), examined_turns())
def test_no_turn_of_the_examiner_is_read_as_its_opposite(language, state, asked, text):
    opposite = {"whole": UNFINISHED, "cut": FINISHED}[state]
    assert read_words(text, language, asked).completeness is not opposite


@pytest.mark.parametrize(
    ("asked", "text", "completeness"),
    [
        ("What is your date of birth?", "fourth of march nineteen ninety one", FINISHED),
        ("What is your date of birth?", "the ninth of july two thousand and four", FINISHED),
        ("What is your date of birth?", "ninth of july nineteen oh four", FINISHED),
        ("What is your date of birth?", "fourth of march nineteen", UNFINISHED),
        ("आपकी जन्मतिथि?", "सात अगस्त उन्नीस सौ", UNFINISHED),
        ("आपकी जन्मतिथि?", "सात अगस्त उन्नीस सौ अट्ठासी", FINISHED),
        ("How much was debited?", "two thousand five hundred", FINISHED),
        ("How much was debited?", "two thousand five", UNCLEAR),
        ("How much was debited?", "two lakh fifty", UNCLEAR),
        ("कितने पैसे कटे?", "साढ़े चार हज़ार", FINISHED),
        ("कितने पैसे कटे?", "साढ़े", UNFINISHED),
        ("Eshtu hana?", "eradu saavira", FINISHED),
        ("कितने लोग हैं?", "तीन", UNCLEAR),
        ("ಎಷ್ಟು ಜನ?", "ಮೂರು ಜನ", UNCLEAR),
        ("കുട്ടികൾ എത്ര പേർ?", "മൂന്ന് പേർ", UNCLEAR),
        ("How many people are travelling?", "two adults and", UNFINISHED),
        ("What time suits you?", "half past", UNFINISHED),
        ("When shall we come?", "maybe next", UNFINISHED),
        ("What is the IFSC?", "h d f c zero zero zero two one double eight", FINISHED),
        ("What is the IFSC?", "HDFC zero zero zero two one", UNFINISHED),
        ("What is the IFSC?", "HDFC zero zero zero one two three four", FINISHED),
        ("आपकी गाड़ी का नंबर?", "यूपी 32 के एल 4567", FINISHED),
        ("आपकी गाड़ी का नंबर?", "यूपी 32 के", UNFINISHED),
        ("What is your email?", "it's sneha underscore", UNFINISHED),
        ("Is this your mobile number?", "it is", FINISHED),
    ],
)
def test_values_in_words_are_counted(asked, text, completeness):
    assert read_words(text, None, asked).completeness is completeness


@pytest.mark.parametrize("text", ["ओके", "हां जी"])
def test_an_answer_is_no_spelt_letter(text):
    assert read_words(text, "hi-IN", "आपका पैन नंबर बताइए।").completeness is FINISHED
