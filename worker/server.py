"""Prepares a call's process, and puts each call together."""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import aiohttp
from livekit.agents import (
    AgentSession,
    APIConnectOptions,
    AutoSubscribe,
    JobContext,
    JobProcess,
    TurnHandlingOptions,
    llm,
    room_io,
    stt,
    tts,
    vad,
)
from livekit.agents.voice.agent_session import SessionConnectOptions

from records.masking import know_number_words
from worker import log_events
from worker.admission import BUSY_ATTRIBUTE, REFUSED_ATTRIBUTE
from worker.barge_in import JudgedVAD
from worker.bill import LIVEKIT_LINE
from worker.budget.turns import Turns
from worker.consent.answers import read_answer
from worker.consent.earlier import decided_before
from worker.consent.outside import read_outside_consent
from worker.consent.rules import Purpose
from worker.conversation.apology import apologise
from worker.conversation.assistant import Assistant
from worker.conversation.call import Call, CallParts
from worker.conversation.call_recording import SoundParts
from worker.conversation.consent_talk import ConsentParts, notices
from worker.conversation.consultation import EarsAndVoice
from worker.conversation.handoff import Handoff
from worker.conversation.no_upload import NOTHING_IS_UPLOADED
from worker.conversation.one_microphone import OneMicrophone
from worker.conversation.phrase_audio import PhraseAudio
from worker.conversation.phrases import Phrases, phrases_of
from worker.conversation.spending import BudgetParts
from worker.conversation.tool_services import ToolServices
from worker.conversation.usage import CallUsage
from worker.conversation.warm_transfer import WarmParts
from worker.end_of_turn.detector import EvidenceTurnDetector
from worker.end_of_turn.session_options import hears_sound, turn_handling
from worker.end_of_turn.sound.ear import AskModel
from worker.end_of_turn.sound.runner import SoundRunner, probability_of
from worker.end_of_turn.wait_policy import wait_policy
from worker.environment import load_settings
from worker.livekit_internals import begin_replies_early
from worker.load.from_calls import LoadReporter
from worker.load.priority import step_behind_calls
from worker.phone.earlier_language import spoken_before
from worker.phone.errand import Errand, read_errand
from worker.providers.openai_llm import build_llm, warm
from worker.providers.prices import PriceTable
from worker.providers.sarvam_stt import build_stt, by_request
from worker.providers.sarvam_tts import SarvamVoice, build_tts
from worker.providers.vad import build_vad
from worker.record.call_record import CallRecord, record_of_call
from worker.recovery.drain_signal import ignore_handover_signal, on_handover_signal
from worker.recovery.exit_codes import FAILED, exit_with
from worker.recovery.rooms import CALLER_KINDS, Rooms
from worker.recovery.snapshot import Seal, Succession, id_of_call
from worker.settings import CallSettings, Settings, TurnSettings
from worker.ticket import Ticket, read_ticket, read_traceparent
from worker.tools.offered import offered_tools

if TYPE_CHECKING:
    from worker.outcome.making import OutcomeMaker
    from worker.telemetry.in_call import Telemetry

log = logging.getLogger("vaani")
# The recogniser's and the voice detector's own rate: at the framework's 24 kHz both would resample, in Python, all
# the time.
INPUT_SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Prewarmed:
    """Holds what a call's process has ready before its call: everything slow that does not depend on the caller."""

    settings: Settings
    vad: vad.VAD
    llm: llm.LLM[Any]
    phrases: Phrases
    instructions: str
    prices: PriceTable
    outcome: OutcomeMaker | None
    telemetry: Telemetry | None
    budget_address: str
    load_address: str

    @staticmethod
    def of(proc: JobProcess) -> Prewarmed:
        """Return what `prewarm` has left in this process."""
        found: Prewarmed = proc.userdata[_PREWARMED]
        return found


