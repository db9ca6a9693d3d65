"""The end of turn by sound: what the model says, how it is asked beside a call, and what comes of it."""

import asyncio
import logging

import numpy as np
import pytest
from scripted_session import Segment, play_call
from voices_of_people import ends_and_cuts

from tests.needs import missing
from worker.end_of_turn import DEFAULT_POLICY, Evidence, how_long_to_wait
from worker.end_of_turn.detector import EvidenceTurnDetector
from worker.end_of_turn.rhythm import Rhythm
from worker.end_of_turn.sound import model as sound_model
from worker.end_of_turn.sound.ear import ANSWER_SECONDS, Ear
from worker.end_of_turn.sound.log_mel import log_mel
from worker.end_of_turn.sound.model import HEARD_SECONDS, SmartTurn
from worker.end_of_turn.sound.runner import SoundRunner, probability_of
from worker.end_of_turn.sound.shorter_window import OtherModel, with_window

CLOSE = 0.05
ENDED, GOES_ON, NEITHER = 0.9, 0.01, 0.15


@pytest.fixture(autouse=True)
def the_tests_own_process_keeps_its_lines(monkeypatch):
    monkeypatch.setattr("worker.end_of_turn.sound.runner.end_with_the_worker_quietly", lambda: None)


@pytest.fixture(scope="module")
def smart_turn():
    if not sound_model.WEIGHTS.is_file():
        missing("the weights of the end of turn by sound are missing: make setup")
    return SmartTurn()


# ---- the waits


def seconds(text, probability, language="en-IN", **evidence):
    return how_long_to_wait(Evidence(text, language, sounds_over=probability, **evidence)).seconds


def test_finished_words_that_sound_ended_wait_less_and_those_that_go_on_wait_more():
    waits = [seconds("where is my order", probability) for probability in (ENDED, NEITHER, None, GOES_ON)]
    assert waits == [
        DEFAULT_POLICY.sure_seconds,
        DEFAULT_POLICY.finished_seconds,
        DEFAULT_POLICY.finished_seconds,
        DEFAULT_POLICY.unclear_seconds,
    ]


@pytest.mark.parametrize("text", ["my number is", "account balance", "nine eight four five"])
def test_words_that_are_not_finished_wait_as_long_however_they_sound(text):
    assert {seconds(text, probability) for probability in (ENDED, NEITHER, GOES_ON)} == {seconds(text, None)}


@pytest.mark.parametrize("language", ["hi-IN", "ta-IN", None, "", "xx"])
def test_where_it_was_not_measured_the_words_decide_alone(language):
    assert {seconds("where is my order", probability, language) for probability in (ENDED, GOES_ON)} == {
        seconds("where is my order", None, language)
    }


def test_a_transcript_that_is_due_is_waited_for_however_it_sounds():
    assert seconds("where is my order", ENDED, transcript_pending=True) == DEFAULT_POLICY.late_final_seconds


def test_a_caller_who_pauses_long_inside_a_turn_is_not_hurried():
    paused = [seconds("where is my order", ENDED, longest_pause_seconds=pause) for pause in (0.3, 0.6, 1.5)]
    assert paused == [DEFAULT_POLICY.sure_seconds, pytest.approx(0.7), DEFAULT_POLICY.finished_seconds]


def test_the_reason_tells_what_was_heard():
    assert how_long_to_wait(Evidence("where is my order", "en-IN", sounds_over=ENDED)).reason.endswith("sounds ended")


def test_the_rhythm_is_that_of_the_last_few_pauses_and_of_nothing_else():
    rhythm = Rhythm()
    for gap in (0.05, 7.0):
        rhythm.went_on_after(gap)
    assert rhythm.longest_pause_seconds == 0.0
    for gap in (1.2, 0.3, 0.3, 0.3, 0.3, 0.3):
        rhythm.went_on_after(gap)
    assert rhythm.longest_pause_seconds == 0.3


# ---- in a session


def call_with(ask, segments, **options):
    return play_call(lambda now: EvidenceTurnDetector(now=now, ask_sound=ask), segments, **options)


def says(*probabilities):
    """A model that answers each pause in turn, the last one again and again."""
    asked = []

    async def ask(samples):
        asked.append(samples)
        return probabilities[min(len(asked), len(probabilities)) - 1]

    ask.asked = asked
    return ask


@pytest.mark.parametrize(
    ("probability", "wait"),
    [(ENDED, DEFAULT_POLICY.sure_seconds), (GOES_ON, DEFAULT_POLICY.unclear_seconds)],
)
def test_a_turn_is_committed_as_its_end_sounds(probability, wait):
    ask = says(probability)
    [(at, _)] = call_with(ask, [Segment(0.5, 2.0, "where is my order")]).commits
    assert at - 2.0 == pytest.approx(wait, abs=CLOSE)
    [heard] = ask.asked
    samples = np.frombuffer(heard, np.int16)
    assert len(samples) == HEARD_SECONDS * 16000
    assert np.abs(samples[-3200:]).max() < 100  # the pause is at the end
    assert np.abs(samples[-16000:-6400]).max() > 5000  # and the words before it
    assert not samples[:16000].any()  # nothing was heard before the call


def test_a_caller_who_sounds_as_if_they_go_on_may_do_so():
    turn = [Segment(0.5, 2.0, "where is my order"), Segment(2.86, 4.2, "from last week")]
    [(_, text)] = call_with(says(GOES_ON, ENDED), turn).commits
    assert text == "where is my order from last week"
    assert (
        len(play_call(lambda now: EvidenceTurnDetector(now=now), turn).commits) == 2
    )  # by words alone they were cut off


