"""Which of a room's tracks an agent has sent to it: its caller's microphone, after a reconnection too."""

from types import SimpleNamespace

import pytest
from livekit import rtc

from worker.conversation.one_microphone import OneMicrophone


class Publication:
    """A track of somebody's, as far as a subscriber shows it."""

    def __init__(self, sid, *, kind=rtc.TrackKind.KIND_AUDIO, source=rtc.TrackSource.SOURCE_MICROPHONE):
        self.sid, self.kind, self.source = sid, kind, source
        self.asked, self.subscribed = 0, False

    def set_subscribed(self, on):
        assert on
        self.asked += 1


class Room(rtc.EventEmitter):
    """A room with one caller."""

    def __init__(self):
        super().__init__()
        self.caller = SimpleNamespace(
            identity="guest-1", kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, track_publications={}
        )
        self.remote_participants = {"guest-1": self.caller}

    def publish(self, publication):
        self.caller.track_publications[publication.sid] = publication
        self.emit("track_published", publication, self.caller)


@pytest.mark.parametrize(("arrived", "asked"), [(False, 2), (True, 1)])
def test_what_was_asked_for_while_the_connection_was_made_anew_is_asked_for_again(arrived, asked):
    """Pins an agent that was deaf after a restart of LiveKit, whenever its caller was back before it."""
    room = Room()
    OneMicrophone(room)
    microphone = Publication("TR_1")
    room.publish(microphone)
    assert microphone.asked == 1
    microphone.subscribed = arrived
    room.emit("reconnected")
    assert microphone.asked == asked


def test_a_reconnection_to_an_empty_room_asks_for_nothing():
    room = Room()
    room.remote_participants.clear()
    OneMicrophone(room)
    room.emit("reconnected")


def test_nothing_but_one_microphone_is_asked_for():
    room = Room()
    OneMicrophone(room)
    published = [
        Publication("TR_1", kind=rtc.TrackKind.KIND_VIDEO), Publication("TR_2"), Publication("TR_3"),
        Publication("TR_4", source=rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO),
    ]  # fmt: skip
    for publication in published:
        room.publish(publication)
    assert [publication.asked for publication in published] == [0, 1, 0, 0]