@dataclass(frozen=True, slots=True)
class Ears:
    """Holds what hears one caller."""

    recogniser: stt.STT[Any]
    voice_detector: vad.VAD
    detector: EvidenceTurnDetector | None
    """Tells the end of a turn; None where the framework does."""


_AFTER_CALL = "after_call"
_PREWARMED = "prewarmed"  # the framework hands on a dict, and nothing else


def prewarm(proc: JobProcess, budget_address: str, load_address: str) -> None:
    """Prepare a call's process before it has a call.

    Args:
        proc: Where what is ready is left.
        budget_address: Where whoever keeps the budgets listens.
        load_address: Where the worker's parent hears how this process fares.
    """
    ignore_handover_signal()
    settings = load_settings()
    model = build_llm(settings.llm, settings.openai)
    warm(model)
    if settings.consent.rules.opening:
        read_answer("yes")  # reads the lists of eleven languages, and not while a caller waits
    if settings.records.records_words or settings.outcome.is_on:
        know_number_words()
    proc.userdata[_PREWARMED] = Prewarmed(
        settings=settings,
        vad=build_vad(settings.turns),
        llm=model,
        phrases=phrases_of(settings.call, settings.consent, settings.tools),
        instructions=instructions(settings.call),
        prices=PriceTable.load(settings.money),
        outcome=maker_of(settings) if settings.outcome.is_on else None,
        telemetry=telemetry_of(settings) if settings.telemetry.is_on else None,
        budget_address=budget_address,
        load_address=load_address,
    )


def telemetry_of(settings: Settings) -> Telemetry | None:
    """Build what makes this process's spans and measurements."""
    from worker.telemetry.call_spans import TraceOfCall
    from worker.telemetry.in_call import set_up_telemetry

    def trace_of(ctx: JobContext) -> TraceOfCall:
        succession = succession_of(ctx, settings)
        parent = read_traceparent(first_ticket(ctx, succession).traceparent)
        return TraceOfCall(parent, id_of_call(ctx.job.room.sid, succession))

    return set_up_telemetry(settings, trace_of)


def maker_of(settings: Settings) -> OutcomeMaker | None:
    """Build what writes outcomes; None, told in one line, where the schema has gone since the start."""
    from worker.outcome.building import maker_of
    from worker.outcome.schema import BadSchema

    try:
        return maker_of(settings)
    except BadSchema as error:
        log.error("no outcomes are written", extra={"why": str(error)})
        return None


def instructions(settings: CallSettings) -> str:
    """Read the system prompt: one's own file, or the built-in one."""
    if settings.instructions_file:
        return settings.instructions_file.read_text(encoding="utf-8")
    return files("worker.conversation").joinpath("data/instructions.md").read_text(encoding="utf-8")


async def entrypoint(ctx: JobContext) -> None:
    """Take one call. Whatever goes wrong in here ends the call for the caller too, and is logged as a failure."""
    ctx.log_context_fields = {"job_id": ctx.job.id}
    # Before anything can fail: of a call that never has a session the framework would upload the log.
    ctx.init_recording(NOTHING_IS_UPLOADED)
    try:
        await take_call(ctx)
    except Exception:
        # The framework would report success and leave the caller alone in a silent room.
        log.exception(log_events.CALL_FAILED)
        exit_with(FAILED)
        await say_sorry(ctx)
        await ctx.delete_room()
        ctx.shutdown(reason="entrypoint failed")


async def say_sorry(ctx: JobContext) -> None:
    """Apologise to the caller of a call that could not be built, if anything can be said at all."""
    try:
        ready = Prewarmed.of(ctx.proc)
        settings, language = ready.settings, ready.settings.call.default_language
        voice = SarvamVoice(build_tts(settings.tts, settings.sarvam, language), settings.tts, settings.sarvam)
        audio = PhraseAudio(settings.call.phrase_cache_dir, voice)
        await apologise(ctx, ready.phrases, audio, language)
    except Exception as error:
        log.warning("no apology could be spoken", extra={"why": f"{type(error).__name__}: {error}"})


