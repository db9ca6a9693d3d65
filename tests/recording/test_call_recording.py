"""A call is recorded from the moment at which it may be, secrets are left out, and the record says all of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.recording.decoded import parts_in
from worker.checks import recording_problems
from worker.consent.rules import Mode, Purpose
from worker.conversation.call_recording import CallRecording, SoundParts
from worker.environment import load_settings
from worker.errors import BadSettings
from worker.recording import recorder

SOUND = frozenset({Purpose.RECORDING})
GOOD = {
    "LIVEKIT_URL": "ws://127.0.0.1:1", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret",
    "SARVAM_API_KEY": "key", "OPENAI_API_KEY": "key",
}  # fmt: skip


class Told:
    """What a record, or a log, was told."""

    def __init__(self):
        self.all = []

    def recorded(self, url):
        self.all.append(("recorded", url))

    def recording_lacks(self, code, why):
        self.all.append((code, why))


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A recorded call without sound: its session, its consent, and what was told."""
    monkeypatch.setattr(recorder, "TICK_SECONDS", 0.01)
    handlers, told, events = {}, Told(), []
    session = SimpleNamespace(
        on=handlers.__setitem__, input=SimpleNamespace(audio=None), output=SimpleNamespace(audio=None)
    )
    consent = SimpleNamespace(at_opening=[], changed=[], erase=[])
    reports = SimpleNamespace(record=told, event=lambda name, **fields: events.append((name, fields)))

    def build():
        made = CallRecording(session, SoundParts(f"file://{tmp_path}", "call-1", 0), consent, reports)
        for opening in consent.at_opening:
            opening()
        return made

    def says(text):
        item = SimpleNamespace(role="assistant", text_content=text)
        handlers["conversation_item_added"](SimpleNamespace(item=item))

    return SimpleNamespace(build=build, consent=consent, told=told, events=events, says=says)


async def test_it_begins_with_a_yes_once_and_the_record_says_where(call, tmp_path):
    recording = call.build()
    for changed in call.consent.changed:
        changed(frozenset())
        assert call.told.all == []
        changed(SOUND)
        changed(SOUND)
    await recording.aclose()
    assert call.told.all == [("recorded", f"file://{tmp_path}/call-1/")]
    assert [name for name, _ in call.events] == ["recording.started"]


async def test_the_answer_to_a_question_for_a_secret_is_left_out_and_that_is_told(call):
    recording = call.build()
    call.consent.changed[0](SOUND)
    call.says("What is your phone number?")
    assert not recording._recorder._is_leaving_out
    call.says("Please tell me your card number.")
    assert recording._recorder._is_leaving_out
    call.says("And the OTP, please?")
    assert recording._recorder._is_leaving_out
    call.says("Thank you, that is paid.")
    assert not recording._recorder._is_leaving_out
    await recording.aclose()
    assert [code for code, _ in call.told.all] == ["recorded", "recording_secret_left_out"]


async def test_a_withdrawal_erases_and_nothing_is_kept_after_it(call, tmp_path):
    recording = call.build()
    call.consent.changed[0](SOUND)
    await asyncio.to_thread(lambda: None)
    call.consent.erase[0]()
    call.consent.changed[0](frozenset())
    await recording.aclose()
    assert parts_in(tmp_path) == []
    assert [name for name, _ in call.events] == ["recording.started", "recording.erased"]


@pytest.mark.parametrize("url", ["", "http://x", "gs://", "file://relative", "s3:/bucket", "gs://bucket with space"])
def test_a_recording_that_goes_nowhere_is_refused_at_start(url):
    try:
        settings = load_settings(GOOD | {"WORKER_RECORD": "on", "WORKER_RECORDINGS_URL": url})
    except BadSettings as error:
        problems = error.problems
    else:
        problems = recording_problems(settings.consent)
    assert len(problems) == 1
    assert "WORKER_RECORDINGS_URL" in problems[0]
    assert "file:///folder" in problems[0]


def test_what_a_notice_is_about_is_what_is_kept_unless_it_is_said(tmp_path):
    asked = GOOD | {"WORKER_CONSENT": "asked"}
    sound = {"WORKER_RECORD": "on", "WORKER_RECORDINGS_URL": f"file://{tmp_path}/sound"}
    assert load_settings(asked).consent.rules.opening == {Purpose.WORDS}
    assert load_settings(asked | sound).consent.rules.opening == {Purpose.WORDS, Purpose.RECORDING}
    said = load_settings(asked | sound | {"WORKER_CONSENT_PURPOSES": "words,improvement"}).consent.rules
    assert (said.mode, said.opening, said.unasked) == (Mode.ASKED, {Purpose.WORDS}, {Purpose.RECORDING})
    assert recording_problems(load_settings(asked | sound).consent) == []
    assert (tmp_path / "sound").is_dir()


@pytest.mark.parametrize(
    ("consent", "logged"),
    [
        ({}, True),
        ({"WORKER_CONSENT": "asked"}, False),
        ({"WORKER_CONSENT": "announced"}, False),
        ({"WORKER_CONSENT": "asked", "WORKER_CONSENT_PURPOSES": "recording"}, True),
    ],
)
def test_no_word_that_can_be_taken_back_goes_where_nothing_is_forgotten(consent, logged):
    """Pins: after a yes and a withdrawal the words were still in the log, and in traces."""
    assert load_settings(GOOD | {"WORKER_LOG_PII": "true"} | consent).may_log_words is logged
    assert not load_settings(GOOD | consent).may_log_words


def test_nobody_asks_the_setting_past_consent():
    for path in (Path(__file__).parents[2] / "worker").rglob("*.py"):
        if path.name != "settings.py":
            assert "logs.log_pii" not in path.read_text(encoding="utf-8"), path
