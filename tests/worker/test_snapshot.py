"""The call's state in the room's metadata: another worker reads it, nobody else can, and garbage does no harm."""

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.language import LanguageState
from worker.recovery.snapshot import (
    METADATA_KEY,
    CallState,
    Seal,
    Succession,
    from_metadata,
    into_metadata,
    newest,
)

SECRET = "a-livekit-api-secret-of-some-length"
STATE = CallState(
    agent="agent-AJ_1", language="ta-IN", started_at=1.5, turns=1,
    messages=(("user", "என் ஆர்டர் எங்கே"), ("assistant", "சரி")), beat=3,
    summary="The caller asked for order 4521.",
)  # fmt: skip


def test_another_worker_with_the_same_secret_reads_what_was_written():
    assert Seal(SECRET).open_state(Seal(SECRET).seal(STATE, "room"), "room") == STATE


@pytest.mark.parametrize(
    "decided",
    [LanguageState("ta-IN", wished=True), LanguageState("ta-IN", wished=True, leaning="hi-IN", leaning_turns=1)],
    ids=["wished", "wished, and one turn in another language since"],
)
def test_what_the_turns_decided_about_the_language_outlives_the_agent(decided):
    """Pins the find that a successor forgot the caller's wish: one Hindi word later the call was Hindi again."""
    written = CallState(
        agent="agent-1", language=decided.language, started_at=0.0, language_wished=decided.wished,
        language_leaning=decided.leaning, language_leaning_turns=decided.leaning_turns,
    )  # fmt: skip

    opened = Seal(SECRET).open_state(Seal(SECRET).seal(written, "room"), "room")

    assert opened is not None
    assert opened.language_state == decided


def test_a_state_of_an_older_release_opens_as_a_language_that_nobody_wished_for(monkeypatch):
    import worker.recovery.snapshot as module

    def as_it_was(content):
        return {name: value for name, value in asdict(content).items() if not name.startswith("language_")}

    monkeypatch.setattr(module, "asdict", as_it_was)

    opened = Seal(SECRET).open_state(Seal(SECRET).seal(STATE, "room"), "room")

    assert opened is not None
    assert opened.language_state == LanguageState("ta-IN")


def test_the_room_sees_nothing_of_the_conversation():
    assert "ஆர்டர்" not in Seal(SECRET).seal(STATE, "room")
    assert "agent-AJ_1" not in Seal(SECRET).seal(STATE, "room")


@pytest.mark.parametrize(
    ("secret", "room"), [("another-secret", "room"), (SECRET, "another-room")], ids=["other secret", "other room"]
)
def test_a_state_is_worth_nothing_elsewhere(secret, room):
    assert Seal(secret).open_state(Seal(SECRET).seal(STATE, "room"), room) is None


def test_a_state_cannot_pass_for_a_succession():
    """Pins the trap that whoever may see sealed text could send it back as an order of another kind."""
    seal = Seal(SECRET)
    assert seal.open_succession(seal.seal(STATE, "room"), "room") is None
    assert seal.open_succession(seal.seal(Succession("crashed", 2, "agent-1"), "room"), "room") == Succession(
        "crashed", 2, "agent-1"
    )


def test_the_same_state_is_sealed_differently_every_time():
    seal = Seal(SECRET)
    assert seal.seal(STATE, "room") != seal.seal(STATE, "room")


@given(st.text(max_size=200))
def test_garbage_opens_to_nothing(text):
    assert Seal(SECRET).open_state(text, "room") is None
    assert Seal(SECRET).open_state("v1." + text, "room") is None


@given(st.text(max_size=200))
def test_what_somebody_else_keeps_in_the_metadata_stays_readable(foreign):
    metadata = into_metadata(foreign, "v1.sealed")
    again = into_metadata(metadata, "v1.newer")

    assert from_metadata(again) == "v1.newer"
    content = json.loads(again)
    del content[METADATA_KEY]
    try:
        expected = json.loads(foreign)
    except ValueError:
        expected = None
    if not isinstance(expected, dict):
        expected = {"metadata": foreign} if foreign else {}
    expected.pop(METADATA_KEY, None)
    assert content == expected