async def take_call(ctx: JobContext) -> None:
    """Build the session for one call and start it."""
    ready = Prewarmed.of(ctx.proc)
    settings = ready.settings
    http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=settings.tools.tool_seconds))
    ctx.add_shutdown_callback(http.close)
    refused = refusal(ctx)
    if refused is not None:
        step_behind_calls()
    speaker = build_tts(settings.tts, settings.sarvam, settings.call.default_language)
    voice = SarvamVoice(speaker, settings.tts, settings.sarvam)
    ears = ears_of(ctx, ready)
    session = only_speaks(ready, speaker) if ears is None else session_of(ready, ears, speaker)
    parts = CallParts(
        settings=settings.call,
        phone=settings.phone,
        retry=settings.retry,
        log_pii=settings.may_log_words,
        phrases=ready.phrases,
        phrase_audio=PhraseAudio(settings.call.phrase_cache_dir, voice),
        voice=voice,
        evidence=None if ears is None else ears.detector,
        by_request=None if ears is None else by_request(ears.recogniser, settings.stt.request_seconds),
        price=ready.prices.bill,
        usage=usage_of(ctx, settings),
        handoff=handoff(ctx, session, settings),
        ticket=read_ticket(ctx.job.metadata),
        errand=errand_of(ctx, succession_of(ctx, settings)),
        record=begun_record(ctx, settings),
        consent=consent_parts(ctx, settings),
        sound=sound_parts(ctx, settings),
        budget=budget_parts(ctx, ready),
        warm=warm_parts(ready),
        earlier_language=partial(spoken_before, settings.records.records_url),
    )
    call = Call(ctx, session, parts)
    call.opening.refused = refused
    if ears is not None and isinstance(ears.voice_detector, JudgedVAD):
        ears.voice_detector.judge_while(
            lambda: session.agent_state in ("speaking", "thinking"), lambda: call.listening.hearing.voice_level.usual
        )
        call.listening.interrupted = ears.voice_detector.read_words
    session.userdata = ToolServices(call, settings.tools, http)
    call.reports.event(log_events.CALL_STARTED)
    agent = Assistant(call, ready.instructions, offered_tools(settings.tools, settings.tool_sources))
    follow_to_its_end(ctx, session, call, agent)
    await start(ctx, session, agent, room_options(call))


async def start(
    ctx: JobContext, session: AgentSession[Any], agent: Assistant, room_options: room_io.RoomOptions
) -> None:
    """Join the room and begin.

    The session hosts nobody: a host sends everybody in the room all words and tools' data, and runs what they send.
    """
    connecting = asyncio.create_task(connect(ctx, listens=bool(room_options.audio_input)))
    await session.start(
        agent=agent, room=ctx.room, room_options=room_options, record=NOTHING_IS_UPLOADED, session_host=False
    )
    await connecting


def ears_of(ctx: JobContext, ready: Prewarmed) -> Ears | None:
    """Build what hears the caller of a call; None for one that is refused, whom nobody listens to."""
    if refusal(ctx) is not None:
        return None
    settings = ready.settings
    return Ears(
        recogniser=build_stt(settings.stt, settings.sarvam),
        voice_detector=JudgedVAD(ready.vad) if settings.turns.barge_in == "words" else ready.vad,
        detector=end_of_turn(ctx, settings),
    )


def session_of(ready: Prewarmed, ears: Ears, speaker: tts.TTS[Any]) -> AgentSession[Any]:
    """Build the framework's session of one call."""
    settings = ready.settings
    return AgentSession(
        stt=ears.recogniser,
        llm=ready.llm,
        tts=speaker,
        vad=ears.voice_detector,
        turn_handling=turn_handling(settings.turns, ears.detector),
        tts_text_transforms=None,  # worker.spoken does it, and more
        aec_warmup_duration=settings.turns.echo_warmup_seconds,
        user_away_timeout=settings.call.silence_seconds,
        transcription_timeout=settings.retry.late_seconds,
        conn_options=connection_options(settings),
    )


