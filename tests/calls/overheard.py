"""Takes down all that reaches a caller's client over any road of the room, also those that no client of ours reads."""

from __future__ import annotations

import asyncio

from sandbox.caller.line import PhoneLine


class _AnyTopic(dict):
    """Handlers by topic; whatever has none is taken down."""

    def __init__(self, handlers, take_down):
        super().__init__(handlers)
        self._take_down = take_down

    def get(self, topic, default=None):
        return super().get(topic, self._take_down)


class OverheardLine(PhoneLine):
    """A caller's line that keeps every stream and packet that no handler wants."""

    def __init__(self, join, *, record=False):
        async def get_join_token():
            return join

        super().__init__(get_join_token, record=record)
        self.taken_down: list[bytes] = []
        self._reading: set[asyncio.Task[None]] = set()
        attach = self.transcripts.attach

        def attach_and_listen(room):
            attach(room)
            room._text_stream_handlers = _AnyTopic(room._text_stream_handlers, self._stream)
            room._byte_stream_handlers = _AnyTopic(room._byte_stream_handlers, self._stream)
            room.on("data_received", lambda packet: self.taken_down.append(bytes(packet.data)))
            room.on("room_metadata_changed", lambda _old, new: self.taken_down.append(new.encode()))

        self.transcripts.attach = attach_and_listen

    def _stream(self, reader, _identity):
        task = asyncio.create_task(self._read(reader))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, reader):
        async for piece in reader:
            self.taken_down.append(piece if isinstance(piece, bytes) else piece.encode())

    @property
    def everything(self) -> bytes:
        """All that was taken down, and what the room was told in the ways that clients read."""
        lines = [line.text for line in self.transcripts.lines]
        told = [str(report.fields) for report in self.transcripts.reports]
        return b"\n".join([*self.taken_down, *(text.encode() for text in (*lines, *told))])
