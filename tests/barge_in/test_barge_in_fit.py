"""The fit of the judge's weights: what it finds, what it is kept from, and which recordings it reads."""

import tomllib
import wave

import numpy as np
import pytest

from bench import barge_in_fit as fit
from bench.interruptions.judging import Moment
from bench.interruptions.recordings import JUDGED_ONLY, NoRecordings, read_recordings
from worker.barge_in.sound import SIGNS

RATE_HZ = 16_000


def material(clearness, speakers=25, others="rooms"):
    """Words show more of the first sign than noises, as clearly as `clearness` says; the other signs say nothing."""
    random = np.random.default_rng(3)
    made = []
    for number in range(20 * speakers):
        is_words = number % 2 == 0
        heard = []
        for place in range(4):
            signs = random.normal(0, 1, len(SIGNS))
            signs[0] += clearness * (1 if is_words else -1)
            heard.append(Moment(0.08 + 0.032 * place, tuple(signs), False))
        speaker = f"{'people' if is_words else others} {number % speakers}"
        made.append(fit.Judged("words" if is_words else "cough", speaker, is_words, "clear", tuple(heard)))
    return made


def test_the_sign_that_tells_words_gets_the_weight():
    _, weights = fit.fit(material(1.0))
    assert weights[0] > 5 * np.abs(weights[1:]).max()


def test_the_threshold_is_the_highest_that_tells_words_in_time():
    clear = material(0.7)
    scores = fit.out_of_fold(clear)
    words_from = fit.threshold(clear, scores)

    told = [fit._stopped_after(*each, words_from) for each in zip(clear, scores, strict=True) if each[0].is_words]
    late = [fit._stopped_after(*each, words_from + 0.1) for each in zip(clear, scores, strict=True) if each[0].is_words]
    assert np.median([seconds or 9 for seconds in told]) <= fit.SECONDS_TO_TELL < np.median([s or 9 for s in late])
    assert any(line.startswith("| words, clear | 250 |") for line in fit.report(clear, scores, words_from))


def test_nothing_is_fitted_on_what_is_judged_only():
    told = fit.fit(material(1.0))
    lying = [one for one in material(-3.0, others=JUDGED_ONLY) if not one.is_words]
    assert fit.fit([*material(1.0), *lying])[0] == told[0]


def test_the_table_that_is_written_is_the_one_that_is_read():
    table = tomllib.loads(fit.as_toml(0.5, np.arange(len(SIGNS)) / 10, 1.5))
    assert (table["prior"], table["words_from"]) == (0.5, 1.5)
    assert list(table["signs"]) == list(SIGNS)


def record_two_coughs(folder, name="cough_large_0.wav"):
    burst, pause = np.full(RATE_HZ // 5, 9000, dtype=np.int16), np.zeros(RATE_HZ, dtype=np.int16)
    at = folder / "Machine-Learning-and-Sensing" / "A1" / "21524"
    at.mkdir(parents=True, exist_ok=True)
    with wave.open(str(at / name), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.concatenate([pause, burst, pause, burst, pause]).tobytes())


def test_recordings_are_cut_into_their_sounds(tmp_path):
    record_two_coughs(tmp_path)
    sounds = read_recordings(tmp_path, 2500)
    assert [(heard.kind, heard.speaker) for heard in sounds] == [("cough", "rooms")] * 2
    assert all(0.15 < len(heard.samples) / RATE_HZ < 0.25 for heard in sounds)


def test_nobody_is_judged_by_weights_that_have_heard_them_in_another_room(tmp_path):
    """Pins a third of laughter that stopped the agent, where it is four in five of people who were never heard."""
    for room in ("large", "small"):
        record_two_coughs(tmp_path, f"laugh_{room}_0.wav")
    assert len({heard.speaker for heard in read_recordings(tmp_path, 2500)}) == 1


def test_a_recording_is_as_loud_in_whatever_folder_it_lies(tmp_path):
    """Pins figures that moved by a third with the folder's name, from which level and noise were drawn."""
    heard = []
    for name in ("here", "there"):
        record_two_coughs(tmp_path / name)
        heard.append(read_recordings(tmp_path / name, 2500))
    for one, other in zip(*heard, strict=True):
        assert one.name == other.name
        assert np.array_equal(one.samples, other.samples)


def test_a_folder_without_recordings_says_where_they_are_described(tmp_path, capsys):
    with pytest.raises(NoRecordings, match=r"docs/hearing\.md"):
        read_recordings(tmp_path, 2500)
    assert fit.main([str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
