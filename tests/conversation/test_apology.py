"""An apology without a session: heard in the caller's language, a tone where there is no audio, never for ever."""

import asyncio
from types import SimpleNamespace

import pytest

from tests.jumping_clock import run
from worker.conversation import apology
from worker.conversation.phrases import Phrases


class Source:
    """The microphone of the agent: what was put into it."""

    made = None

    def __init__(self, rate, channels):
        self.rate, self.frames = rate, []
        Source.made = self

    async def capture_frame(self, frame):
        self.frames.append(frame)

    async def wait_for_playout(self):
        pass


@pytest.fixture(autouse=True)
def without_media(monkeypatch):
    Source.made = None
    monkeypatch.setattr(apology.rtc, "AudioSource", Source)
    track = SimpleNamespace(create_audio_track=lambda name, source: source)
    monkeypatch.setattr(apology.rtc, "LocalAudioTrack", track)


class Context:
    """A job with a room, and perhaps a caller."""

    def __init__(self, caller=True, connected=True):
        self.caller, self.connects = caller, 0

        async def published(track, options):
            return SimpleNamespace(wait_for_subscription=self._subscribed)

        self.room = SimpleNamespace(
            isconnected=lambda: connected, local_participant=SimpleNamespace(publish_track=published)
        )

    async def _subscribed(self):
        pass

    async def connect(self, **_options):
        self.connects += 1

    async def wait_for_participant(self):
        if not self.caller:
            await asyncio.Event().wait()
        return SimpleNamespace(attributes={"language": "ta-IN"})


def audio(*, ready):
    asked = []

    async def frames():
        yield SimpleNamespace(sample_rate=24000, num_channels=1)

    def find(language, text):
        asked.append((language, text))
        return frames() if ready else None

    return SimpleNamespace(frames=find, asked=asked)


def test_the_caller_hears_it_in_their_language():
    phrases, ready = Phrases.load(), audio(ready=True)
    run(apology.apologise(Context(), phrases, ready, "en-IN"))
    assert ready.asked == [("ta-IN", phrases.text("give_up", "ta-IN"))]
    assert len(Source.made.frames) == 1


def test_without_ready_audio_there_is_a_tone():
    run(apology.apologise(Context(), Phrases.load(), audio(ready=False), "en-IN"))
    assert sum(frame.duration for frame in Source.made.frames) == pytest.approx(0.8, abs=0.01)


def test_a_room_that_is_not_joined_yet_is_joined():
    context = Context(connected=False)
    run(apology.apologise(context, Phrases.load(), audio(ready=True), "en-IN"))
    assert context.connects == 1


def test_nobody_to_apologise_to_is_not_waited_for_for_ever():
    with pytest.raises(TimeoutError):
        run(apology.apologise(Context(caller=False), Phrases.load(), audio(ready=True), "en-IN"))
