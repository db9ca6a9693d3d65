"""How well a machine that picks up a phone is told from a person: over what both say, in eleven languages."""

import tomllib
from pathlib import Path

import pytest

from worker.phone.answering import AnsweredBy, machine_in

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
