"""The settings of phone calls are understood in every form of a number, and refused with what to write instead."""

import pytest

from worker.checks import setting_problems
from worker.conversation.phrases import phrases_of
from worker.environment import load_settings
from worker.errors import BadSettings

NEEDED = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s", "SARVAM_API_KEY": "s",
    "OPENAI_API_KEY": "o",
}  # fmt: skip


def test_a_called_number_is_one_number_however_it_is_written():
    written = "08012345678=kn-IN, +91 22 1234 5678 = mr-IN"
    phone = load_settings(NEEDED | {"WORKER_PHONE_LANGUAGES": written}).phone
    assert phone.languages == {"+918012345678": "kn-IN", "+912212345678": "mr-IN"}


def test_a_menu_keeps_its_order():
    assert list(load_settings(NEEDED | {"WORKER_PHONE_MENU": "2=hi-IN,1=en-IN"}).phone.menu) == ["2", "1"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LANGUAGES", "08012345678", "is not NUMBER=LANGUAGE"),
        ("LANGUAGES", "12=kn-IN", "'12' is no phone number; write +91 and ten digits"),
        ("LANGUAGES", "08012345678=klingon", "'klingon' is none of bn-IN"),
        ("MENU", "12=hi-IN", "'12' is no key; use one of 0 to 9"),
        ("MENU", "#=hi-IN", "'#' is no key"),
        ("MENU", "1=hindi", "'hindi' is none of"),
        ("MENU", "1", "is not KEY=LANGUAGE"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong_with_it(name, value, said):
    with pytest.raises(BadSettings) as refused:
        load_settings(NEEDED | {f"WORKER_PHONE_{name}": value})
    assert f"WORKER_PHONE_{name}: " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRUNK", "my trunk", "must be an outbound trunk's id, ST_ and what follows"),
        ("LANGUAGE", "hindi", "'hindi' is none of bn-IN"),
    ],
)
def test_a_colleagues_trunk_and_language_are_checked_before_a_caller_waits_for_them(name, value, said):
    with pytest.raises(BadSettings) as refused:
        load_settings(NEEDED | {f"WORKER_TRANSFER_{name}": value})
    assert f"WORKER_TRANSFER_{name}: " in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(("trunk", "is_there"), [("ST_1", True), ("", False)])
def test_what_a_colleague_hears_is_rendered_ahead_where_one_may_be_rung_and_nowhere_else(trunk, is_there):
    settings = load_settings(NEEDED | {"WORKER_TRANSFER_TRUNK": trunk})
    phrases = phrases_of(settings.call, settings.consent, settings.tools)
    assert any("press 1 or say yes" in text for _, text in phrases.every("en-IN")) is is_there


def test_a_trunk_without_anybody_to_ring_through_it_is_told_at_the_start():
    trunk = NEEDED | {"WORKER_TRANSFER_TRUNK": "ST_1"}
    [problem] = setting_problems(load_settings(trunk), ask_the_database=False)
    assert problem.startswith("WORKER_TRANSFER_TRUNK: needs WORKER_TRANSFER_TO")
    named = trunk | {"WORKER_TRANSFER_TO": "tel:+911140001234"}
    assert setting_problems(load_settings(named), ask_the_database=False) == []
