"""Notices are short, whole in every language, of a known version, and an operator's own are checked at start."""

from __future__ import annotations

import json

import pytest

from worker.consent.notices import IMPROVEMENT, LETTERS_PER_SECOND, NOTICE, SCHEDULED, TOLD, Notices
from worker.consent.outside import Outside, read_outside_consent
from worker.consent.rules import ConsentRules, Mode, Purpose
from worker.conversation.phrases import Phrases
from worker.languages import SUPPORTED

RULES = [
    ConsentRules(mode, frozenset({*purposes, *more}))
    for mode in (Mode.ANNOUNCED, Mode.ASKED)
    for purposes in ([Purpose.WORDS], [Purpose.RECORDING], [Purpose.WORDS, Purpose.RECORDING])
    for more in ([], [Purpose.IMPROVEMENT])
]
ASKED = ConsentRules(Mode.ASKED, frozenset(Purpose))


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("language", SUPPORTED)
def test_a_notice_takes_three_and_a_half_seconds_at_most(rules, language):
    notices = Notices.load(rules)
    for name in (NOTICE, TOLD, *([IMPROVEMENT] if rules.asks_to_improve else [])):
        assert len(notices.phrases[language][name]) / LETTERS_PER_SECOND <= 3.5
    assert notices.versions[language]


def test_only_what_is_asked_for_is_rendered_and_no_phrases_file_replaces_it():
    assert Notices.load(ConsentRules()).phrases == {}
    phrases = Phrases.load(None, Notices.load(ASKED).phrases)
    assert phrases.text(NOTICE, "ta-IN") in dict.fromkeys(text for _, text in phrases.every("ta-IN"))


def own(tmp_path, content):
    path = tmp_path / "notices.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def test_any_language_of_the_eighth_schedule_can_be_added(tmp_path):
    assert len(SCHEDULED) == 22
    content = {"version": "7"} | {
        code: {"notice": f"May we? {code}"} | ({} if code in SUPPORTED else {"voice": "hi-IN"}) for code in SCHEDULED
    }
    notices = Notices.load(ASKED, own(tmp_path, content))
    for code in SCHEDULED:
        voice = notices.voice_for(code)
        assert notices.phrases[voice][notices.name_in(code)] == f"May we? {code}"
        assert notices.versions[code] == "7"
    assert notices.versions["en-IN"] != "7"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], 'must be an object with a "version"'),
        ({"hi-IN": {"notice": "x"}}, 'must be an object with a "version"'),
        ({"version": "1", "fr-FR": {"notice": "x"}}, "fr-FR is none of en-IN, as-IN"),
        ({"version": "1", "hi-IN": "x"}, 'hi-IN must be {"notice"'),
        ({"version": "1", "hi-IN": {"notice": ""}}, "hi-IN.notice must be a text"),
        ({"version": "1", "hi-IN": {"text": "x"}}, 'hi-IN must be {"notice"'),
        (
            {"version": "1", "hi-IN": {"notice": "क" * 50}},
            "hi-IN.notice takes about 3.6 s to say, and 3.5 s (49 letters)",
        ),
        ({"version": "1", "mai-IN": {"notice": "x"}}, 'say which voice reads it, "voice": "hi-IN"'),
        ({"version": "1", "hi-IN": {"notice": "x", "voice": "ta-IN"}}, "hi-IN has a voice of its own"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_entry_with_what_to_do(tmp_path, content, told):
    with pytest.raises(ValueError, match="WORKER_CONSENT_NOTICE_FILE") as error:
        Notices.load(ASKED, own(tmp_path, content))
    assert told in str(error.value)


def test_a_reference_from_the_dispatch_is_read():
    outside = read_outside_consent(
        '{"consent": {"reference": "CM-7781", "purposes": ["words"]}, "notice_language": "mai-IN"}'
    )
    assert outside.given is not None
    assert (outside.given.allowed, outside.given.by, outside.given.reference) == (
        {Purpose.WORDS},
        "reference",
        "CM-7781",
    )
    assert outside.notice_language == "mai-IN"


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"consent": true}',
        '{"consent": "yes"}',
        '{"consent": {"reference": "", "purposes": ["words"]}}',
        '{"consent": {"reference": "CM-1"}}',
        '{"consent": {"reference": "CM-1", "purposes": []}}',
        '{"consent": {"reference": "CM-1", "purposes": "words"}}',
        '{"consent": {"reference": "CM-1", "purposes": ["all"]}}',
        '{"consent": {"reference": "CM 1\\n", "purposes": ["words"]}}',
        '{"consent": {"reference": 7, "purposes": ["words"]}}',
        '{"consent": {"purposes": ["words"]}}',
        '{"consent": {"reference": "CM-1", "purposes": [["words"]]}}',
    ],
)
def test_whatever_is_not_quite_a_reference_is_no_consent(metadata):
    assert read_outside_consent(metadata) == Outside()