def only_speaks(ready: Prewarmed, speaker: tts.TTS[Any]) -> AgentSession[Any]:
    """Build the session of a call that is refused: it says why, and hears nobody."""
    return AgentSession(
        tts=speaker,
        # The framework builds both for whoever leaves them out.
        vad=None,
        turn_handling=TurnHandlingOptions(turn_detection=None),
        tts_text_transforms=None,
        user_away_timeout=None,
        conn_options=connection_options(ready.settings),
    )


def usage_of(ctx: JobContext, settings: Settings) -> CallUsage:
    """Begin to count what this agent of the call will be billed for."""
    usage = CallUsage(recogniser=settings.stt.model, voice=settings.tts.model, model=settings.llm.model)
    if not ctx.is_fake_job():
        usage.joined(LIVEKIT_LINE)
    return usage


def room_options(call: Call) -> room_io.RoomOptions:
    """Say what is heard of a room. It is ended by the call: one that another agent carries on must not be."""
    listens = call.opening.refused is None
    hears = room_io.AudioInputOptions(sample_rate=INPUT_SAMPLE_RATE_HZ, noise_cancellation=call.phone.clean_sound)
    return room_io.RoomOptions(
        audio_input=hears if listens else False,
        text_input=listens,
        participant_kinds=list(CALLER_KINDS),
        delete_room_on_close=False,
    )


def follow_to_its_end(ctx: JobContext, session: AgentSession[Any], call: Call, agent: Assistant) -> None:
    """Have done what is due while the call lasts, when this agent leaves it, and when it is over."""
    ready = Prewarmed.of(ctx.proc)
    if call.opening.refused is None:  # whoever waits behind the calls is late, and they are not
        report_load(ctx, session)
    on_handover_signal(call.hand_over)
    ctx.add_shutdown_callback(call.put_away)
    if ready.telemetry is not None and not ctx.is_fake_job():
        ready.telemetry.follow(ctx, call.reports, id_of_call(ctx.job.room.sid, succession_of(ctx, ready.settings)))
    write_outcome_at_end(ctx, call, agent)


def report_load(ctx: JobContext, session: AgentSession[Any]) -> None:
    """Tell the worker's parent how this process fares; a worker that is late has its calls begin no replies early."""
    ready = Prewarmed.of(ctx.proc)
    speculates = ready.settings.turns.speculation_tries > 0
    reporter = LoadReporter(
        ready.load_address, shed=lambda sheds: begin_replies_early(session, speculates and not sheds)
    )
    ctx.add_shutdown_callback(reporter.aclose)


def consent_parts(ctx: JobContext, settings: Settings) -> ConsentParts:
    """Build what the dialogue about keeping this call needs; nothing where nothing is said about it."""
    consent = settings.consent
    if not consent.rules.opening:
        return ConsentParts()
    outside = read_outside_consent("" if ctx.is_fake_job() else ctx.job.metadata)
    earlier = partial(decided_before, settings.records.records_url, consent.consent_days, consent.rules)
    return ConsentParts(consent.rules, notices(consent), outside.notice_language, outside.given, earlier)


def budget_parts(ctx: JobContext, ready: Prewarmed) -> BudgetParts | None:
    """Build what holds this call to the budgets; None where none is set, or nobody is called."""
    settings, limits = ready.settings, ready.settings.money.limits
    if not limits.are_set or ctx.is_fake_job() or refusal(ctx) is not None:
        return None
    succession = succession_of(ctx, settings)
    turns = Turns(settings.stt, settings.llm, settings.tts, settings.call, settings.turns, settings.outcome)
    return BudgetParts(
        limits,
        ready.budget_address,
        call=id_of_call(ctx.job.room.sid, succession),
        generation=0 if succession is None else succession.generation,
        caller=first_ticket(ctx, succession).caller,
        key=settings.livekit.api_secret.get_secret_value(),
        time_zone=settings.tools.time_zone,
        dearest_turn=turns.dearest_rupees(ready.prices.bill),
        usual_turn=turns.usual_rupees(ready.prices.bill),
        afterwards=turns.outcome_rupees(ready.prices.bill),
        is_outbound=errand_of(ctx, succession) is not None,
    )


