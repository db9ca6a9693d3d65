"""Hears one caller through one microphone: nothing else that anybody publishes reaches the call's process.

"Microphone" names a source, not a kind: a caller's token lets video and any number of tracks through under that name.
"""

from __future__ import annotations

from livekit import rtc

from worker.recovery.rooms import CALLER_KINDS


class OneMicrophone:
    """Subscribes to the caller's first microphone, and to the next when that is gone.

    The caller is who the session listens to: the first to be there, by identity from then on.
    """

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._caller = ""
        self._chosen: rtc.RemoteTrackPublication | None = None
        for event in ("participant_connected", "track_published", "track_unpublished", "participant_disconnected"):
            room.on(event, self._changed)
        room.on("reconnected", self._ask_again)

    def _changed(self, *_: object) -> None:
        self.choose()

    def choose(self) -> None:
        """Look who is there and what they publish."""
        caller = self._find_caller()
        if caller is None:
            return
        tracks = caller.track_publications
        # Not by its id: after a reconnection the same track is another publication, and nobody has subscribed to it.
        if self._chosen is not None and tracks.get(self._chosen.sid) is self._chosen:
            return
        self._chosen = next(filter(is_microphone, tracks.values()), None)
        if self._chosen is not None:
            self._chosen.set_subscribed(True)

    def _ask_again(self) -> None:
        """Subscribe once more: what was asked for while the connection was made anew is lost with the old one."""
        self.choose()
        if self._chosen is not None and not self._chosen.subscribed:
            self._chosen.set_subscribed(True)

    def _find_caller(self) -> rtc.RemoteParticipant | None:
        people = self._room.remote_participants
        if not self._caller:
            self._caller = next((person.identity for person in people.values() if person.kind in CALLER_KINDS), "")
        return people.get(self._caller)


def is_microphone(track: rtc.RemoteTrackPublication) -> bool:
    """Return whether a track is sound under the name of a microphone."""
    return track.kind == rtc.TrackKind.KIND_AUDIO and track.source == rtc.TrackSource.SOURCE_MICROPHONE
