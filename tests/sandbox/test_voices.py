"""The stand-in's speech: eleven languages, voices one can tell apart, and an event loop that goes on meanwhile."""

import asyncio
import threading

import numpy as np
import pytest

from sandbox.openai.phrases import PHRASES
from sandbox.speech import voices


@pytest.mark.parametrize("language", sorted(voices.LANGUAGES))
def test_every_language_speaks_its_own_script(language):
    samples = voices.render(PHRASES[language]["hello"], language, sample_rate=16000)
    assert 1.0 < len(samples) / 16000 < 8.0
    assert np.sqrt(np.mean(samples.astype(float) ** 2)) > 500


def test_a_speaker_always_sounds_the_same_and_speakers_differ():
    rendered = [voices.render("नमस्ते", "hi-IN", voice) for voice in ("priya", "priya", "rahul", "kavitha")]
    assert np.array_equal(rendered[0], rendered[1])
    assert not np.array_equal(rendered[0], rendered[2])
    assert not np.array_equal(rendered[2], rendered[3])


def test_pace_and_sample_rate_are_kept():
    slow, fast = (voices.render("one two three four", "en-IN", words_per_minute=w) for w in (120, 240))
    assert len(slow) > 1.5 * len(fast)
    at_8k, at_48k = (voices.render("one two three", "en-IN", sample_rate=hz) for hz in (8000, 48000))
    assert len(at_48k) == pytest.approx(6 * len(at_8k), rel=0.01)


def test_an_unknown_language_is_refused_with_the_ones_there_are():
    with pytest.raises(voices.CannotSpeak, match="bn-IN"):
        voices.render("bonjour", "fr-FR")


async def test_rendering_does_not_stop_the_event_loop(monkeypatch):
    """The speech waits in its middle for six turns of the loop: how fast either is does not matter."""
    loop, speak, went_on = asyncio.get_running_loop(), voices._Espeak.speak, []

    def speak_while_the_loop_turns(*what):
        for _ in range(6):
            turned = threading.Event()
            loop.call_soon_threadsafe(turned.set)
            went_on.append(turned.wait(5))
        return speak(*what)

    monkeypatch.setattr(voices._Espeak, "speak", speak_while_the_loop_turns)
    samples = await voices.render_async(PHRASES["ta-IN"]["story"] + " unheard until now", "ta-IN")
    assert len(samples)
    assert len(went_on) > 5
    assert all(went_on)


async def test_many_renderings_at_once_do_not_mix():
    """espeak-ng keeps global state: two threads in it would mix two sentences."""
    texts = ["one two three four five six seven eight " * n + "end" for n in range(8)]
    together = await asyncio.gather(*(voices.render_async(text, "en-IN", "priya") for text in texts))
    voices._rendered.cache_clear()
    for text, samples in zip(texts, together, strict=True):
        # Not to the sample: the library's own noise goes on from one text to the next.
        assert len(samples) == pytest.approx(len(voices.render(text, "en-IN", "priya")), rel=0.02)