def warm_parts(ready: Prewarmed) -> WarmParts | None:
    """Build what a colleague is asked with before a caller is put through; None where nobody is asked."""
    settings = ready.settings
    if not settings.tools.transfer_trunk:
        return None
    language = settings.tools.transfer_language or settings.call.default_language

    def speech() -> EarsAndVoice:
        speaker = build_tts(settings.tts, settings.sarvam, language)
        voice = SarvamVoice(speaker, settings.tts, settings.sarvam)
        session: AgentSession[Any] = AgentSession(
            stt=build_stt(settings.stt, settings.sarvam),
            tts=speaker,
            vad=ready.vad,
            turn_handling=TurnHandlingOptions(
                turn_detection="vad", interruption={"mode": "vad", "discard_audio_if_uninterruptible": False}
            ),
            tts_text_transforms=None,
            user_away_timeout=None,
            conn_options=connection_options(settings),
        )
        return EarsAndVoice(session, voice, ready.phrases, PhraseAudio(settings.call.phrase_cache_dir, voice), language)

    return WarmParts(settings.tools.transfer_trunk, language, speech)


def end_of_turn(ctx: JobContext, settings: Settings) -> EvidenceTurnDetector | None:
    """Build our own detector, where WORKER_TURN_DETECTOR is `vaani`."""
    if settings.turns.turn_detector != "vaani":
        return None
    policy = wait_policy(settings.turns, settings.stt)
    telemetry = Prewarmed.of(ctx.proc).telemetry
    return EvidenceTurnDetector(
        policy=policy,
        ask_sound=ask_sound(ctx, settings.turns),
        decided=telemetry.turn_decided if telemetry is not None else None,
    )


def ask_sound(ctx: JobContext, settings: TurnSettings) -> AskModel | None:
    """Return what asks the worker's shared model about a pause, beside the call; None where it goes by words alone."""
    if not hears_sound(settings):
        return None
    models = ctx.inference_executor

    async def ask(samples: bytes) -> float:
        return probability_of(await models.do_inference(SoundRunner.INFERENCE_METHOD, samples))

    return ask


def write_outcome_at_end(ctx: JobContext, call: Call, agent: Assistant) -> None:
    """Have what the call came to written when it is over, where outcomes are on."""
    ready = Prewarmed.of(ctx.proc)
    if ready.outcome is None:
        return
    from worker.outcome.after_call import AfterCall

    ctx.proc.userdata[_AFTER_CALL] = AfterCall(
        ready.outcome,
        call.reports.record,
        spoken=lambda: agent.chat_ctx,
        before=lambda: call.history.summary,
        tools=[tool.info.name for tool in agent.tools if isinstance(tool, llm.FunctionTool | llm.RawFunctionTool)],
        keeps_text=ready.settings.outcome.outcome_words,
        tells=ready.settings.outcome.outcome_webhook_url is not None,
        used=call.reports.usage.besides,
        follows=succession_of(ctx, ready.settings) is not None and refusal(ctx) is None,
    )


def sound_parts(ctx: JobContext, settings: Settings) -> SoundParts | None:
    """Say where the sound of this call is kept; None where none is."""
    if settings.consent.record == "off" or ctx.is_fake_job() or refusal(ctx) is not None:
        return None
    succession = succession_of(ctx, settings)
    generation = 0 if succession is None else succession.generation
    return SoundParts(settings.consent.recordings_url, id_of_call(ctx.job.room.sid, succession), generation)


async def connect(ctx: JobContext, *, listens: bool) -> None:
    """Join the room before the session does so by itself: it would have every track of everybody sent here."""
    if ctx.is_fake_job():
        return
    microphone = OneMicrophone(ctx.room) if listens else None
    await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    if microphone is not None:
        microphone.choose()


