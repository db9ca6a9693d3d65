"""Retries the model and the voice; plays phrases while the caller waits, and a goodbye when it gives up.

Every wait of a caller passes through here. Late, they hear a short ready phrase, and another sign of life after each
further silence; a failed try is repeated, so the caller's turn is answered when the provider is back; after
`give_up_seconds` of trouble they hear why the call ends. What is wrong with one request alone is never repeated as it
is: it is changed, or the caller hears that this cannot be answered, and the call goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from livekit import rtc
from livekit.agents import FlushSentinel, llm

from worker.faults import REFUSED_KEY, SILENT_KEY, EmptyAnswer, Fault, RequestRefused, WordlessAnswer, describe
from worker.reply.for_the_caller import ForTheCaller
from worker.reply.length import until_long_enough
from worker.reply.pieces import Piece, calls_tool, words_of
from worker.reply.resume import SPOKEN_CHARACTERS_PER_SECOND, ResumableAnswer, ResumableText
from worker.spoken import Blocks

T = TypeVar("T")
Synthesize = Callable[[AsyncIterable[str]], AsyncIterable[rtc.AudioFrame]]
STEADY_SECONDS = 3.0  # a try that still brings something after this long has recovered
CLOSE_SECONDS = 1.0  # a dead connection may take long to close: nobody waits for it
MAX_WORDLESS_TRIES = 2  # a model that answers with a smiley twice will do so again
MAX_MUTE_TRIES = 2  # of a voice, without a sound or a reason: then it is found out whether it is the text
KINDS_OF_MUTENESS = frozenset({"empty", "timeout", "unexpected"})  # `unexpected`: the framework's "no audio frames"
MAX_EMPTY_TRIES = 5  # of a model: nothing at all may pass, but behind five seconds of it, it is about what was asked


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits how long a caller is kept waiting, in seconds."""

    late_seconds: float
    """Nothing by then: a phrase says that it takes longer."""
    give_up_seconds: float
    """Not recovered by then: goodbye."""
    sign_seconds: float = 3.5
    """After the first phrase: silence until the next sign of life."""
    first_pause_seconds: float = 0.3
    longest_pause_seconds: float = 2.0

    def pause(self, attempt: int, asked_seconds: float | None = None) -> float:
        """Return the pause before try `attempt + 1`, with jitter so that calls do not retry in step.

        Args:
            asked_seconds: What the provider's `Retry-After` says: not earlier, as far as a caller can bear it.
        """
        pause = min(self.first_pause_seconds * 2.0 ** (attempt - 1), self.longest_pause_seconds)
        pause *= random.uniform(0.8, 1.2)
        if asked_seconds is None:
            return pause
        return max(pause, min(asked_seconds * random.uniform(1.0, 1.2), self.longest_pause_seconds))


@dataclass(frozen=True, slots=True)
class Bridge:
    """Holds what a late reply needs of its call: phrases, reports, and how to give up."""

    retry_policy: RetryPolicy
    phrase: Callable[[str], str]
    """The words of a phrase in the reply's language."""
    audible: Callable[[str], bool]
    """Whether a text says anything aloud in the reply's language."""
    blocks: Callable[[], Blocks]
    """Finds in one answer what is not for the caller."""
    phrase_audio: Callable[[str], AsyncIterator[rtc.AudioFrame] | None]
    """Ready audio for exactly these words, or None."""
    tone: Callable[[], AsyncIterator[rtc.AudioFrame]]
    """A sign of life without words, for when a phrase has no audio."""
    fault: Callable[[object], None]
    """Told of every failed try."""
    bridged: Callable[[str, str], None]
    """Told (provider, phrase) when a phrase was spoken in place of an answer."""
    gave_up: Callable[[str], None]
    """Told which provider did not come back; ends the call once the goodbye has been heard."""
    over: Callable[[], bool]
    """Whether the call is ending: no answer is begun and nothing is tried again then."""


