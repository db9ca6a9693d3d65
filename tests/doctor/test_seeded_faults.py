"""Each fault of a deployment is found by one check, which names it and says what to do; the others go on."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from unittest.mock import patch

import pytest
from standardwebhooks import Webhook

from doctor import language_model, sarvam
from doctor.checking import Verdict, chosen
from doctor.checks import CHECKS
from doctor.surroundings import CallSeen
from records import addresses
from tests.doctor.deployment import WEBHOOK_SECRET, WELL, Deployment, bad_tls_port, minted, mute_port, stand_ins
from tests.doctor.fake_livekit import SECRET, FakeLiveKit

pytestmark = pytest.mark.timeout(400)  # all deployments are examined in one fixture: half a minute on a quiet machine
AT_ONCE = 6
PATIENT = [replace(check, seconds=check.seconds * 3) for check in CHECKS]
# Faults of time are held to limits that a busy machine keeps: the real ones are 2.0 s, 1.5 s and 2.0 s.
SLOW = {"stt": 6.0, "voices": 2.0, "llm": 6.0}


@dataclass(frozen=True)
class Seed:
    """A fault, the check that must find it, and what must be said: words of what was seen or of what to do."""

    name: str
    check: str
    says: tuple[str, ...]
    seed: Callable[[Deployment], object]
    waits: bool = False
    """Whether finding it is seconds of waiting: such a one does not keep others from their turn."""


def sets(**environ):
    return lambda deployment: deployment.environ.update(environ)


def closed(variable, path=""):
    """Nothing listens at port 1."""
    scheme = {"LIVEKIT_URL": "ws"}.get(variable, "http")
    return sets(**{variable: f"{scheme}://127.0.0.1:1{path}"})


def attributes(**values):
    def seed(deployment):
        for name, value in values.items():
            setattr(deployment, name, value)

    return seed


def livekit(**values):
    def seed(deployment):
        for name, value in values.items():
            setattr(deployment.livekit, name, value)

    return seed


def faulty(provider, name, **more):
    return lambda deployment: deployment.fault(provider, name, **more)


def moved(**catalogue):
    return lambda deployment: deployment.moves(**catalogue)


def newer_schema(deployment):
    import sqlite3

    file = deployment.folder / f"{deployment.key}-newer.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    deployment.environ["WORKER_RECORDS_URL"] = f"sqlite+aiosqlite:///{file}"


def no_database(deployment):
    file = deployment.folder / f"{deployment.key}-text.db"
    file.write_text("this is no database" * 100)
    deployment.environ["WORKER_RECORDS_URL"] = f"sqlite+aiosqlite:///{file}"


NOBODY = CallSeen(connected=True, transport="udp")
SEEDS = [
    Seed("a name without an address", "dns", ("no-such-project.livekit.cloud", "LIVEKIT_URL"), lambda d: (
        sets(LIVEKIT_URL="wss://no-such-project.livekit.cloud")(d),
        attributes(nameless=("no-such-project.livekit.cloud",))(d),
        attributes(token_says={"server_url": "wss://no-such-project.livekit.cloud"})(d))),
    Seed("a resolver that hangs", "dns", ("slow.example.in", "getent"), lambda d: (
        sets(WORKER_OUTCOME_WEBHOOK_URL="https://slow.example.in/h")(d),
        attributes(hanging=("slow.example.in",))(d)), waits=True),
    Seed("a clock behind", "clock", ("behind", "NTP"), attributes(clock_ahead_seconds=-120.0)),
    Seed("a clock ahead", "clock", ("ahead", "NTP"), attributes(clock_ahead_seconds=200.0)),
    Seed("LiveKit down", "livekit", ("LIVEKIT_URL", "Nothing listens"), lambda d: (
        closed("LIVEKIT_URL")(d), attributes(token_says={"server_url": "ws://127.0.0.1:1"})(d))),
    Seed("a wrong LiveKit key", "livekit", ("LIVEKIT_API_KEY", "pair"), livekit(key="another")),
    Seed("a wrong LiveKit secret", "livekit", ("LIVEKIT_API_SECRET is not its secret",), livekit(secret="x" * 40)),
    Seed("LiveKit too old", "livekit", ("1.7.2", "Upgrade"), livekit(version="1.7.2")),
    Seed("a web page at LIVEKIT_URL", "livekit", ("no LiveKit server",), livekit(is_a_web_page=True)),
    Seed("a proxy without WebSockets", "livekit", ("/agent", "proxy"), livekit(lets_workers_register=False)),
    Seed("a certificate nobody trusts", "livekit", ("TLS fails", "certificate"), lambda d: (
        sets(LIVEKIT_URL=f"wss://127.0.0.1:{d.bad_tls}")(d),
        attributes(token_says={"server_url": f"wss://127.0.0.1:{d.bad_tls}"})(d))),
    Seed("LiveKit takes connections and is mute", "livekit", ("does not answer", "firewall"), lambda d: (
        sets(LIVEKIT_URL=f"ws://127.0.0.1:{d.mute}")(d),
        attributes(token_says={"server_url": f"ws://127.0.0.1:{d.mute}"})(d)), waits=True),
    Seed("LiveKit hands out no jobs", "recording", ("no job", "Redis"), livekit(hands_out_jobs=False), waits=True),
    Seed("no media at all", "udp", ("ICE fails", "firewall"), attributes(call=CallSeen(connected=False))),
    Seed("media over TCP only", "udp", ("UDP is blocked", "firewall"), attributes(
        call=CallSeen(connected=True, transport="tcp", agent_seconds=0.4, greeting_seconds=0.6))),
    Seed("no worker", "dispatch", ("no worker runs as AGENT_NAME=vaani", "make dev"), attributes(call=NOBODY)),
    Seed("a worker under another name", "dispatch", ("AGENT_NAME=bakery", "same AGENT_NAME"), attributes(
        call=NOBODY, health={"status": "ok", "agent_name": "bakery"})),
    Seed("a worker that has lost LiveKit", "dispatch", ("connecting", "wrong key"), attributes(
        call=NOBODY, health={"status": "connecting", "agent_name": "vaani", "why": "wrong key"})),
    Seed("a worker at another project", "dispatch", ("another LiveKit project",), attributes(
        call=NOBODY, health={"status": "ok", "agent_name": "vaani"})),
    Seed("a worker that is silent", "dispatch", ("silent", "voice fails"), attributes(
        call=CallSeen(connected=True, transport="udp", agent_seconds=0.4))),
    Seed("a wrong Sarvam key", "sarvam", ("SARVAM_API_KEY",), sets(SARVAM_API_KEY="invalid")),
    Seed("Sarvam refuses so many requests", "sarvam", ("too many requests", "plan"), faulty("tts", "rate_limited")),
    Seed("Sarvam's credit is used up", "sarvam", ("out of credit", "Add credit"), faulty("tts", "out_of_credit")),
    Seed("Sarvam has an error", "sarvam", ("HTTP 500", "status page"), faulty("tts", "server_error")),
    Seed("SARVAM_BASE_URL leads elsewhere", "sarvam", ("SARVAM_BASE_URL",), lambda d: (
        sets(SARVAM_BASE_URL=f"{d.sandbox_url}/orders")(d))),
    Seed("Sarvam cannot be reached", "sarvam", ("SARVAM_BASE_URL", "Nothing listens"), closed("SARVAM_BASE_URL")),
    Seed("Sarvam is mute", "sarvam", ("SARVAM_BASE_URL", "does not answer"), lambda d: (
        sets(SARVAM_BASE_URL=f"http://127.0.0.1:{d.mute}")(d)), waits=True),
    Seed("Sarvam has a certificate nobody trusts", "sarvam", ("TLS fails", "SARVAM_BASE_URL"), lambda d: (
        sets(SARVAM_BASE_URL=f"https://127.0.0.1:{d.bad_tls}")(d))),
    Seed("the voice alone is elsewhere", "sarvam", ("TTS_BASE_URL", "Nothing listens"), closed("TTS_BASE_URL")),
    Seed("the recogniser alone is elsewhere", "stt", ("STT_BASE_URL",), closed("STT_BASE_URL")),
    Seed("the recogniser is mute", "stt", ("STT_BASE_URL", "does not answer"), lambda d: (
        sets(STT_CONNECT_SECONDS="1", STT_BASE_URL=f"http://127.0.0.1:{d.mute}")(d)), waits=True),
    Seed("the recogniser is retired", "stt", ("saaras:v4", "STT_MODEL"), moved(retired=["saaras:v4"])),
    Seed("the streaming recogniser is retired", "stt", ("STT_MODEL",), lambda d: (
        sets(STT_MODEL="saaras:v3-realtime")(d), d.moves(retired=["saaras:v3-realtime"]))),
    Seed("the recogniser's credit is used up", "stt", ("out of credit",), faulty("stt", "out_of_credit")),
    Seed("the recogniser hears nothing", "stt", ("says nothing",), faulty("stt", "no_final"), waits=True),
    Seed("the recogniser closes", "stt", ("saaras:v4",), faulty("stt", "close_1011")),
    Seed("the recogniser is slow", "stt", ("slow", "the bench assumes 0.45 s"), lambda d: (
        d.slow(stt_final_seconds=SLOW["stt"] + 1)), waits=True),
    Seed("a voice has another name", "voices", ("ta-IN (kavitha)", "TTS_VOICES"), moved(
        renamed_voices={"kavitha": "kavitha2"})),
    Seed("the voice model is retired", "voices", ("bulbul:v3", "TTS_MODEL"), moved(retired=["bulbul:v3"])),
    Seed("the voice hangs", "voices", ("says nothing",), lambda d: (
        sets(TTS_FIRST_BYTE_SECONDS="0.5")(d), d.fault("tts", "hang", phase="stream")), waits=True),
    Seed("the voice is slow", "voices", ("slow", "the bench assumes 0.20 s"), lambda d: (
        d.slow(tts_first_byte_seconds=SLOW["voices"] + 0.2)), waits=True),
    Seed("the voice gives no sound", "voices", ("no sound",), faulty("tts", "empty", phase="stream")),
    Seed("a wrong OpenAI key", "llm", ("OPENAI_API_KEY",), sets(OPENAI_API_KEY="invalid")),
    Seed("the model is retired", "llm", ("gpt-6-luna (of LLM_MODEL)", "gpt-5"), moved(retired=["gpt-6-luna"])),
    Seed("the fallback model is retired", "llm", ("LLM_FALLBACK_MODEL",), lambda d: (
        sets(LLM_FALLBACK_MODEL="gpt-4o-mini")(d), d.moves(retired=["gpt-4o-mini"]))),
    Seed("OpenAI has an error", "llm", ("HTTP 500", "status page"), faulty("llm", "server_error")),
    Seed("OpenAI's credit is used up", "llm", ("out of credit", "Add credit"), faulty("llm", "out_of_credit")),
    Seed("OpenAI refuses so many requests", "llm", ("too many requests",), faulty("llm", "rate_limited")),
    Seed("the model hangs", "llm", ("not said a word", "LLM_FALLBACK_MODEL"), lambda d: (
        sets(LLM_FIRST_TOKEN_SECONDS="1")(d), d.fault("llm", "hang")), waits=True),
    Seed("the model is slow", "llm", ("slow", "the bench assumes 0.30 s"), lambda d: (
        sets(LLM_FIRST_TOKEN_SECONDS="20")(d), d.slow(llm_first_token_seconds=SLOW["llm"] + 0.5)), waits=True),
    Seed("the model says nothing", "llm", ("without a word", "LLM_REASONING_EFFORT"), faulty("llm", "empty")),
    Seed("OPENAI_BASE_URL leads elsewhere", "llm", ("OPENAI_BASE_URL", "/v1"), lambda d: (
        sets(OPENAI_BASE_URL=f"{d.sandbox_url}/nowhere")(d))),
    Seed("OpenAI cannot be reached", "llm", ("OPENAI_BASE_URL", "Nothing listens"), closed("OPENAI_BASE_URL", "/v1")),
    Seed("OpenAI has a certificate nobody trusts", "llm", ("TLS fails", "OPENAI_BASE_URL"), lambda d: (
        sets(OPENAI_BASE_URL=f"https://127.0.0.1:{d.bad_tls}/v1")(d))),
    Seed("OpenAI is mute", "llm", ("not said a word",), lambda d: (
        sets(LLM_FIRST_TOKEN_SECONDS="1", OPENAI_BASE_URL=f"http://127.0.0.1:{d.mute}/v1")(d)), waits=True),
    Seed("the token endpoint refuses", "token", ("401", "CALL_BEARER"), attributes(token_status=401)),
    Seed("the token endpoint is down", "token", ("CALL_TOKEN_URL", "Nothing listens"), closed("CALL_TOKEN_URL")),
    Seed("the token endpoint asks for another agent", "token", ("AGENT_NAME=bakery", "same AGENT_NAME"), attributes(
        token_says={"participant_token": minted(agent="bakery")})),
    Seed("the token endpoint signs with another secret", "token", ("another secret",), attributes(
        token_says={"participant_token": minted(secret="y" * 40)})),
    Seed("the token endpoint has another key", "token", ("another key",), attributes(
        token_says={"participant_token": minted(key="other")})),
    Seed("the token endpoint sends callers elsewhere", "token", ("same LIVEKIT_URL",), attributes(
        token_says={"server_url": "wss://other.livekit.cloud"})),
    Seed("the token endpoint is something else", "token", ("CALL_TOKEN_URL",), lambda d: (
        sets(CALL_TOKEN_URL="http://127.0.0.1:{operator}/nowhere")(d))),
    Seed("the database is gone", "records", ("WORKER_RECORDS_URL", "Start the database"), sets(
        WORKER_RECORDS_URL="postgresql+asyncpg://vaani:hunter22@127.0.0.1:1/vaani")),
    Seed("the token endpoint is mute", "token", ("CALL_TOKEN_URL", "does not answer"), lambda d: (
        sets(CALL_TOKEN_URL=f"http://127.0.0.1:{d.mute}")(d)), waits=True),
    Seed("the database is mute", "records", ("WORKER_RECORDS_URL",), lambda d: (
        sets(WORKER_RECORDS_URL=f"postgresql+asyncpg://vaani:hunter22@127.0.0.1:{d.mute}/vaani")(d)), waits=True),
    Seed("the database is none", "records", ("not a database",), no_database),
    Seed("the database is newer", "records", ("9999", "newer"), newer_schema),
    Seed("no webhook at this path", "webhook", ("404", "WORKER_OUTCOME_WEBHOOK_URL"), attributes(webhook_status=404)),
    Seed("the webhook's receiver is down", "webhook", ("Nothing listens",), closed("WORKER_OUTCOME_WEBHOOK_URL", "/h")),
    Seed("the webhook's receiver is mute", "webhook", ("does not answer",), lambda d: (
        sets(WORKER_OUTCOME_WEBHOOK_URL=f"http://127.0.0.1:{d.mute}/hook")(d)), waits=True),
    Seed("the webhook has moved", "webhook", ("308", "redirects"), attributes(webhook_status=308)),
    Seed("the webhook's name is private", "webhook", ("private address", "WORKER_OUTCOME_WEBHOOK_INSECURE"), sets(
        WORKER_OUTCOME_WEBHOOK_URL="https://hooks.example.in/h", WORKER_OUTCOME_WEBHOOK_INSECURE="false")),
]  # fmt: skip


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    """All deployments, examined side by side: by the fault's name, or `well`, the results by the check's name."""

    async def private(self, host, port=0, family=0):
        return [{"hostname": host, "host": "10.0.0.7", "port": port, "family": family, "proto": 0, "flags": 0}]

    async def examine_all():
        results, places = {}, asyncio.Semaphore(AT_ONCE)
        folder = tmp_path_factory.mktemp("deployments")
        async with stand_ins(folder) as (url, scopes), AsyncExitStack() as stack:
            ports = {"bad_tls": await bad_tls_port(stack), "mute": await mute_port(stack)}

            async def one(name, seed, waits=False):
                async with contextlib.nullcontext() if waits else places:
                    deployment = Deployment(url, scopes, folder, **ports)
                    seed(deployment)
                    results[name] = await deployment.examined(PATIENT)

            seeds = (one(each.name, each.seed, each.waits) for each in SEEDS)
            await asyncio.gather(one("well", lambda _: None), *seeds)
        return results

    with (
        patch.object(sarvam, "SLOWEST_FINAL_SECONDS", SLOW["stt"]),
        patch.object(sarvam, "SLOWEST_VOICE_SECONDS", SLOW["voices"]),
        patch.object(language_model, "SLOWEST_TOKEN_SECONDS", SLOW["llm"]),
        patch.object(sarvam, "ONE_TRY_SECONDS", SLOW["stt"] + 2),
        patch.object(sarvam, "SAMPLE_TEXT", "Yes"),
        patch.object(addresses.ThreadedResolver, "resolve", private),
    ):
        return asyncio.run(examine_all())


def wrong(results):
    return {name: (result.what, result.do) for name, result in results.items() if result.verdict is Verdict.WRONG}


def test_nothing_is_wrong_with_a_deployment_that_is_well(examined):
    assert wrong(examined["well"]) == {}
    assert {result.verdict for result in examined["well"].values()} == {Verdict.GOOD}
    assert list(examined["well"]) == [check.name for check in CHECKS]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_exactly_one_check_finds_a_fault_and_says_what_to_do(examined, seed):
    found = wrong(examined[seed.name])
    assert list(found) == [seed.check], found
    what, do = found[seed.check]
    assert do
    for words in seed.says:
        assert words in f"{what}; {do}"


def test_every_check_but_a_mere_distance_has_a_fault_that_it_finds():
    assert {seed.check for seed in SEEDS} == {check.name for check in CHECKS} - {"region"}
    assert len({seed.name for seed in SEEDS}) == len(SEEDS) >= 25


def test_no_secret_is_in_anything_that_is_told(examined):
    told = json.dumps([asdict(result) for results in examined.values() for result in results.values()])
    for secret in (SECRET, "sandbox-key-", WEBHOOK_SECRET, "hunter22", "eyJ"):
        assert secret not in told


async def test_fewer_key_terms_than_are_set_are_found(tmp_path):
    """By itself: what the plugin is told of key terms holds for the whole process."""
    async with stand_ins(tmp_path) as (url, scopes):
        deployment = Deployment(url, scopes, tmp_path, environ={"WORKER_KEYTERMS": "Vaani,Zyntu"})
        deployment.moves(keyterms_max=1)
        results = await deployment.examined(chosen(CHECKS, ["stt"]))
    assert list(results) == ["sarvam", "stt"]
    assert "keyterms takes up to 1 terms" in wrong(results)["stt"][0]


@pytest.mark.parametrize(
    "environ",
    [
        {"STT_MODEL": "saaras:v3-realtime", "LLM_FALLBACK_MODEL": "gpt-4o-mini", "WORKER_OUTCOME_MODEL": "gpt-6-sol"},
        {"STT_MODEL": "saaras:v4-realtime", "WORKER_KEYTERMS": "Vaani,Zyntu", "STT_LANGUAGE": "hi-IN"},
        {"STT_MODEL": "saaras:v3", "TTS_MODEL": "bulbul:v4-flash", "STT_LANGUAGE": "od-IN"},
    ],
)
async def test_nothing_is_wrong_with_any_model_that_may_be_chosen(tmp_path, environ):
    async with stand_ins(tmp_path) as (url, scopes):
        deployment = Deployment(url, scopes, tmp_path, environ=environ)
        results = await deployment.examined(chosen(PATIENT, ["stt", "voices", "llm"]))
    assert list(results) == ["sarvam", "stt", "voices", "llm"]
    assert [what for what, _ in wrong(results).values() if "slow" not in what] == []


async def test_the_room_of_the_silent_call_is_removed_and_so_is_that_of_the_job(tmp_path):
    async with stand_ins(tmp_path) as (url, scopes):
        deployment = Deployment(url, scopes, tmp_path)
        results = await deployment.examined(chosen(PATIENT, ["recording", "dispatch"]))
    assert wrong(results) == {}
    assert len(deployment.livekit.deleted) == len(set(deployment.livekit.deleted)) == 2
    assert all(room.startswith("doctor-") for room in deployment.livekit.deleted)


async def test_a_project_that_records_is_said_to_and_is_no_fault(tmp_path):
    async with stand_ins(tmp_path) as (url, scopes):
        deployment = Deployment(url, scopes, tmp_path, livekit=FakeLiveKit(records=True))
        results = await deployment.examined(chosen(PATIENT, ["recording"]))
    assert results["recording"].figures == {"project_records": True}
    assert "switch is on" in results["recording"].what


@pytest.mark.parametrize("status", [204, 401])
async def test_a_signed_message_is_sent_to_the_webhook_only_where_it_was_asked_for(tmp_path, status):
    checks = chosen(PATIENT, ["webhook"])
    async with stand_ins(tmp_path) as (url, scopes):
        silent = Deployment(url, scopes, tmp_path)
        assert wrong(await silent.examined(checks)) == {}
        asked = Deployment(url, scopes, tmp_path, send_webhook=True, webhook_status=status)
        results = await asked.examined(checks)
    assert [method for method, _, _ in silent.hooked] == ["OPTIONS"]
    [(method, headers, body)] = asked.hooked
    assert method == "POST"
    assert Webhook(WEBHOOK_SECRET).verify(body, dict(headers)) == {"data": {}, "type": "doctor.test"}
    assert list(wrong(results)) == ([] if status == 204 else ["webhook"])
    if status == 401:
        assert "WORKER_OUTCOME_WEBHOOK_SECRET" in wrong(results)["webhook"][1]


def test_a_call_that_went_well_is_the_one_that_the_table_takes_for_well():
    assert (WELL.connected, WELL.transport) == (True, "udp")