@pytest.mark.parametrize("metadata", ["", "[1]", "{", "null", '{"vaani.call": 7}', "[" * 100_000])
def test_metadata_that_is_not_ours_holds_no_state(metadata):
    assert from_metadata(metadata) == ""


def test_a_newer_release_may_add_fields_that_an_older_one_ignores(monkeypatch):
    import worker.recovery.snapshot as module

    monkeypatch.setattr(module, "asdict", lambda content: asdict(content) | {"added_later": 1})

    assert Seal(SECRET).open_state(Seal(SECRET).seal(STATE, "room"), "room") == STATE


def test_a_long_conversation_keeps_its_end():
    messages = [("user", f"{number:03d} " + "क" * 100) for number in range(200)]

    kept = newest(messages, most_bytes=5000)

    assert kept[-1] == messages[-1]
    assert 0 < len(kept) < 20
    assert sum(len(text.encode()) for _, text in kept) <= 5000


def test_one_endless_utterance_is_cut_and_stays_text():
    ((role, text),) = newest([("user", "क" * 10_000)], most_bytes=1000)

    assert role == "user"
    assert 900 < len(text.encode()) <= 1000
    assert set(text) == {"क"}


def test_two_workers_that_send_at_once_send_the_same_identity():
    """Pins the reason why two agents can never stay: LiveKit lets one identity be in a room once."""
    assert Succession("crashed", 1, "a").identity == Succession("lost", 1, "a").identity
    assert Succession("crashed", 1).identity != Succession("crashed", 2).identity
    assert Succession("busy", 1).identity == Succession("busy", 2).identity


HALF = "ok \ud83d"


def test_half_a_character_is_sealed_as_a_question_mark():
    """Pins the trap that JSON carries half a surrogate pair, UTF-8 does not, and the sign of life ended there."""
    state = replace(STATE, messages=newest([("user", HALF), ("assistant", HALF + "x" * 50)], most_bytes=40))
    metadata = into_metadata('{"note": "\\ud83d"}', Seal(SECRET).seal(state, "room"))

    metadata.encode()  # LiveKit's messages are UTF-8
    assert Seal(SECRET).open_state(from_metadata(metadata), "room") == state
    assert Seal(SECRET).open_state(Seal(SECRET).seal(replace(STATE, language=HALF), "room"), "room").language == "ok ?"


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("agent"),
        lambda content: content.pop("started_at"),
        lambda content: content.update(messages=7),
        lambda content: content.update(messages=["no pair"]),
        lambda content: content.update(messages=[["user"]]),
        lambda content: content.update(messages=None),
        lambda content: content.update(started_at="yesterday"),
        lambda content: content.update(agent=None),
        lambda content: content.update(beat=[]),
        lambda content: content.update(over="perhaps"),
    ],
)
def test_a_state_that_this_release_does_not_understand_is_none(monkeypatch, change):
    """Pins the trap that one room of another release ended the watch over all rooms."""
    import worker.recovery.snapshot as module

    def changed(content):
        fields = asdict(content)
        change(fields)
        return fields

    monkeypatch.setattr(module, "asdict", changed)
    assert Seal(SECRET).open_state(Seal(SECRET).seal(STATE, "room"), "room") is None


@pytest.mark.parametrize("content", [[1, 2], 7, None, "text", {"generation": 1}, {"reason": ["crashed"]}])
def test_a_succession_that_this_release_does_not_understand_is_none(monkeypatch, content):
    import worker.recovery.snapshot as module

    monkeypatch.setattr(module, "asdict", lambda _: content)
    assert Seal(SECRET).open_succession(Seal(SECRET).seal(Succession("crashed"), "room"), "room") is None
