"""How well a machine that picks up a phone is told from a person: over what both say, in eleven languages."""

import tomllib
from pathlib import Path

import pytest

from worker.lang import shared
from worker.phone.answering import AnsweredBy, hints_at_an_announcement, machine_in

SAID = tomllib.loads(Path(__file__).with_name("who_answers.toml").read_text(encoding="utf-8"))
MACHINES = {"announcement": AnsweredBy.ANNOUNCEMENT, "voicemail": AnsweredBy.VOICEMAIL}


def told(kind):
    """Everything that is said by one kind, with what it is taken for."""
    return [(text, machine_in(text)) for texts in SAID[kind].values() for text in texts]


def test_no_person_is_hung_up_on():
    assert [text for text, machine in told("person") if machine is not None] == []


@pytest.mark.parametrize("kind", MACHINES)
def test_what_networks_and_mailboxes_say_is_known(kind):
    assert [text for text, machine in told(kind) if machine is not MACHINES[kind]] == []


def test_every_language_has_its_networks_its_mailboxes_and_its_people():
    assert set(SAID["announcement"]) == set(SAID["voicemail"]) == set(SAID["person"])
    assert len(SAID["person"]) == 11


@pytest.mark.parametrize("kind", MACHINES)
def test_what_comes_in_two_pieces_is_known_as_well(kind):
    """Recognisers end a turn at every breath: the words are gathered, whatever stood between them."""
    halves = [text.split() for text, _ in told(kind)]
    joined = [
        " ".join(words[: len(words) // 2]) + ". " + " ".join(words[len(words) // 2 :]).capitalize() for words in halves
    ]
    assert [text for text in joined if machine_in(text) is None] == []


@pytest.mark.parametrize("hello", ["Hello?", "हैलो", "Yes?"])
def test_a_person_stays_one_after_their_hello(hello):
    assert [text for text, _ in told("person") if machine_in(f"{hello} {text}") is not None] == []


# ---- on a bad line, from somebody who has spoken for longer than people do


def test_an_announcement_that_is_half_understood_is_known_as_well():
    misheard = [pieces for each in SAID["misheard"].values() for pieces in each]
    assert [each for each in misheard if not (hints_at_an_announcement(each) or machine_in(" ".join(each)))] == []


def test_in_every_language_an_announcement_is_known_by_its_end():
    for language, phrases in shared("answering")["closing"].items():
        assert [each for each in phrases if not hints_at_an_announcement(["zzz zzz zzz.", each])] == [], language
    assert len(shared("answering")["closing"]) == 11


@pytest.mark.parametrize(
    "before", ["Hello?", "I am driving.", "She is busy.", "No, no.", "हैलो", "மன்னிக்கவும், நான் வெளியே இருக்கிறேன்."]
)
def test_who_greets_or_speaks_of_somebody_and_asks_to_be_called_later_is_a_person(before):
    assert not hints_at_an_announcement([before, "Please try again later."])


def test_no_person_who_speaks_slowly_is_hung_up_on():
    people = [text for texts in SAID["person"].values() for text in texts]
    assert [text for text in people if hints_at_an_announcement([text])] == []
    assert [text for text in people if hints_at_an_announcement(["Hello?", text])] == []
    assert not hints_at_an_announcement(["please try again later"])
