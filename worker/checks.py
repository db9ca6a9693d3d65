"""Finds settings that are each right but do not go together: at start, and not in a call."""

from __future__ import annotations

import importlib.util
import os
from zoneinfo import ZoneInfo

from worker.budget.checks import budget_problems
from worker.consent.notices import Notices
from worker.consent.rules import Mode, Purpose
from worker.conversation.phrases import Phrases
from worker.end_of_turn import DEFAULT_POLICY
from worker.end_of_turn.wait_policy import wait_policy
from worker.outcome.checks import outcome_problems
from worker.providers.prices import price_of
from worker.providers.sarvam_voices import languages_without_a_voice, voice_problems
from worker.record.checks import record_problems
from worker.recording.shelf import folder_of
from worker.settings import ConsentSettings, Settings, SttSettings


def setting_problems(settings: Settings, *, ask_the_database: bool = True) -> list[str]:
    """Return what is wrong, one sentence each, naming the variable and the mend.

    Args:
        ask_the_database: Also bring its schema up to this release's, as a worker's start does.
    """
    problems = voice_problems(settings.tts) + languages_without_a_voice(settings.tts)
    if problem := _keyterms_problem(settings.stt):
        problems.append(problem)
    try:
        ZoneInfo(settings.tools.time_zone)
    except (KeyError, ValueError, OSError):
        problems.append(f"WORKER_TIME_ZONE: {settings.tools.time_zone!r} is no IANA time zone, e.g. Asia/Kolkata")
    if settings.call.phrases_file:
        try:
            Phrases.load(settings.call.phrases_file)
        except ValueError as error:
            problems.append(str(error))
    try:
        Notices.load(settings.consent.rules, settings.consent.consent_notice_file)
    except ValueError as error:
        problems.append(str(error))
    problems += recording_problems(settings.consent)
    if settings.tools.transfer_trunk and not settings.tools.transfer_to:
        problems.append("WORKER_TRANSFER_TRUNK: needs WORKER_TRANSFER_TO, who is rung through it: tel:+91… or sip:…")
    try:
        problems += budget_problems(settings, price_of(settings.money))
    except ValueError as error:
        problems.append(str(error))
    if not settings.consent.rules.opening and settings.consent.mode is not Mode.NONE:
        problems.append("WORKER_CONSENT_PURPOSES: names neither words nor recording, so there is nothing to ask for")
    if settings.consent.mode is Mode.ANNOUNCED and Purpose.IMPROVEMENT in settings.consent.consent_purposes:
        problems.append("WORKER_CONSENT_PURPOSES: improvement can only be asked for: set WORKER_CONSENT=asked")
    if settings.tool_sources.tools_module and not _importable(settings.tool_sources.tools_module):
        problems.append(f"WORKER_TOOLS_MODULE: there is no module {settings.tool_sources.tools_module!r} on PYTHONPATH")
    problems += _turn_problems(settings)
    if settings.call.call_warning_seconds >= settings.call.max_call_seconds:
        problems.append("WORKER_CALL_WARNING_SECONDS must be below WORKER_MAX_CALL_SECONDS")
    if settings.telemetry.is_on:
        from worker.telemetry.checks import telemetry_problems

        problems += telemetry_problems(settings.telemetry)
    if ask_the_database:
        problems += record_problems(settings.records)
    return problems + outcome_problems(settings.outcome, settings.records)


def _turn_problems(settings: Settings) -> list[str]:
    """Return which waits for the end of a turn do not go together."""
    problems = []
    if settings.turns.min_endpointing_seconds > settings.turns.max_endpointing_seconds:
        problems.append("WORKER_MIN_ENDPOINTING_SECONDS must not be above WORKER_MAX_ENDPOINTING_SECONDS")
    try:
        wait_policy(settings.turns, settings.stt)
    except ValueError:
        problems.append(
            "WORKER_TURN_SURE_SECONDS must not be above WORKER_TURN_FINISHED_SECONDS, that not above "
            "WORKER_TURN_UNCLEAR_SECONDS, nor that above "
            f"WORKER_TURN_UNFINISHED_SECONDS, nor that above {DEFAULT_POLICY.most_seconds:g}"
        )
    return problems


def _keyterms_problem(settings: SttSettings) -> str | None:
    """Return why WORKER_KEYTERMS cannot reach this recogniser, in a sentence; None when they can."""
    if not settings.keyterms or settings.model != "saaras:v3":
        return None
    return "WORKER_KEYTERMS: saaras:v3 (STT_MODEL) takes none; saaras:v4 and both realtime recognisers do"


def recording_problems(settings: ConsentSettings) -> list[str]:
    """Return why no recording could be kept where the settings say."""
    if settings.record == "off":
        return []
    if not settings.recordings_url:
        return ["WORKER_RECORDINGS_URL: WORKER_RECORD=on needs it: file:///folder, gs://bucket or s3://bucket"]
    if (folder := folder_of(settings.recordings_url)) is not None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            return [
                f"WORKER_RECORDINGS_URL: {folder} cannot be made: {error.strerror}. Name a folder that can be written"
            ]
        if not os.access(folder, os.W_OK | os.X_OK):
            return [f"WORKER_RECORDINGS_URL: nothing can be written to {folder}. Give user {os.getuid()} the right to"]
    return []


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