def test_an_answer_that_comes_after_the_transcript_still_shortens_the_wait():
    async def ask(_):
        await asyncio.sleep(0.25)  # noqa: TID251 (virtual time)
        return ENDED

    [(at, _)] = call_with(ask, [Segment(0.5, 2.0, "where is my order")]).commits
    assert at - 2.0 == pytest.approx(DEFAULT_POLICY.sure_seconds, abs=CLOSE)


async def _never(_):
    await asyncio.Event().wait()


async def _broken(_):
    raise RuntimeError("process not started")


@pytest.mark.parametrize("ask", [_never, _broken])
def test_a_model_that_does_not_answer_leaves_the_turn_to_the_words(ask, caplog):
    turns = [Segment(at, at + 1.0, "where is my order") for at in (0.5, 4.0, 8.0, 12.0)]
    with caplog.at_level(logging.WARNING):
        call = call_with(ask, turns, until=16.0)
    waits = [at - turn.ends for (at, _), turn in zip(call.commits, turns, strict=True)]
    assert waits == pytest.approx([DEFAULT_POLICY.finished_seconds] * 4, abs=CLOSE)
    assert len([one for one in caplog.records if "by words alone" in one.message]) == 1


# ---- the ear


def test_what_was_said_of_a_pause_is_void_as_soon_as_there_is_voice_again():
    async def ask_once():
        now = [1.0]
        told = asyncio.Event()
        ear = Ear(says(ENDED), told.set, lambda: now[0])
        ear.pause_began()
        await told.wait()
        return ear.probability(0.9), ear.probability(1.2), ear.speech_began() or ear.probability(0.9)

    assert asyncio.run(ask_once()) == (ENDED, None, None)


def test_the_last_seconds_are_kept_in_order_however_they_come():
    async def heard():
        ask, told = says(ENDED), asyncio.Event()
        ear = Ear(ask, told.set)
        whole = np.arange(90_000) % 30_000
        place = 0
        for size in (1, 799, 63_999, 20_000, 5_201):
            ear.hear(whole[place : place + size].astype(np.int16), 16000)
            place += size
        ear.pause_began()
        await told.wait()
        return np.frombuffer(ask.asked[0], np.int16), whole[:place][-64_000:]

    kept, expected = asyncio.run(heard())
    assert np.array_equal(kept, expected)


def test_audio_of_another_rate_is_not_judged_and_said_once(caplog):
    async def heard():
        ask = says(ENDED)
        ear = Ear(ask, lambda: None)
        for _ in range(3):
            ear.hear(np.zeros(480, np.int16), 24000)
        ear.pause_began()
        await asyncio.sleep(0)  # noqa: TID251 (lets a task begin, were there one)
        return ask.asked

    assert asyncio.run(heard()) == []
    assert len(caplog.records) == 1


def test_an_answer_is_waited_for_less_than_the_words_wait():
    assert DEFAULT_POLICY.finished_seconds > 0.25 + ANSWER_SECONDS


# ---- the model


def test_the_picture_is_whispers():
    """Cells of what Whisper's own feature extractor, as the model's authors use it, makes of this sweep."""
    at = np.arange(3 * 16000) / 16000
    sweep = (8000 * np.sin(2 * np.pi * (200 + 400 * at) * at) * np.minimum(1, 3 - at)).astype(np.int16)
    picture = log_mel(sweep, 8, 8)
    cells = [picture[place] for place in ((0, 0), (5, 510), (20, 600), (30, 650), (40, 700), (79, 799))]
    assert picture.shape == (80, 800)
    assert cells == pytest.approx([-0.1881, 1.6026, 0.071, 0.0418, 1.5131, -0.1881], abs=1e-4)
    assert np.allclose(log_mel(sweep, 4, 8)[:, 2:], picture[:, 402:], atol=1e-4)


def test_people_who_have_finished_sound_more_like_it_than_people_who_were_cut_off(smart_turn):
    ends, cuts = ends_and_cuts()
    ended, cut = ([smart_turn.probability(samples) for samples in some] for some in (ends, cuts))
    right = np.mean([one > other for one in ended for other in cut])
    assert right > 0.65


def test_silence_and_next_to_nothing_can_be_judged(smart_turn):
    for samples in (np.zeros(0, np.int16), np.zeros(64000, np.int16), np.full(200_000, 32767, np.int16)):
        assert 0.0 <= smart_turn.probability(samples) <= 1.0


def test_the_runner_answers_in_bytes(smart_turn):
    runner = SoundRunner()
    runner.initialize()
    samples = np.random.default_rng(1).normal(0, 3000, 32000).astype(np.int16)
    assert probability_of(runner.run(samples.tobytes())) == pytest.approx(smart_turn.probability(samples))


def test_weights_that_cannot_be_read_are_told_to_who_asks(monkeypatch, tmp_path):
    monkeypatch.setattr("worker.end_of_turn.sound.runner.SmartTurn", lambda: SmartTurn(tmp_path / "none.onnx"))
    runner = SoundRunner()
    runner.initialize()
    with pytest.raises(FileNotFoundError):
        runner.run(b"")


@pytest.mark.parametrize("answer", [None, b"", b"1234"])
def test_an_answer_that_is_none_is_an_error(answer):
    with pytest.raises(ValueError, match="no answer"):
        probability_of(answer)


@pytest.mark.parametrize("content", [b"", b"not a model", bytes(100), b"\x3a\xff\xff\xff\x7f"])
def test_a_file_that_is_no_such_model_says_what_to_do(content):
    with pytest.raises(OtherModel, match="make setup"):
        with_window(content, 8, 4)


def test_a_model_whose_window_is_shortened_already_is_refused(smart_turn):
    shorter = with_window(sound_model.WEIGHTS.read_bytes(), 8, 4)
    with pytest.raises(OtherModel, match="0 of 3"):
        with_window(shorter, 8, 4)
