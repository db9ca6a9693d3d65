"""What is said over the agent's voice: answers and requests are answered when it is silent, listening is not."""

import pytest
from livekit.agents import ChatMessage, LanguageCode, stt

from worker.hearing.overheard import Overheard

STORY = "Long ago a crow was very thirsty. It flew all day and found no water."
QUESTION = "Your order has not left yet. Shall I cancel it for you now?"


class Speech:
    """Something that the agent says, as far as a speech handle shows it."""

    def __init__(self, text, *, allow_interruptions=True):
        self.chat_items = [ChatMessage(role="assistant", content=[text])]
        self.allow_interruptions, self.interrupted, self._done, self._callbacks = allow_interruptions, False, False, []

    def done(self):
        return self._done

    def add_done_callback(self, callback):
        self._callbacks.append(callback)

    def end(self, *, interrupted=False):
        self._done, self.interrupted = True, interrupted
        for callback in self._callbacks:
            callback(self)


class Scene:
    """A caller, an agent and a clock."""

    def __init__(self, text=STORY, *, allow_interruptions=True):
        self.seconds, self.heard_after_all = 100.0, []
        self.overheard = Overheard(give_back=self.heard_after_all.append, now=lambda: self.seconds)
        self.speech = Speech(text, allow_interruptions=allow_interruptions)
        self.overheard.agent_state_changed("speaking")

    def caller_says(self, text, *, seconds_after_onset=0.4):
        self.overheard.caller_spoke(self.speech)
        self.seconds += seconds_after_onset
        return self.final(text)

    def final(self, text):
        said = stt.SpeechData(language=LanguageCode("en-IN"), text=text)
        self.event = stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[said])
        return self.overheard.keeps(self.event, None if self.speech.done() else self.speech)

    def agent_goes_on(self, seconds, *, pause_seconds=0.0):
        self.overheard.agent_state_changed("listening")
        self.seconds += pause_seconds
        self.overheard.agent_state_changed("speaking")
        self.seconds += seconds

    def agent_ends(self, **how):
        self.overheard.agent_state_changed("listening")
        self.speech.end(**how)


@pytest.mark.parametrize(
    ("text", "left_seconds", "answered"),
    [
        (QUESTION, 0.4, True),  # "yes", 0.8 s before the question ends
        (QUESTION, 1.2, True),
        (QUESTION, 5.0, False),  # over the statement before it
        (STORY, 0.4, True),  # the agent has nothing more to say
        (STORY, 4.0, False),
        ("Would you like me to send it to the same address as the last three times, or to another?", 4.0, True),
    ],
)
@pytest.mark.parametrize("pause_seconds", [0.0, 30.0])
def test_an_acknowledgement_is_answered_when_it_was_said_to_the_agents_last_words(
    text, left_seconds, answered, pause_seconds
):
    scene = Scene(text)
    assert scene.caller_says("Yes."), "nothing is answered while the agent speaks"
    assert scene.heard_after_all == []
    scene.agent_goes_on(left_seconds, pause_seconds=pause_seconds)
    scene.agent_ends()
    assert scene.heard_after_all == ([scene.event] if answered else [])
    if answered:
        assert not scene.overheard.keeps(scene.event, None), "what is given back is heard"


@pytest.mark.parametrize(("left_seconds", "dropped"), [(0.5, False), (6.0, True)])
def test_an_acknowledgement_that_is_written_after_the_agents_end_is_weighed_alike(left_seconds, dropped):
    scene = Scene()
    scene.overheard.caller_spoke(scene.speech)
    scene.seconds += left_seconds
    scene.agent_ends()
    assert scene.final("haan") is dropped


@pytest.mark.parametrize(
    ("left_seconds", "interrupted", "over_speech"), [(0.3, False, False), (0.3, True, True), (2.0, False, True)]
)
def test_what_began_with_the_agents_last_syllable_is_not_over_its_voice(left_seconds, interrupted, over_speech):
    """Pins the silence behind words made out of noise, and behind a sound without words, just as the agent ended."""
    scene = Scene()
    scene.overheard.caller_spoke(scene.speech)
    assert scene.overheard.over_speech
    scene.seconds += left_seconds
    scene.agent_ends(interrupted=interrupted)
    assert scene.overheard.over_speech is over_speech


def test_a_request_over_what_may_be_interrupted_interrupts_it():
    assert not Scene().caller_says("Stop, what time is it?")


def test_a_request_over_what_may_not_be_interrupted_waits_for_its_end_and_is_heard_whole():
    scene = Scene("Hello, this is Vaani. How can I help you?", allow_interruptions=False)
    assert scene.caller_says("Where is my order")
    first = scene.event
    assert scene.caller_says("four five two one?")
    assert scene.overheard.over_speech
    assert scene.heard_after_all == []
    scene.agent_goes_on(6.0)
    scene.agent_ends()
    assert scene.heard_after_all == [first, scene.event]


