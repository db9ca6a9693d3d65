"""Compares what a phone has sent and heard with what the other end of its line kept: how late, and whether all."""

import asyncio
import time

import numpy as np
from livekit import rtc

from sandbox.phone.g711 import SAMPLE_RATE
from sandbox.speech.voices import resample
from tests.telephone.conftest import LOUD, RoomSide, loudness, newest_phone_room

FARTHEST_SECONDS = 0.3
PIECE_SECONDS = 0.8
MOMENT = SAMPLE_RATE // 50
FAINT = 0.1
BURST_SECONDS = 0.4
BURSTS = 8
ROOM_RATE = 24_000
FRAME_MS = 50  # as the worker hears a room


class Tape:
    """Sound by the moments at which it began, on this process's clock, at a telephone's rate."""

    def __init__(self):
        self._frames = []

    def add(self, samples, at):
        self._frames.append((at, samples))

    @property
    def began_at(self):
        return self._frames[0][0]

    def sound(self):
        """All of it, silent where nothing came."""
        end = max(at + len(samples) / SAMPLE_RATE for at, samples in self._frames)
        whole = np.zeros(round((end - self.began_at) * SAMPLE_RATE) + 1, np.int16)
        for at, samples in self._frames:
            start = round((at - self.began_at) * SAMPLE_RATE)
            whole[start : start + len(samples)] = samples
        return whole

    def first_loud_at(self):
        """When something is heard for the first time."""
        return next(at for at, samples in self._frames if loudness(samples) > LOUD)

    def pieces(self, since, until):
        """Its loud pieces, and when each begins."""
        whole, size = self.sound(), round(PIECE_SECONDS * SAMPLE_RATE)
        first, last = (round((moment - self.began_at) * SAMPLE_RATE) for moment in (since, until))
        starts = range(max(0, first), min(last, len(whole)) - size, size)
        found = [(self.began_at + start / SAMPLE_RATE, whole[start : start + size]) for start in starts]
        return [(at, piece) for at, piece in found if loudness(piece) > LOUD]

    def finds(self, piece, at, within=FARTHEST_SECONDS):
        """How much later than `at` a piece is on this tape, in seconds, and how alike the two are, 0 to 1."""
        around = round(within * SAMPLE_RATE)
        whole = np.pad(self.sound().astype(float), around + len(piece))
        start = round((at - self.began_at) * SAMPLE_RATE) + len(piece)
        searched = whole[max(0, start) : max(0, start + 2 * around + len(piece))]
        if start < 0 or len(searched) < 2 * around + len(piece):
            return 0.0, 0.0
        size = 1 << (len(searched) + len(piece)).bit_length()
        spectrum = np.fft.rfft(searched, size) * np.conj(np.fft.rfft(piece.astype(float), size))
        products = np.fft.irfft(spectrum, size)[: 2 * around + 1]
        energy = np.concatenate(([0.0], np.cumsum(searched**2)))
        energies = (energy[len(piece) :] - energy[: -len(piece)])[: 2 * around + 1]
        alike = products / np.sqrt(np.maximum(energies, 1.0) * max(1.0, float((piece.astype(float) ** 2).sum())))
        best = int(np.argmax(alike))
        return (best - around) / SAMPLE_RATE, float(alike[best])

    def follows(self, piece, at):
        """How much later than `at` a piece is on this tape, how alike the courses of their loudness are, and its holes.

        Coders keep how loud each moment is, and not every wave of it. A hole is a moment that is loud in the piece, and
        around which nothing is on the tape.
        """
        later, _ = self.finds(piece, at)
        start = round((at + later - self.began_at) * SAMPLE_RATE)
        there = self.sound()[max(0, start) : start + len(piece)]
        there = np.pad(there, (0, len(piece) - len(there)))
        own, kept = (np.sqrt((each.reshape(-1, MOMENT).astype(float) ** 2).mean(axis=1)) for each in (piece, there))
        around = np.maximum(kept, np.maximum(np.append(kept[1:], kept[-1]), np.append(kept[0], kept[:-1])))
        holes = int(((own > 2 * LOUD) & (around < FAINT * own)).sum())
        return round(later, 4), round(float(np.nan_to_num(np.corrcoef(own, kept)[0, 1])), 2), holes


def tapes_of(call):
    """What a phone sends and hears from now on."""
    sent, heard = Tape(), Tape()
    tell_heard = call.on_frame

    def hear(frame, at):
        heard.add(frame, at)
        tell_heard(frame, at)

    call.on_sent, call.on_frame = sent.add, hear
    return sent, heard


def burst(number):
    """A noise that is like no other, and as a telephone carries it."""
    noise = np.random.default_rng(number).normal(0, 1, round(BURST_SECONDS * SAMPLE_RATE))
    smooth = np.convolve(noise, np.hamming(9), "same")
    return (smooth / np.abs(smooth).max() * 9000).astype(np.int16)


class Seat(RoomSide):
    """Somebody in an agent's place who plays and hears as the worker does, and notes when."""

    def __init__(self):
        super().__init__()
        self.heard, self._source = Tape(), None

    async def _hum(self, source):
        self._source = source

    async def _hear(self, track):
        async for event in rtc.AudioStream(track, sample_rate=ROOM_RATE, num_channels=1, frame_size_ms=FRAME_MS):
            samples = np.frombuffer(event.frame.data, dtype=np.int16)
            began_at = time.monotonic() - len(samples) / ROOM_RATE
            self.heard.add(samples[:: ROOM_RATE // SAMPLE_RATE], began_at)  # nothing above 4 kHz comes from a phone
            self.hears_sound.set()

    async def play(self, samples):
        """Play something; when that began."""
        frame = resample(samples, SAMPLE_RATE, ROOM_RATE)
        began_at = time.monotonic()
        await self._source.capture_frame(rtc.AudioFrame(frame.tobytes(), ROOM_RATE, 1, len(frame)))
        await self._source.wait_for_playout()
        return began_at


async def delays_of(phone, number, network):
    """How long a line takes to bring a sound from the phone to the room, and from the room to the phone; each burst's.

    Of a call in which nobody records: it is the line's own, whatever a recording says.
    """
    seat = Seat()

    async def sit_down():
        return await seat.join(network, await newest_phone_room(network))

    joining = asyncio.create_task(sit_down())
    async with asyncio.timeout(15):
        call = await phone.dial(number, network.sip_address)
        await joining
    said, heard = tapes_of(call)
    try:
        played = []
        for each in range(BURSTS):
            call.say(burst(each))
            played.append(await seat.play(burst(BURSTS + each)))
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=1.0)  # what is on its way arrives
    finally:
        await call.hang_up()
        await seat.leave()
    came_in, went_out = [], []
    for each in range(BURSTS):
        said_after, _ = said.finds(burst(each), played[each])
        came_in.append(seat.heard.finds(burst(each), played[each] + said_after)[0])
        went_out.append(heard.finds(burst(BURSTS + each), played[each])[0])
    return came_in, went_out