class _GaveUp(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Work(Generic[T]):
    """Describes one piece of work that is retried until it ends well."""

    provider: str
    attempt: Callable[[], AsyncIterable[T]]
    aside: Callable[[str], AsyncIterator[T]]
    """Pieces that speak a phrase in place of the answer."""
    lacking: Callable[[], Exception | None]
    """What is wrong with a try that ended without an error; None when it has answered."""
    amend: Callable[[Fault], bool]
    """Change what is asked so that a fault of the request does not come again; False when nothing can."""
    lasts: Callable[[T], float]
    """How many seconds of sound a piece is: they come faster than they are heard."""
    enough: Callable[[], bool]
    """Whether the answer is whole though the try failed."""
    owed_since: Callable[[], float]
    """Loop time from which the provider has all it needs: it is not to blame for waits before."""


class _Waiting:
    """Times one reply's silences, over all its tries."""

    def __init__(self, retry_policy: RetryPolicy, owed_since: Callable[[], float]) -> None:
        self._policy = retry_policy
        self._owed_since = owed_since
        self._now = asyncio.get_running_loop().time
        self._heard_until = self._progress_at = self._try_began = self._now()
        self._trouble_since: float | None = None
        self._any_failed = False
        self._signs = 0

    async def until(self, work: asyncio.Future[Any], *, answering: bool) -> str | None:
        """Wait for `work`; None when it is done, else the phrase to speak meanwhile. Raises _GaveUp at the deadline."""
        while True:
            sign_at, end_at = self._deadlines(answering)
            done, _ = await asyncio.wait({work}, timeout=max(min(sign_at, end_at) - self._now(), 0))
            if done:
                return None
            sign_at, end_at = self._deadlines(answering)
            if self._now() >= end_at:
                raise _GaveUp
            if self._now() >= sign_at:
                self._signs += 1
                if self._trouble_since is None:
                    self._trouble_since = max(self._heard_until, self._owed_since())
                return "late" if self._signs == 1 else "one_moment"

    def _deadlines(self, answering: bool) -> tuple[float, float]:
        quiet_since = max(self._heard_until, self._owed_since())
        wait = self._policy.sign_seconds if self._signs else self._policy.late_seconds
        end_at = (quiet_since if self._trouble_since is None else self._trouble_since) + self._policy.give_up_seconds
        if answering:  # whoever has begun to answer may go on
            end_at = max(end_at, self._progress_at + self._policy.late_seconds)
        return quiet_since + wait, end_at

    def trying(self) -> None:
        """Note that a new try begins."""
        self._try_began = self._now()

    def came(self, seconds: float) -> None:
        """Note a piece of the answer, and how long it will be heard; what is not heard ends no silence."""
        self._progress_at = self._now()
        if not seconds:
            return
        if not self._any_failed or self._progress_at - self._try_began >= STEADY_SECONDS:
            self._trouble_since = None
        self.sounded(seconds)

    def sounded(self, seconds: float) -> None:
        """Add seconds of sound that the caller has still to hear."""
        self._heard_until = max(self._heard_until, self._now()) + seconds

    def failed(self) -> None:
        """Note that a try failed."""
        self._any_failed = True
        if self._trouble_since is None:
            self._trouble_since = self._now()


class _ModelTries:
    """Asks a model for one answer, as often as it takes."""

    def __init__(self, ask: Callable[[], AsyncIterable[Piece]], bridge: Bridge, may_call_tools: bool) -> None:
        self._ask = ask
        self._audible = bridge.audible
        self._blocks = bridge.blocks
        self._may_call_tools = may_call_tools
        self._resumed = ResumableAnswer()
        self._newest = ForTheCaller(bridge.blocks())
        self._wants_a_tool = False  # that it may not have

    @property
    def called_a_tool(self) -> bool:
        """Whether any try has called a tool that will run."""
        return self._may_call_tools and self._resumed.called_a_tool

    async def attempt(self) -> AsyncIterator[Piece]:
        """Ask once more, and go on where the earlier tries broke off."""
        self._newest = ForTheCaller(self._blocks())
        self._wants_a_tool = False
        answer = until_long_enough(self._newest.of(self._ask()))
        async for piece in self._resumed.continue_with(answer):
            _raise_if_refused(piece)
            if self._may_call_tools or not calls_tool(piece):
                yield piece
            else:
                self._wants_a_tool = True

    def lacking(self) -> Exception | None:
        """Return what is wrong with the newest try, which ended without an error; None when the caller is answered."""
        written = self._resumed.written
        if self.called_a_tool:
            return None
        if self._audible(written) and (not self._wants_a_tool or written.rstrip().endswith("?")):
            return None  # "Let me check that." before a tool that may not be called leaves the caller waiting
        return EmptyAnswer("llm") if self._newest.is_empty else WordlessAnswer("llm")


async def steady_reply(
    ask: Callable[[], AsyncIterable[Piece]],
    bridge: Bridge,
    *,
    amend: Callable[[Fault], bool] = lambda _: False,
    may_call_tools: bool = True,
) -> AsyncIterator[Piece]:
    """Stream the model's answer; bridge the wait, retry, or give up when it does not come.

    Args:
        amend: Told of a fault of the request; True when `ask` asks otherwise from now on.
        may_call_tools: False where the framework drops a tool call: it is no answer then.
    """
    if bridge.over():
        return
    tries = _ModelTries(ask, bridge, may_call_tools)
    began = asyncio.get_running_loop().time()

    async def aside(phrase: str) -> AsyncIterator[Piece]:
        # A segment of its own, so that it is spoken from ready audio.
        for piece in (FlushSentinel(), bridge.phrase(phrase), FlushSentinel()):
            yield piece

    work: _Work[Piece] = _Work(
        "llm",
        tries.attempt,
        aside=aside,
        lacking=tries.lacking,
        amend=amend,
        lasts=lambda piece: _audible_characters(words_of(piece)) / SPOKEN_CHARACTERS_PER_SECOND,
        enough=lambda: tries.called_a_tool,  # again would be twice: the tool's result brings the next answer
        owed_since=lambda: began,
    )
    async for piece in _steadily(work, bridge):
        yield piece


def _audible_characters(words: str) -> int:
    return len(words) if any(map(str.isalnum, words)) else 0


def _raise_if_refused(piece: Piece) -> None:
    extra = piece.delta.extra if isinstance(piece, llm.ChatChunk) and piece.delta else None
    if extra and REFUSED_KEY in extra:
        raise RequestRefused(extra[REFUSED_KEY])
    if extra and SILENT_KEY in extra:
        raise WordlessAnswer("llm")


class _VoiceTries:
    """Has a voice speak one text, as often as it takes.

    A voice may make nothing of just this text, which looks like an outage. So behind MAX_MUTE_TRIES it is asked for a
    phrase as well: one that it can say, while it still makes nothing of the text, is said in its place.
    """

    def __init__(self, script: ResumableText, synthesize: Synthesize, bridge: Bridge) -> None:
        self._script = script
        self._synthesize = synthesize
        self._bridge = bridge
        self._heard_seconds = self._heard_before = 0.0
        self._tries = self._mute_tries = 0
        self._has_said_instead = False

    async def attempt(self) -> AsyncIterator[rtc.AudioFrame]:
        """Speak what has not been heard yet."""
        self._tries += 1
        self._heard_before = self._heard_seconds
        instead = [frame async for frame in self._phrase()] if self._mute_tries >= MAX_MUTE_TRIES else []
        self._mute_tries = 0 if instead else self._mute_tries
        try:
            async for frame in self._synthesize(self._script.after(self._heard_seconds)):
                self._heard_seconds += frame.duration
                yield frame
        except Exception as error:
            fault = describe("tts", error, self._tries)
            self._mute_tries += self._is_mute and fault.kind in KINDS_OF_MUTENESS
            if not (instead and self._is_mute):
                raise
            self._bridge.fault(fault)
        else:
            self._mute_tries = self._mute_tries + 1 if self._is_mute else 0
        if instead and self._is_mute:
            self._bridge.bridged("tts", "cannot_help")
            self._has_said_instead = True
            for frame in instead:
                yield frame

    async def _phrase(self) -> AsyncIterator[rtc.AudioFrame]:
        async def words() -> AsyncIterator[str]:
            yield self._bridge.phrase("cannot_help")

        async for frame in self._synthesize(words()):
            yield frame

    @property
    def _is_mute(self) -> bool:
        return self._heard_seconds == self._heard_before

    def lacking(self) -> Exception | None:
        """Return what is wrong with the newest try, which ended without an error; None when there was sound."""
        return EmptyAnswer("tts") if self._is_mute and not self._has_said_instead else None

    def enough(self) -> bool:
        """Return whether nothing is left to say, or this text cannot be said."""
        return self._has_said_instead or self._script.spoken_after(self._heard_seconds)


async def steady_speech(
    text: AsyncIterable[str], synthesize: Synthesize, bridge: Bridge
) -> AsyncIterator[rtc.AudioFrame]:
    """Speak `text`, retrying until it is spoken; a phrase with ready audio needs no provider."""
    script = ResumableText(text)
    try:
        first = await script.first()
        if first is None:
            return
        ready = bridge.phrase_audio(first)
        if ready is not None:
            async for frame in ready:
                yield frame
            await script.all()
            return

        async def aside(phrase: str) -> AsyncIterator[rtc.AudioFrame]:
            audio = bridge.phrase_audio(bridge.phrase(phrase))
            async for frame in bridge.tone() if audio is None else audio:
                yield frame

        tries = _VoiceTries(script, synthesize, bridge)
        work: _Work[rtc.AudioFrame] = _Work(
            "tts",
            tries.attempt,
            aside=aside,
            lacking=tries.lacking,
            amend=lambda _: False,
            lasts=lambda frame: frame.duration,
            enough=tries.enough,
            owed_since=script.complete_since,
        )
        async for frame in _steadily(work, bridge):
            yield frame
    finally:
        await script.aclose()


async def _steadily(work: _Work[T], bridge: Bridge) -> AsyncIterator[T]:
    """Repeat `work.attempt` until one ends well."""
    waiting = _Waiting(bridge.retry_policy, work.owed_since)
    tries = wordless_tries = empty_tries = 0
    try:
        while tries == 0 or not bridge.over():  # what is said already is spoken: it may be the goodbye
            tries += 1
            waiting.trying()
            stream = aiter(work.attempt())
            try:
                while True:
                    step = asyncio.ensure_future(_next(stream))
                    async for piece in _meanwhile(step, waiting, work, bridge, answering=True):
                        yield piece
                    if (item := step.result()) is _END:
                        break
                    waiting.came(work.lasts(item))
                    yield item
                if work.enough() or (lack := work.lacking()) is None:
                    return
                raise lack
            except _GaveUp:
                raise
            except Exception as error:
                fault = describe(work.provider, error, tries)
                bridge.fault(fault)
                waiting.failed()
            finally:
                await _close(stream)
            if work.enough():
                return
            wordless_tries += fault.kind == "wordless"
            empty_tries += (fault.provider, fault.kind) == ("llm", "empty")
            if fault.of_request and work.amend(fault):
                continue
            if fault.of_request or wordless_tries >= MAX_WORDLESS_TRIES or empty_tries >= MAX_EMPTY_TRIES:
                phrase = "cannot_help" if fault.of_request else "no_answer"
                bridge.bridged(work.provider, phrase)
                async for piece in work.aside(phrase):
                    yield piece
                return
            pause = asyncio.ensure_future(asyncio.sleep(bridge.retry_policy.pause(tries, fault.retry_after_seconds)))
            async for piece in _meanwhile(pause, waiting, work, bridge, answering=False):
                yield piece
    except _GaveUp:
        bridge.bridged(work.provider, "give_up")
        async for piece in work.aside("give_up"):
            yield piece
        bridge.gave_up(work.provider)


async def _meanwhile(
    task: asyncio.Future[Any], waiting: _Waiting, work: _Work[T], bridge: Bridge, *, answering: bool
) -> AsyncIterator[T]:
    """Wait for `task`, giving signs of life when it takes long; raises _GaveUp at the deadline."""
    try:
        while (phrase := await waiting.until(task, answering=answering)) is not None:
            bridge.bridged(work.provider, phrase)
            async for piece in work.aside(phrase):
                waiting.sounded(work.lasts(piece))
                yield piece
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CLOSE_SECONDS)


_END: object = object()


async def _next(stream: AsyncIterator[T]) -> T:
    try:
        return await anext(stream)
    except StopAsyncIteration:
        return _END  # type: ignore[return-value]


async def _close(stream: object) -> None:
    close = getattr(stream, "aclose", None)
    if close is None:
        return

    async def quietly() -> None:
        with contextlib.suppress(Exception):
            await close()

    await asyncio.wait({asyncio.ensure_future(quietly())}, timeout=CLOSE_SECONDS)