def test_listening_words_in_the_middle_of_a_greeting_want_no_answer():
    scene = Scene("Hello, this is Vaani. This call is recorded. How can I help you?", allow_interruptions=False)
    assert scene.caller_says("हाँ जी")
    scene.agent_goes_on(5.0)
    scene.agent_ends()
    assert scene.heard_after_all == []


@pytest.mark.parametrize(
    ("between_seconds", "heard"), [(0.5, "Yes, but send it tomorrow."), (5.0, "but send it tomorrow.")]
)
def test_a_sentence_that_begins_with_yes_is_heard_whole(between_seconds, heard):
    scene = Scene(STORY)
    assert scene.caller_says("Yes,")
    scene.seconds += between_seconds
    assert not scene.final("but send it tomorrow.")
    assert scene.event.alternatives[0].text == heard
    scene.agent_ends(interrupted=True)
    assert scene.heard_after_all == []


def test_a_filler_has_no_answer_while_the_agent_works_on():
    scene = Scene("One moment, please.")
    assert scene.caller_says("ok")
    scene.overheard.agent_state_changed("thinking")  # a tool is still running
    scene.speech.end()
    assert scene.heard_after_all == []


def test_what_other_words_have_interrupted_answers_no_acknowledgement():
    scene = Scene(QUESTION)
    assert scene.caller_says("ok")
    assert not scene.caller_says("no, wait, do not cancel it")
    scene.agent_ends(interrupted=True)
    assert scene.heard_after_all == []


def test_words_in_silence_are_never_kept():
    scene = Scene()
    scene.agent_ends()
    scene.overheard.caller_spoke(scene.speech)
    assert not scene.final("yes")


def test_an_echo_in_mid_story_wants_no_answer():
    scene = Scene(STORY)
    scene.overheard.agent_says(STORY)
    assert scene.caller_says("long ago a crow was very thirsty")
    scene.agent_goes_on(6.0)
    scene.agent_ends()
    assert scene.heard_after_all == []


def test_what_is_said_into_an_echo_interrupts_without_it():
    scene = Scene(STORY)
    scene.overheard.agent_says(STORY)
    assert not scene.caller_says("long ago a crow was very stop, what time is it?")
    assert scene.event.alternatives[0].text == "stop, what time is it?"


def test_listening_into_an_echo_is_still_listening():
    scene = Scene(STORY)
    scene.overheard.agent_says(STORY)
    assert scene.caller_says("long ago a crow was very haan")
    scene.agent_goes_on(6.0)
    scene.agent_ends()
    assert scene.heard_after_all == []


CHOICE = "We have two slots. Is it nine in the evening, or ten in the morning?"


@pytest.mark.parametrize(
    ("text", "heard", "left_seconds", "answered"),
    [
        (CHOICE, "ten in the morning", 0.2, True),  # the caller chooses
        (CHOICE, "ten in the morning", 1.2, False),  # the agent's voice while it says just that
        (CHOICE, "nine in the evening", 1.1, True),
        (QUESTION, "Shall I cancel it for you now?", 0.1, False),  # nobody answers with the question, however late
        (QUESTION, "I cancel it for you now", 1.0, False),
    ],
)
def test_who_repeats_a_choice_has_answered_and_an_echo_has_not(text, heard, left_seconds, answered):
    scene = Scene(text)
    scene.overheard.agent_says(text)
    assert scene.caller_says(heard, seconds_after_onset=0.0)
    scene.agent_goes_on(left_seconds)
    scene.agent_ends()
    assert bool(scene.heard_after_all) is answered


@pytest.mark.parametrize(("late_seconds", "dropped"), [(0.3, True), (0.6, True), (1.0, False)])
def test_a_whole_question_that_comes_back_late_is_no_turn(late_seconds, dropped):
    scene = Scene(QUESTION)
    scene.overheard.agent_says(QUESTION)
    scene.agent_ends()
    scene.seconds += late_seconds
    scene.overheard.caller_spoke(None)
    assert scene.final("shall I cancel it for you now") is dropped


def scene_of_a_bill():
    """An agent that names an amount, and a voice that says it in words."""
    bill = "Your bill is ₹1,250. Please pay it soon."
    scene = Scene(bill)
    scene.overheard = Overheard(
        give_back=scene.heard_after_all.append,
        spoken_form=lambda text: text.replace("₹1,250", "one thousand two hundred fifty rupees"),
        now=lambda: scene.seconds,
    )
    scene.overheard.agent_says(bill)
    return scene


def test_an_echo_of_numbers_is_known_by_their_spoken_form():
    assert scene_of_a_bill().caller_says("one thousand two hundred fifty")


def test_the_beginning_of_an_echo_of_numbers_stops_nobody():
    """Pins "Your bill is ₹1,250", stopped by its own "one thousand two hundred" out of the caller's loudspeaker."""
    scene = scene_of_a_bill()
    scene.overheard.agent_state_changed("speaking")
    scene.overheard.caller_spoke(scene.speech)
    assert not scene.overheard.is_interrupted("one thousand two hundred")
    assert scene.overheard.is_interrupted("I have paid it already")
