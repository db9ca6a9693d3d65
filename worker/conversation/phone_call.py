"""Puts together what a call by telephone has beside any other: a line that rings, keys, a menu of languages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, JobContext, ToolError, UserInputTranscribedEvent, UserStateChangedEvent
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.room_io.types import NoiseCancellationParams

from worker import log_events
from worker.conversation.caller import nobody_knows
from worker.conversation.listening import Listening
from worker.conversation.reports import CallReports
from worker.conversation.speaker import NobodyListensError, Speaker
from worker.conversation.warm_transfer import WarmTransfer
from worker.phone.answering import AnsweredBy, Answering
from worker.phone.errand import ANSWERED_BY, Errand
from worker.phone.keys import Keys
from worker.phone.line import Direction, PhoneLine, is_phone
from worker.phone.line_echo import LineEcho
from worker.phone.menu import LanguageMenu, Other
from worker.phone.transfer import Transfer, transfer
from worker.settings import PhoneSettings

KEYS = "0123456789*#"
"""In the order of their codes in RFC 4733, section 3.2."""
KEY_SECONDS = 0.5
MAILBOX_PAUSE_SECONDS = 2.0  # its tone has sounded by then
TOLD_SECONDS = 1.0  # `python -m phone` looks three times a second
NOT_SENT_ON = {
    Transfer.BUSY: "The colleague's line is busy.",
    Transfer.DECLINED: "The colleague's line did not take the call.",
    Transfer.NO_ANSWER: "The colleague did not pick up, or did not say whether they take the call.",
    Transfer.VOICEMAIL: "A mailbox has picked up in the colleague's place.",
    Transfer.HUNG_UP: "The colleague has hung up before taking the call.",
    Transfer.FAILED: "The call could not be connected to the colleague.",
}


class PhoneCall:
    """Holds the telephone's part of one call; of a call that comes by no telephone it does nothing."""

    def __init__(
        self, room: rtc.Room, session: AgentSession[Any], settings: PhoneSettings, speaker: Speaker,
        listening: Listening, reports: CallReports, *, errand: Errand | None = None,
        machine: Callable[[AnsweredBy], None] = lambda _: None,
        earlier_language: Callable[[str | None], Awaitable[str | None]] = nobody_knows,
    ) -> None:  # fmt: skip
        """Hold it.

        Args:
            errand: What an outbound call is for; None for every other call.
            machine: Called when a machine has picked up, also one that was taken for a person at first.
            earlier_language: Says what a caller, by their fingerprint, has spoken in an earlier call.
        """
        self.errand = errand
        self.line: PhoneLine | None = None
        self._room = room
        self._session = session
        self._settings = settings
        self._speaker = speaker
        self._reports = reports
        self._machine = machine
        self._earlier_language = earlier_language
        self._answering: Answering | None = None
        self._telling: asyncio.Task[None] | None = None
        self.identity = ""
        """The caller's, once they are there by telephone."""
        self._transfer: asyncio.Task[Transfer] | None = None
        self._warm: WarmTransfer | None = None
        self._line_echo = LineEcho()
        self.keys = Keys(
            settings.key_pause_seconds, mask=settings.mask_keys, pressed=self._fall_silent, keyed=listening.key_in
        )
        self._menu = LanguageMenu(settings.menu, settings.menu_seconds, self._offer)
        self.keys.first_refusal = self._menu.press
        reports.shown = reports.record.shown = self.keys.masked
        listening.doubted = self._doubted
        room.on("sip_dtmf_received", self._key_pressed)
        session.on("user_input_transcribed", self._transcribed)
        session.on("user_state_changed", self._user_state_changed)
        session.on("close", lambda _: self.keys.close())

    @property
    def by_called_number(self) -> Mapping[str, str]:
        """Return the language of each number that can be called, where one is set."""
        return self._settings.languages

    @property
    def line_echo(self) -> LineEcho:
        """Return what takes the agent's voice, come back over the line, out of the caller's sound."""
        return self._line_echo

    def clean_sound(self, track: NoiseCancellationParams) -> LineEcho | None:
        """Return what takes the agent's voice out of a phone's sound; None for a page, whose browser does so."""
        return self._line_echo if is_phone(track.participant) else None

    def look_up_language(self, person: rtc.RemoteParticipant, caller: str | None) -> asyncio.Future[str | None] | None:
        """Begin to find out, while it rings, what a phone's caller, by their fingerprint, spoke in their last call."""
        return asyncio.ensure_future(self._earlier_language(caller)) if is_phone(person) else None

    async def answered(self, person: rtc.RemoteParticipant) -> bool:
        """Wait until a phone is picked up, hearing and saying nothing meanwhile; False when nobody does.

        A caller who is on no phone is there at once.
        """
        if not is_phone(person):
            return True
        self.line, self.identity = PhoneLine(self._room, person), person.identity
        self._line_echo.follow(self._session)
        direction, rings_since = self.line.direction.value, asyncio.get_running_loop().time()
        if not self.line.is_answered:
            self._session.input.set_audio_enabled(False)  # a ringing tone is nobody's words
            reason = await self.line.unanswered(self._settings.answer_seconds)
            if reason is not None:
                self._reports.event(log_events.CALL_NOT_ANSWERED, direction=direction, reason=reason.value)
                return False
            self._session.input.set_audio_enabled(True)
            self._session.reset_away_timer()  # who has been ringing has not been silent
        rang_seconds = round(asyncio.get_running_loop().time() - rings_since, 3)
        self._reports.event(log_events.CALL_ANSWERED, direction=direction, rang_seconds=rang_seconds)
        return True

    async def ask_for_language(self, *, known: bool) -> str | Other:
        """Let the caller choose a language, where a menu is set up and nobody has said which one yet."""
        incoming = self.line is not None and self.line.direction is Direction.IN
        return Other.NOTHING if known or not incoming or not self._settings.menu else await self._menu.ask()

    async def is_answered_by_a_person(self) -> bool:
        """Listen to who has picked up the phone that was called; False for a machine, of which `machine` is told."""
        self._answering = Answering()
        await self._tell_who_answers(await self._answering.decide())
        return self._answering.answer is AnsweredBy.HUMAN

    def takes(self, text: str) -> bool:
        """Take what the caller has said, if it wants no answer: a choice of the menu, the "hello" of who picks up."""
        if self._answering is not None and self._answering.answer is not AnsweredBy.HUMAN:
            return True
        return self._menu.is_open and self._menu.hear(text)

    async def _tell_who_answers(self, answer: AnsweredBy) -> None:
        """Tell whoever dials, who asks for this agent's attributes now and then, and hang up on a machine."""
        self._reports.event(log_events.CALL_ANSWERED_BY, answered_by=answer.value)
        await self._room.local_participant.set_attributes({ANSWERED_BY: answer.value})
        if answer is AnsweredBy.HUMAN:
            return
        await asyncio.sleep(TOLD_SECONDS)
        if answer is AnsweredBy.VOICEMAIL and self.errand is not None and self.errand.voicemail:
            await self._leave_message(self.errand)
        self._machine(answer)

    async def _leave_message(self, errand: Errand) -> None:
        """Say who calls and the operator's message, when the mailbox has said all it says."""
        if self._answering is not None:
            await self._answering.until_silent(MAILBOX_PAUSE_SECONDS)
        with contextlib.suppress(NobodyListensError):  # it hangs up when its tape is full
            self._speaker.say("outbound", allow_interruptions=False, company=errand.company)
            await self._speaker.recite(errand.voicemail).wait_for_playout()
            self._reports.event(log_events.CALL_MESSAGE_LEFT)

    async def transfer(
        self, ctx: JobContext, to: str, ringing_seconds: float, sent_on: Callable[[], None],
        warm: Callable[[], WarmTransfer] | None = None,
    ) -> bool:  # fmt: skip
        """Send the caller on to another number; False when they are on no phone.

        Args:
            ctx: The job's.
            to: `tel:+91…` or `sip:…`.
            ringing_seconds: How long the other phone may ring.
            sent_on: Called when they have been.
            warm: Prepares a transfer in which the colleague is asked first; None sends the caller's own line on.
        Raises:
            ToolError: They were not sent on; it says why, for the model.
        """
        if self.line is None:
            return False
        if self._transfer is None or self._transfer.done():
            self._transfer = asyncio.create_task(self._send_on(ctx, to, ringing_seconds, sent_on, warm))
        outcome = await asyncio.shield(self._transfer)  # what LiveKit was asked for goes on without the tool
        if outcome is not Transfer.DONE:
            why = NOT_SENT_ON.get(outcome, NOT_SENT_ON[Transfer.FAILED])
            meanwhile = " ".join(self._warm.heard) if self._warm is not None else ""
            heard = f' While they waited, the caller said: "{meanwhile}".' if meanwhile else ""
            raise ToolError(f"{why}{heard} Tell the caller so in one sentence, and offer to help yourself.")
        return True

    def call_off(self) -> None:
        """Give a transfer up that a colleague is being asked about: this agent leaves the call."""
        if self._warm is not None:
            self._warm.call_off()

    async def _send_on(
        self, ctx: JobContext, to: str, ringing_seconds: float, sent_on: Callable[[], None],
        warm: Callable[[], WarmTransfer] | None,
    ) -> Transfer:  # fmt: skip
        if warm is None:
            outcome = await transfer(ctx.api, self._room, self.identity, to, ringing_seconds)
        else:
            self._warm = warm()
            outcome = await self._warm.make(to, ringing_seconds)
        kind = "cold" if warm is None else "warm"
        self._reports.event(log_events.CALL_TRANSFER, outcome=outcome.value, kind=kind)
        self._reports.record.transferred(to, "ok" if outcome is Transfer.DONE else "failed")
        if outcome is Transfer.DONE:
            self._session.input.set_audio_enabled(False)  # what is heard from now on is said to the colleague
            sent_on()
        return outcome

    async def press_keys(self, keys: str) -> bool:
        """Press keys on the caller's line, `w` for a pause; False when they are on no phone."""
        if self.line is None:
            return False
        for key in keys:
            if key != "w":
                await self._room.local_participant.publish_dtmf(code=KEYS.index(key), digit=key)
            await asyncio.sleep(KEY_SECONDS)
        return True

    def _offer(self, language: str, key: str) -> SpeechHandle:
        return self._speaker.say("menu", language=language, digit=key)

    def _key_pressed(self, event: rtc.SipDTMF) -> None:
        if event.participant is not None and event.participant.identity == self.identity:
            self.keys.press(event.digit)

    def _fall_silent(self) -> None:
        """Stop speaking to a caller who presses keys, as to one who speaks."""
        with contextlib.suppress(RuntimeError):  # the greeting does not stop for words either
            self._session.interrupt()

    def _user_state_changed(self, event: UserStateChangedEvent) -> None:
        if self._answering is not None:
            self._answering.user_state_changed(event.new_state)

    def _doubted(self, text: str) -> bool:
        """Take words that the recogniser hardly believes; True until it is clear that a person has picked up.

        Half of what a network announces is read wrong on a bad line, and still says that it is no person.
        """
        if self._answering is None:
            return False
        self._hear_who_answers(self._answering, text)
        return self._answering.answer is not AnsweredBy.HUMAN

    def _hear_who_answers(self, answering: Answering, text: str) -> None:
        machine = answering.hear(text)
        if machine is not None:
            self._telling = asyncio.create_task(self._tell_who_answers(machine))

    def _transcribed(self, event: UserInputTranscribedEvent) -> None:
        if self._answering is not None and event.is_final:
            self._hear_who_answers(self._answering, event.transcript)
        if self._warm is not None and event.is_final:
            self._warm.caller_says(event.transcript)
        # The room's transcript is written from this same event, after everybody has been told of it.
        event.transcript = self.keys.masked(event.transcript)
