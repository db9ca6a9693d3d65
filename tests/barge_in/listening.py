"""The product's own listening in a session of which nothing else of a call is there."""

from types import SimpleNamespace

from livekit.agents import stt

from worker.conversation.listening import Listening


def listening_of(session):
    hearing = SimpleNamespace(understood=nothing, caller_spoke=nothing, close=nothing)
    languages = SimpleNamespace(forget_claims=nothing, hear=nothing)
    reports = SimpleNamespace(recognised_by=nothing, claimed=nothing, event=nothing)
    speaker, ending = SimpleNamespace(language_heard="hi-IN"), SimpleNamespace(begun=False)
    return Listening(session, hearing, None, languages, reports, speaker, ending)


def nothing(*_):
    """The rest of a call."""


def interim(words):
    return event(stt.SpeechEventType.INTERIM_TRANSCRIPT, words)


def final(words):
    return event(stt.SpeechEventType.FINAL_TRANSCRIPT, words)


def event(kind, words):
    return stt.SpeechEvent(type=kind, alternatives=[stt.SpeechData(language="hi-IN", text=words, confidence=0.9)])