def refusal(ctx: JobContext) -> str | None:
    """Return why this call is refused, as admission has decided; None for one that is taken."""
    attributes = ctx.token_claims().attributes or {}
    return "busy" if attributes.get(BUSY_ATTRIBUTE) else attributes.get(REFUSED_ATTRIBUTE)


def succession_of(ctx: JobContext, settings: Settings) -> Succession | None:
    """Return why this agent follows another one; None for the first of a call."""
    if ctx.is_fake_job():
        return None
    return Seal(settings.livekit.api_secret.get_secret_value()).open_succession(ctx.job.metadata, ctx.room.name)


def first_ticket(ctx: JobContext, succession: Succession | None) -> Ticket:
    """Return the ticket that the call began with, maybe with another agent; one that says nothing where it had none."""
    return succession.ticket if succession is not None else read_ticket(ctx.job.metadata) or Ticket(0.0)


def errand_of(ctx: JobContext, succession: Succession | None) -> Errand | None:
    """Return what an outbound call is for, maybe begun by another agent; None for every other call."""
    return read_errand(succession.first_metadata if succession is not None else ctx.job.metadata)


def begun_record(ctx: JobContext, settings: Settings) -> CallRecord:
    """Begin the call's record, or go on with the one that another agent has begun."""
    if ctx.is_fake_job() or not settings.records.records_url:
        return CallRecord(None)
    succession, job = succession_of(ctx, settings), ctx.job
    key, refused = settings.livekit.api_secret.get_secret_value(), refusal(ctx) is not None
    record = record_of_call(settings.records, job.room.sid, job.id, succession, refused=refused, key=key)
    if Purpose.WORDS in settings.consent.rules.opening:
        record.may_keep_words = lambda: False  # nothing has been said about it yet
    record.begin(job.room.name, None if refused else succession, first_ticket(ctx, succession).caller)
    return record


def handoff(ctx: JobContext, session: AgentSession[Any], settings: Settings) -> Handoff:
    """Build what carries this call across agents; the dispatch says if there was one before."""
    call, failover, successor = settings.call, settings.failover, settings.successor_agent_name
    if ctx.is_fake_job():
        return Handoff(ctx, session, None, call, failover, successor)
    seal = Seal(settings.livekit.api_secret.get_secret_value())
    succession = succession_of(ctx, settings)
    if succession is not None and succession.reason == "handover":
        session.input.set_audio_enabled(False)  # the agent before still listens
    call_id = id_of_call(ctx.job.room.sid, succession)
    return Handoff(ctx, session, Rooms(ctx.api, seal), call, failover, successor, succession, call_id)


def connection_options(settings: Settings) -> SessionConnectOptions:
    """Allow one try per attempt: worker.reply.retry retries, and talks to the caller meanwhile.

    However many fail, the framework does not close the session over it, which it would do in silence.
    """
    return SessionConnectOptions(
        max_unrecoverable_errors=sys.maxsize,
        stt_conn_options=APIConnectOptions(max_retry=0, timeout=settings.stt.connect_seconds),
        llm_conn_options=APIConnectOptions(max_retry=0, timeout=settings.llm.first_token_seconds),
        tts_conn_options=APIConnectOptions(max_retry=0, timeout=settings.tts.first_byte_seconds),
    )


async def on_session_end(ctx: JobContext) -> None:
    """Write what the call came to, and log its report, for operators."""
    if (after := ctx.proc.userdata.get(_AFTER_CALL)) is not None:
        await after.finish()
    try:
        report = ctx.make_session_report()
    except RuntimeError:
        return  # there was no session: the entrypoint has logged why
    content = report.to_dict()
    log.info(
        log_events.CALL_REPORT,
        extra={"close_reason": content.get("close_reason"), "duration_ms": content.get("duration_ms")},
    )
