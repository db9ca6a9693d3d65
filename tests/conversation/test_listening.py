"""What is doubted is asked about when the caller is silent, however early its words are written."""

from types import SimpleNamespace

import pytest
from livekit import rtc
from livekit.agents import LanguageCode, UserStateChangedEvent, stt

from worker.conversation.listening import Listening

OUTRO = "Thanks for watching!"


class Session(rtc.EventEmitter):
    """The framework's session: who speaks."""

    user_state, current_speech, _activity = "listening", None, None

    def becomes(self, state):
        event = UserStateChangedEvent(old_state=self.user_state, new_state=state)
        self.user_state = state
        self.emit("user_state_changed", event)


class Scene:
    """A caller, and a recogniser that writes what it likes."""

    def __init__(self):
        self.seconds, self.asked, self.missed = 100.0, 0, []
        self.session = Session()
        hearing = SimpleNamespace(
            understood=lambda: None, caller_spoke=lambda: None, close=lambda: None, ask_again=self._ask_again,
            missed=self.missed.append,
        )  # fmt: skip
        languages = SimpleNamespace(forget_claims=lambda: None, hear=lambda *_: None)
        reports = SimpleNamespace(
            event=lambda *_, **__: None, recognised_by=lambda _: None, claimed=lambda _: None
        )  # fmt: skip
        self.listening = Listening(
            self.session, hearing, None, languages, reports, SimpleNamespace(), SimpleNamespace(begun=False),
            now=lambda: self.seconds,
        )  # fmt: skip

    def _ask_again(self):
        assert self.session.user_state != "speaking", "a caller who speaks is not talked to"
        self.asked += 1

    def hears(self, text, probability=1.0):
        said = stt.SpeechData(language=LanguageCode("en-IN"), text=text, confidence=probability)
        event = stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[said])
        return self.listening.passes(event)


def test_words_made_out_of_noise_before_its_end_are_asked_about_at_its_end():
    """Pins the silence of a quick recogniser: nobody was asked while they spoke, nor afterwards."""
    scene = Scene()
    scene.session.becomes("speaking")
    assert not scene.hears(OUTRO)
    assert scene.asked == 0
    scene.seconds += 0.2
    scene.session.becomes("listening")
    assert scene.asked == 1
    scene.session.becomes("speaking")
    scene.session.becomes("listening")
    assert scene.asked == 1, "each is asked about once"


def test_words_made_out_of_noise_behind_its_end_are_asked_about_at_once():
    scene = Scene()
    scene.session.becomes("speaking")
    scene.session.becomes("listening")
    assert not scene.hears(OUTRO)
    assert scene.asked == 1


@pytest.mark.parametrize("words_come", [True, False])
def test_who_speaks_on_behind_doubted_words_is_not_asked_but_heard(words_come):
    scene = Scene()
    scene.session.becomes("speaking")
    assert not scene.hears(OUTRO)
    scene.seconds += 3.0
    scene.session.becomes("listening")
    assert scene.asked == 0
    if words_come:
        assert scene.hears("Where is my order?")
    else:
        scene.session.emit("user_transcription_timeout", SimpleNamespace(speech_duration=3.0))
    assert scene.missed == ([] if words_come else [3.0])


def test_who_takes_doubted_words_keeps_the_caller_from_being_asked():
    scene = Scene()
    taken = []
    scene.listening.doubted = lambda text: taken.append(text) or True
    assert not scene.hears("a b c d", probability=0.1)
    assert (taken, scene.asked) == (["a b c d"], 0)
    assert not scene.hears(OUTRO), "nobody has said this"
    assert (len(taken), scene.asked) == (1, 1)


def test_words_that_count_take_a_doubt_of_the_same_speech_back():
    scene = Scene()
    scene.session.becomes("speaking")
    assert not scene.hears(OUTRO)
    assert scene.hears("Where is my order?")
    scene.session.becomes("listening")
    assert scene.asked == 0
