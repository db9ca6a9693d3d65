"""Declares everything the worker reads from its environment, and nothing else.

One class per group of settings that are used together; read by worker/environment.py, which reports all problems at
once. A variable's name is the class's prefix and the field's name.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, get_type_hints
from urllib.parse import unquote, urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from records.budgets import Limits
from records.errors import BadRecordsUrl
from records.retention import DEFAULT as DEFAULT_RETENTION
from records.retention import read_retention
from records.url import read_url
from worker.consent.rules import ConsentRules, Mode, Purpose
from worker.lang import lacking_parts
from worker.languages import LANGUAGES, SUPPORTED, known_code
from worker.text.phone_numbers import e164

# docs.sarvam.ai, "Keyterm Prompting", 2026-09-22.
KEYTERMS_MAX = 50
KEYTERM_CHARS_MAX = 64
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
STT_LANGUAGES = ("unknown", *SUPPORTED)
NUMBER_KINDS = ("card", "cvv", "pin", "otp", "aadhaar", "pan", "account", "phone")
"""What records.masking.Kind lists; written out, because a worker that keeps nothing loads nothing of it."""


def _http_address(value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http:// on loopback)")
    return value.rstrip("/") if value else value


@dataclass(frozen=True, slots=True)
class DatedFigure:
    """A figure of the operator's own, and the day it is of: `92.0@2026-10-01`."""

    figure: float
    read_on: date | None = None

    def __str__(self) -> str:
        return f"{self.figure:g}" + (f"@{self.read_on}" if self.read_on else "")


def _dated(value: object) -> object:
    """`0.55@2026-11-29` as a figure and its day, which may be left out."""
    if not isinstance(value, str):
        return value
    figure, at, day = value.partition("@")
    try:
        return DatedFigure(_amount(figure), date.fromisoformat(day) if at else None)
    except ValueError:
        raise ValueError(f"{value!r} is no figure with its day, such as 0.55@2026-11-29") from None


def _amount(text: str) -> float:
    amount = float(text)
    if not 0 <= amount < math.inf:
        raise ValueError
    return amount


Dated = Annotated[DatedFigure, BeforeValidator(_dated)]


class McpServer(BaseModel):
    """One MCP server whose tools the agent may use: an address or a command, not both."""

    name: str = Field(min_length=1)
    url: str | None = None
    command: list[str] | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)

    @field_validator("command", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return value.split() if isinstance(value, str) else value

    def model_post_init(self, _: object) -> None:
        if (self.url is None) == (self.command is None):
            raise ValueError(f"server {self.name!r} needs either url or command")


def _listed(value: object) -> object:
    """`a, b, c`, or `@file` with an entry a line and `#` before remarks, as a list of entries."""
    if not isinstance(value, str):
        return value
    if not value.startswith("@"):
        return [entry for part in value.split(",") if (entry := part.strip())]
    try:
        lines = Path(value[1:]).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the file {value[1:]!r} cannot be read as UTF-8 text ({type(error).__name__})") from None
    return [entry for line in lines if (entry := line.strip()) and not entry.startswith("#")]


def _is_supported(value: object) -> object:
    """Refuse a language that is known and not spoken, with what it lacks; other words are the type's to refuse."""
    code = known_code(value)
    if code is None or code in SUPPORTED:
        return value
    lacks = ", ".join(lacking_parts(code)) or "nothing: set is_offered in worker/languages.py"
    raise ValueError(
        f"{code} ({LANGUAGES[code].english_name}) is known, but calls are not held in it. It lacks {lacks}. "
        f"Use one of {', '.join(SUPPORTED)}"
    )


def cache_folder() -> Path:
    """Where caches go; for a user id without a home directory, as containers have, below the temporary files."""
    try:
        return Path.home() / ".cache"
    except RuntimeError:
        return Path("/tmp/.cache")  # phrases are no secret, and the worker starts without them too


class _Group(BaseSettings):
    """Settings that are used together: what needs one of them is handed its group, never all there is."""

    model_config = SettingsConfigDict(env_prefix="WORKER_", frozen=True, env_ignore_empty=True, extra="ignore")


class LiveKitSettings(_Group):
    """The LiveKit project, and this worker's name there."""

    model_config = SettingsConfigDict(env_prefix="LIVEKIT_")

    url: str = Field(description="The LiveKit project, `wss://…` (`ws://` on loopback).")
    api_key: str = Field(description="Registers the worker.")
    api_secret: SecretStr = Field(description="Registers the worker; never logged.")
    agent_name: str = Field(
        "vaani",
        validation_alias="AGENT_NAME",
        min_length=1,
        description="The dispatch name; the token function must say the same.",
    )

    @field_validator("url")
    @classmethod
    def _is_websocket(cls, value: str) -> str:
        if not value.startswith(("ws://", "wss://", "http://", "https://")):
            raise ValueError("must start with wss:// (or ws:// on loopback)")
        parts = urlsplit(value)
        _ = parts.port  # a ValueError of its own where it is no port
        if not parts.hostname or any(character.isspace() for character in value):
            raise ValueError("names no host: wss://PROJECT.livekit.cloud is one that does")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must be scheme, host and port alone; the key and the secret have variables of their own")
        return value


class SarvamSettings(_Group):
    """Sarvam's API: speech to text and text to speech."""

    model_config = SettingsConfigDict(env_prefix="SARVAM_")

    api_key: SecretStr = Field(description="Speech to text and text to speech.")
    base_url: str = Field(
        "https://api.sarvam.ai",
        description="Sarvam's API, or anything that speaks its REST and WebSocket protocols.",
    )

    _is_http = field_validator("base_url")(_http_address)


class OpenAiSettings(_Group):
    """OpenAI's API, or one that speaks its protocol."""

    model_config = SettingsConfigDict(env_prefix="OPENAI_")

    api_key: SecretStr = Field(description="The language model.")
    base_url: str | None = Field(None, description="The OpenAI SDK's own variable.")

    _is_http = field_validator("base_url")(_http_address)


class TurnSettings(_Group):
    """When the caller's turn is over, and when they interrupt the agent's."""

    turn_detector: Literal["vaani", "v1-mini", "v1", "multilingual", "vad", "stt"] = Field(
        "vaani", description="Who decides that the caller has finished (docs/end-of-turn.md)."
    )
    vad: Literal["inference", "silero"] = Field(
        "inference", description="Voice activity detection: built in, or the silero plugin."
    )
    min_endpointing_seconds: NonNegativeFloat = Field(
        0.3, description="Minimum wait after speech; not used by `vaani`, which decides itself."
    )
    max_endpointing_seconds: PositiveFloat = Field(
        1.2, description="Maximum wait after speech; not used by `vaani`, which decides itself."
    )
    turn_finished_seconds: PositiveFloat | None = Field(
        None, description="How long `vaani` waits after finished words; empty is 0.8, with a streaming recogniser 0.65."
    )
    turn_ready_seconds: PositiveFloat | None = Field(
        None,
        description="The same at most, once the reply is ready, as with fast providers; empty is 0.6.",
    )
    turn_audio: Literal["auto", "on", "off"] = Field(
        "auto", description="Whether `vaani` also hears how words end: `auto` where the weights are, `on` needs them."
    )
    turn_sure_seconds: PositiveFloat | None = Field(
        None, description="How long `vaani` waits after finished words that sound ended; empty is 0.6."
    )
    turn_unclear_seconds: PositiveFloat | None = Field(
        None, description="The same after words that could go on; empty is 0.95."
    )
    turn_unfinished_seconds: PositiveFloat | None = Field(
        None, description="The same after words that must go on (`my number is`); empty is 1.8."
    )
    speculation_tries: NonNegativeInt = Field(
        5, description="How many replies are begun in one turn before it is over; 0 waits for its end."
    )
    barge_in: Literal["words", "any"] = Field(
        "words", description="What stops a reply: the caller's `words`, told by sound, or `any` sound like speech."
    )
    barge_in_seconds: PositiveFloat | None = Field(
        None, description="How much of it stops a reply at the earliest; empty is 0.06, with `any` 0.1."
    )
    resume_seconds: PositiveFloat = Field(
        0.9, description="A reply that was stopped goes on when no words have come after this long."
    )
    echo_warmup_seconds: NonNegativeFloat = Field(
        0.0, description="Barge-in is ignored this long at the start of agent speech (echo cancellation)."
    )


class CallSettings(_Group):
    """What is said in a call, and how long it waits for the caller."""

    default_language: Annotated[Literal[SUPPORTED], BeforeValidator(_is_supported)] = Field(  # type: ignore[valid-type]
        "en-IN", description="Spoken until there is evidence for another."
    )
    instructions_file: Path | None = Field(None, description="The system prompt, instead of the built-in one.")
    phrases_file: Path | None = Field(
        None, description="JSON that replaces built-in phrases (greeting, goodbye…) by language."
    )
    phrase_cache_dir: Path = Field(cache_folder() / "vaani" / "phrases", description="Where rendered phrases are kept.")
    greeting_interruptible: bool = Field(False, description="Whether the caller may talk over the greeting.")
    silence_seconds: PositiveFloat = Field(
        15.0, description="A silent caller is asked once after this long, and said goodbye to after as long again."
    )
    longest_wait_seconds: PositiveFloat = Field(
        300.0, description="A caller who says that they will be back is waited for as long as they said, up to this."
    )
    history_tokens: PositiveInt = Field(
        2000, description="More of a conversation than this is summed up: every turn sends, and costs, all of it."
    )
    max_call_seconds: PositiveFloat = Field(1800.0, description="Longest call; a spoken warning comes first.")
    call_warning_seconds: PositiveFloat = Field(60.0, description="How long before the end the warning is spoken.")
    alone_seconds: PositiveFloat = Field(
        15.0, description="An agent in a room without a caller leaves after this long."
    )
    joining_seconds: PositiveFloat = Field(
        5.0, description="The same where the caller's own joining made the room: they are on their way already."
    )
    microphone_seconds: PositiveFloat = Field(
        18.0, description="A caller without a microphone is said goodbye to after this long, and asked at half of it."
    )

    @field_validator("instructions_file", "phrases_file")
    @classmethod
    def _exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {str(value)!r}")
        return value


def _pairs(value: object, what: str) -> dict[str, str] | object:
    """`a=b,c=d` as a dict; each pair must have both halves."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    for left, equals, right in pairs:
        if not equals or not left.strip() or not right.strip():
            raise ValueError(f"{left}{equals}{right} is not {what}")
    return {left.strip(): right.strip() for left, _, right in pairs}


def _offered(language: str) -> str:
    if language not in SUPPORTED:
        raise ValueError(f"{language!r} is none of {', '.join(SUPPORTED)}")
    return language


class PhoneSettings(_Group):
    """What is special about a call over the telephone (docs/telephone.md)."""

    model_config = SettingsConfigDict(env_prefix="WORKER_PHONE_")

    languages: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="The language to greet in by called number, `+918012345678=kn-IN,+912212345678=mr-IN`.",
    )
    menu: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="Keys for languages, `1=en-IN,2=hi-IN`: a phone caller is asked first; empty asks nobody.",
    )
    menu_seconds: PositiveFloat = Field(5.0, description="How long a choice is waited for after the last was offered.")
    key_pause_seconds: PositiveFloat = Field(
        3.0, description="Digits that are keyed in are complete after this pause, or `#`; `*` starts over."
    )
    mask_keys: bool = Field(True, description="Whether keyed digits are dots in transcripts; the model reads them.")
    answer_seconds: PositiveFloat = Field(
        60.0,
        description="The end of a call that rings for longer, whoever rings; how long a call out rings is"
        " `ringing_seconds` in phone.toml.",
    )

    @field_validator("languages", mode="before")
    @classmethod
    def _by_number(cls, value: object) -> object:
        pairs = _pairs(value, "NUMBER=LANGUAGE")
        if not isinstance(pairs, dict):
            return pairs
        numbers = {number: e164(number) for number in pairs}
        for number, known in numbers.items():
            if known is None:
                raise ValueError(f"{number!r} is no phone number; write +91 and ten digits")
        return {str(numbers[number]): _offered(language) for number, language in pairs.items()}

    @field_validator("menu", mode="before")
    @classmethod
    def _by_key(cls, value: object) -> object:
        pairs = _pairs(value, "KEY=LANGUAGE")
        if not isinstance(pairs, dict):
            return pairs
        for key in pairs:
            if not (len(key) == 1 and key in "0123456789"):
                raise ValueError(f"{key!r} is no key; use one of 0 to 9")
        return {key: _offered(language) for key, language in pairs.items()}


class ConsentSettings(_Group):
    """Whether calls are recorded, and what callers are told or asked about the keeping of their call."""

    mode: Mode = Field(
        Mode.NONE,
        validation_alias="WORKER_CONSENT",
        description="Whether keeping a call is `announced` or `asked` first; `none` says nothing.",
    )
    consent_purposes: Annotated[frozenset[Purpose], NoDecode, BeforeValidator(_listed)] = Field(
        frozenset(),
        description="Which of `words`, `recording`, `improvement` that is about; empty: words, and sound if recorded.",
    )
    consent_notice_file: Path | None = Field(
        None, description="JSON with notices of one's own, in any of the 22 languages of the Eighth Schedule."
    )
    consent_days: NonNegativeFloat = Field(
        90.0, description="A verified caller with a record who has answered is not asked again for so long."
    )

    record: Literal["off", "on"] = Field("off", description="`on` records the sound of calls (docs/recording.md).")
    recordings_url: str = Field("", description="Where recordings go: `file:///folder`, `gs://bucket`, `s3://bucket`.")

    @property
    def rules(self) -> ConsentRules:
        """What is asked for, and how."""
        kept = frozenset({Purpose.WORDS} | ({Purpose.RECORDING} if self.record == "on" else set()))
        return ConsentRules(self.mode, self.consent_purposes or kept)

    @field_validator("recordings_url")
    @classmethod
    def _names_a_store(cls, value: str) -> str:
        if value and not re.fullmatch(r"file:///\S.*|(gs|s3)://[a-z0-9][\w.-]*(/\S*)?", value):
            raise ValueError("must be file:///folder, gs://bucket or s3://bucket, with a path behind it if you like")
        return value

    @field_validator("consent_notice_file")
    @classmethod
    def _exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {str(value)!r}")
        return value


class ToolSettings(_Group):
    """What a running tool is given, whoever wrote it: so no secret is among these."""

    time_zone: str = Field("Asia/Kolkata", description="For `current_time`, unless the caller asks for another.")
    orders_url: str | None = Field(
        None, description="Base address of the order look-up's HTTP API; without it the tool is not offered."
    )
    transfer_to: str | None = Field(
        None, description="Where `transfer_to_human` sends phone callers: `tel:+91…` or `sip:…`."
    )
    transfer_seconds: PositiveFloat = Field(45.0, description="How long the colleague's phone may ring then.")
    transfer_trunk: str = Field(
        "",
        description="LiveKit's id of an outbound trunk, `ST_…`: the colleague is rung through it, told what it is "
        "about and asked first, while the caller hears music; empty sends the caller's own line on.",
    )
    transfer_language: str = Field(
        "", description="The language that colleague is spoken to in; empty is WORKER_DEFAULT_LANGUAGE."
    )
    send_dtmf: bool = Field(False, description="Whether the model may press keys, for calls that reach a menu.")
    transfer_webhook_url: str | None = Field(
        None, description="Told by HTTP POST when a caller without a phone asks for a human."
    )
    tool_seconds: PositiveFloat = Field(8.0, description="Time limit of one tool call.")

    _is_http = field_validator("orders_url", "transfer_webhook_url")(_http_address)

    @field_validator("transfer_trunk")
    @classmethod
    def _is_trunk(cls, value: str) -> str:
        if value and not re.fullmatch(r"ST_\w+", value):
            raise ValueError("must be an outbound trunk's id, ST_ and what follows: `python -m phone setup` prints it")
        return value

    @field_validator("transfer_language")
    @classmethod
    def _is_offered(cls, value: str) -> str:
        return _offered(value) if value else value


class ToolSourceSettings(_Group):
    """Where an operator's own tools come from."""

    tools_module: str | None = Field(
        None, description="A Python module whose function tools are added, e.g. `my_tools`."
    )
    mcp_servers: Annotated[list[McpServer], NoDecode] = Field(
        default_factory=list, description="JSON list of `{name, url or command, headers}`: their tools are offered."
    )

    @field_validator("mcp_servers", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError as error:
            raise ValueError(f"is not JSON: {error}") from None


class RetrySettings(_Group):
    """How long a caller waits for a provider that fails, and what they hear meanwhile."""

    reply_late_seconds: PositiveFloat = Field(
        1.5, description="An answer this much later than the providers' usual latency is bridged by a phrase."
    )
    usual_latency_seconds: PositiveFloat = Field(
        1.0, description="The providers' usual time from end of turn to first reply audio."
    )
    give_up_seconds: PositiveFloat = Field(
        20.0, description="A provider that has not recovered by then ends the call with a spoken goodbye."
    )
    sign_of_life_seconds: PositiveFloat = Field(
        3.5, description="A caller who waits on hears another short phrase after this much silence."
    )
    retry_pause_seconds: PositiveFloat = Field(
        0.3, description="Before a failed provider is tried again; doubled each time, with a fifth of jitter."
    )
    longest_retry_pause_seconds: PositiveFloat = Field(2.0, description="The doubling ends here.")
    outage_seconds: NonNegativeFloat = Field(
        30.0, description="Calls give up sooner on a provider that another gave up on this recently; 0 is never."
    )

    @property
    def late_seconds(self) -> float:
        """From the end of the caller's turn until an answer counts as late."""
        return self.usual_latency_seconds + self.reply_late_seconds


class CapacitySettings(_Group):
    """How many calls this worker takes, and whose."""

    max_calls: NonNegativeInt = Field(0, description="Calls at once; 0 means four per core.")
    late_seconds: NonNegativeFloat = Field(
        0.05, description="A worker whose event loops are later than this takes no more calls; 0 never looks."
    )
    max_calls_per_caller: NonNegativeInt = Field(
        2, description="Calls at once of one verified caller on this worker; 0 is no limit."
    )
    caller_seconds_per_day: NonNegativeFloat = Field(
        0.0, description="How many seconds of 24 hours one verified caller may call this worker; 0 is no limit."
    )
    token_seconds: PositiveFloat = Field(
        960.0, description="How old a token may be that begins a call: TOKEN_TTL_SECONDS, and a minute for the clocks."
    )
    idle_processes: NonNegativeInt = Field(
        6, description="Warm processes that wait for a call, 20 MB each; never more than there are lines."
    )
    job_memory_limit_mb: NonNegativeInt = Field(1200, description="A call's process over this is ended; 0 is no limit.")


class FailoverSettings(_Group):
    """What becomes of the calls of a worker that stops, or dies."""

    drain_seconds: PositiveInt = Field(8, description="How long a stopping worker waits for its calls.")
    handover_agent_name: str | None = Field(
        None, description="The dispatch name that a stopping worker hands its calls to; its own when empty."
    )
    handover_seconds: PositiveFloat = Field(
        8.0, description="How much of the drain's end is kept for handing calls over to another worker."
    )
    watch_seconds: NonNegativeFloat = Field(
        4.0, description="How often it looks after calls whose whole worker died; 0 leaves that to others."
    )
    reconnect_tries: PositiveInt = Field(16, description="Tries to reach LiveKit before the worker exits with 1.")


class HealthSettings(_Group):
    """Where the health endpoint listens."""

    health_host: str = Field("127.0.0.1", description="Where the health endpoint listens; `0.0.0.0` in a container.")
    health_port: NonNegativeInt = Field(8081, description="Port of the health endpoint; 0 takes a free one.")


class LogSettings(_Group):
    """What is logged."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Minimum level logged.")
    log_pii: bool = Field(
        False, description="Whether transcripts and phone numbers may be logged, where no caller is asked about them."
    )


class TelemetrySettings(_Group):
    """Where traces and metrics go: OpenTelemetry's own variables (docs/traces.md)."""

    model_config = SettingsConfigDict(env_prefix="OTEL_")

    exporter_otlp_endpoint: str | None = Field(
        None, description="Where traces and metrics go by OTLP over HTTP, e.g. `http://collector:4318`; empty: nowhere."
    )
    exporter_otlp_traces_endpoint: str | None = Field(
        None, description="The whole address for traces, when they go elsewhere."
    )
    exporter_otlp_metrics_endpoint: str | None = Field(
        None, description="The whole address for metrics, when they go elsewhere."
    )
    exporter_otlp_headers: SecretStr | None = Field(
        None, description="Sent along, `name=value,name=value`, values percent-encoded; never logged."
    )
    exporter_otlp_traces_headers: SecretStr | None = Field(None, description="The same, for traces alone.")
    exporter_otlp_metrics_headers: SecretStr | None = Field(None, description="The same, for metrics alone.")
    exporter_otlp_timeout: PositiveFloat = Field(3000.0, description="Milliseconds that one delivery may take.")
    exporter_otlp_compression: Literal["none", "gzip"] = Field("none", description="`gzip` costs CPU for traffic.")
    exporter_otlp_protocol: Literal["http/protobuf"] = Field("http/protobuf", description="The one that is spoken.")
    exporter_otlp_certificate: Path | None = Field(None, description="PEM file with whom to trust, for `https`.")
    exporter_otlp_client_certificate: Path | None = Field(None, description="PEM file that names us, for `https`.")
    exporter_otlp_client_key: Path | None = Field(None, description="Its key.")
    traces_exporter: Literal["otlp", "none"] = Field("otlp", description="`none` sends no traces.")
    metrics_exporter: Literal["otlp", "prometheus", "otlp,prometheus", "none"] = Field(
        "otlp", description="`prometheus` has the health endpoint answer `GET /metrics`; `otlp,prometheus` does both."
    )
    metric_export_interval: PositiveFloat = Field(15_000.0, description="Milliseconds between deliveries of metrics.")
    service_name: str = Field("vaani-worker", description="What the worker is called in traces and metrics.")
    sdk_disabled: bool = Field(False, description="`true` turns all of it off.")

    _are_http = field_validator(
        "exporter_otlp_endpoint", "exporter_otlp_traces_endpoint", "exporter_otlp_metrics_endpoint"
    )(_http_address)

    @field_validator("exporter_otlp_headers", "exporter_otlp_traces_headers", "exporter_otlp_metrics_headers")
    @classmethod
    def _are_pairs(cls, value: SecretStr | None) -> SecretStr | None:
        _header_pairs(value)
        return value

    @property
    def traces_url(self) -> str | None:
        """Return where traces go; None for nowhere."""
        if self.sdk_disabled or self.traces_exporter == "none":
            return None
        return self.exporter_otlp_traces_endpoint or self._below("/v1/traces")

    @property
    def metrics_url(self) -> str | None:
        """Return where metrics go; None for nowhere."""
        if self.sdk_disabled or "otlp" not in self.metrics_exporter:
            return None
        return self.exporter_otlp_metrics_endpoint or self._below("/v1/metrics")

    @property
    def is_scraped(self) -> bool:
        """Return whether the health endpoint answers `GET /metrics`."""
        return not self.sdk_disabled and "prometheus" in self.metrics_exporter

    @property
    def has_metrics(self) -> bool:
        """Return whether anything is measured."""
        return self.metrics_url is not None or self.is_scraped

    @property
    def is_on(self) -> bool:
        """Return whether there is any telemetry."""
        return self.traces_url is not None or self.has_metrics

    @property
    def traces_headers(self) -> dict[str, str]:
        """Return what is sent along with traces."""
        return _header_pairs(self.exporter_otlp_headers) | _header_pairs(self.exporter_otlp_traces_headers)

    @property
    def metrics_headers(self) -> dict[str, str]:
        """Return what is sent along with metrics."""
        return _header_pairs(self.exporter_otlp_headers) | _header_pairs(self.exporter_otlp_metrics_headers)

    def _below(self, path: str) -> str | None:
        return None if self.exporter_otlp_endpoint is None else self.exporter_otlp_endpoint + path


def _header_pairs(listed: SecretStr | None) -> dict[str, str]:
    """Read `name=value,name=value`. Never quotes one: it is usually a key."""
    pairs: dict[str, str] = {}
    for number, part in enumerate(listed.get_secret_value().split(",") if listed is not None else (), start=1):
        name, equals, value = part.strip().partition("=")
        if not part.strip():
            continue
        value = unquote(value.strip())
        if not equals or not _HEADER_NAME.fullmatch(name.strip()) or not value.isprintable() or not value.isascii():
            raise ValueError(f"entry {number} is not name=value, with blanks and commas in the value as %20 and %2C")
        pairs[name.strip().lower()] = value
    return pairs


class RecordsSettings(_Group):
    """What remains of a call (docs/records.md)."""

    records_url: str = Field(
        "",
        description="A record of every call: `sqlite+aiosqlite:///path`, `postgresql+asyncpg://…`; empty: none.",
    )
    records_reader: str = Field(
        "",
        description="A role of PostgreSQL that the worker lets read the records, and note who has read: the console's.",
    )
    records_words: bool = Field(
        False, description="Whether what was said, phone numbers and tools' arguments are kept in records."
    )
    records_spool_dir: Path = Field(
        cache_folder() / "vaani" / "spool",
        description="Where records wait for their database, on a disk of this machine.",
    )
    records_spool_mb: PositiveInt = Field(
        64, description="The most that may wait there; what comes after is dropped, counted and logged."
    )

    retention_days: str = Field(
        DEFAULT_RETENTION, description="Days that each kind is kept, or `never` to remove none of it (docs/records.md)."
    )
    records_unmasked: Annotated[list[Literal[NUMBER_KINDS]], NoDecode] = Field(  # type: ignore[valid-type]
        default_factory=lambda: ["phone"],
        description="Kinds of numbers that are not masked in what is kept and sent (docs/masking.md), or `none`.",
    )

    @field_validator("retention_days")
    @classmethod
    def _names_kinds(cls, value: str) -> str:
        read_retention(value)
        return value

    @field_validator("records_url")
    @classmethod
    def _names_a_database(cls, value: str) -> str:
        try:
            return read_url(value).text if value else value
        except BadRecordsUrl as error:
            raise ValueError(f"{error.why}. {error.do}") from None

    @field_validator("records_unmasked", mode="before")
    @classmethod
    def _kinds(cls, value: object) -> object:
        return [] if value == "none" else _listed(value)

    @property
    def spool_folder(self) -> Path | None:
        """Return where this database's records wait; None where none are kept."""
        return self.records_spool_dir / read_url(self.records_url).fingerprint if self.records_url else None


class OutcomeSettings(_Group):
    """What is written of a call when it is over, and who is told (docs/outcome.md)."""

    outcome: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether a summary and an outcome are written after a call; `auto`: with a schema or webhook.",
    )
    outcome_schema_file: Path | None = Field(
        None, description="JSON Schema of what an outcome says; the built-in one when empty."
    )
    outcome_language: Annotated[Literal[SUPPORTED], BeforeValidator(_is_supported)] = Field(  # type: ignore[valid-type]
        "en-IN", description="The summary's language, whatever the call's was."
    )
    outcome_model: str | None = Field(None, description="The model that writes it; LLM_MODEL when empty.")
    outcome_max_tokens: PositiveInt = Field(1000, description="The longest outcome that is billed for.")
    outcome_seconds: float = Field(
        12.0,
        gt=0,
        le=60,
        description="All tries together; the call's process is not held longer when the call is over.",
    )
    outcome_words: bool = Field(
        False, description="Whether summary and free text are kept and sent although WORKER_RECORDS_WORDS keeps none."
    )
    outcome_webhook_url: str | None = Field(None, description="Told of every call that is over: `https://…`.")
    outcome_webhook_secret: SecretStr | None = Field(
        None, description="Signs what the webhook is told: `whsec_…`; two, comma-separated, while one is exchanged."
    )
    outcome_webhook_insecure: bool = Field(
        False, description="Allows `http://` and addresses of one's own network for the webhook."
    )

    @field_validator("outcome_schema_file")
    @classmethod
    def _is_a_file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {str(value)!r}")
        return value

    @property
    def is_on(self) -> bool:
        """Return whether outcomes are written."""
        wanted = self.outcome_schema_file is not None or self.outcome_webhook_url is not None
        return self.outcome == "on" or (self.outcome == "auto" and wanted)


Rupees = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class MoneySettings(_Group):
    """What a call costs, and may cost (docs/money.md)."""

    rupees_per_call: Rupees | None = Field(
        None, description="The most a call may cost: a warning, then a spoken end; empty: no limit."
    )
    rupees_per_caller_day: Rupees | None = Field(
        None, description="The most the calls of one caller may cost that begin on one day; empty: no limit."
    )
    rupees_per_day: Rupees | None = Field(
        None, description="The most all calls may cost that begin on one day (WORKER_TIME_ZONE); empty: no limit."
    )

    prices_file: Path | None = Field(
        None, description="TOML with prices of one's own, for models that have none or another contract."
    )
    rupees_per_dollar: Dated = Field(
        DatedFigure(92.0, date(2026, 10, 1)), description="What a dollar costs, and the day that this is from."
    )
    phone_rupees_per_minute: Dated | None = Field(
        None,
        description="What your trunk asks for a begun minute, `0.55@2026-11-29`; empty: not in the sum, and so named.",
    )
    livekit_rupees_per_minute: Dated | None = Field(
        None, description="The same of LiveKit, for an agent's minute in a room; 0 where it is your own server."
    )

    @property
    def limits(self) -> Limits:
        """The budgets."""
        return Limits(self.rupees_per_call, self.rupees_per_caller_day, self.rupees_per_day)

    @field_validator("prices_file")
    @classmethod
    def _exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {str(value)!r}")
        return value

    @field_validator("rupees_per_dollar")
    @classmethod
    def _is_a_rate(cls, value: DatedFigure) -> DatedFigure:
        if not value.figure or value.read_on is None:
            raise ValueError(f"{value} is no rate with its day, such as 92.0@2026-10-01")
        return value


class SttSettings(_Group):
    """Speech to text."""

    model_config = SettingsConfigDict(env_prefix="STT_")

    model: Literal["saaras:v4", "saaras:v3", "saaras:v3-realtime", "saaras:v4-realtime"] = Field(
        "saaras:v4",
        description="`saaras:v3-realtime` and `saaras:v4-realtime` stream partial transcripts.",
    )
    language: Annotated[Literal[STT_LANGUAGES], BeforeValidator(_is_supported)] = Field(  # type: ignore[valid-type]
        "unknown", description="`unknown` lets the recogniser tell the language of every turn."
    )
    mode: Literal["transcribe", "codemix", "verbatim", "translit", "translate"] = Field(
        "codemix", description="`codemix` writes each language in its own script."
    )
    keyterms: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        validation_alias="WORKER_KEYTERMS",
        description="Names, products and places for the recogniser: comma-separated, or `@file` with one a line.",
    )
    connect_seconds: PositiveFloat = Field(5.0, description="Time limit for reaching the recogniser.")
    request_seconds: NonNegativeFloat = Field(
        3.0, description="Time limit of the request that recognises what a failing socket lost; 0 makes none."
    )
    base_url: str | None = Field(None, description="The recogniser's address, when it is not SARVAM_BASE_URL.")

    _is_http = field_validator("base_url")(_http_address)

    @field_validator("keyterms", mode="before")
    @classmethod
    def _keyterms(cls, value: object) -> object:
        terms = _listed(value)
        if not isinstance(terms, list):
            return terms
        terms = list(dict.fromkeys(terms))
        for term in terms:
            if len(term) > KEYTERM_CHARS_MAX:
                raise ValueError(f"{term[:20]!r}… has {len(term)} characters; Sarvam takes {KEYTERM_CHARS_MAX} a term")
        if len(terms) > KEYTERMS_MAX:
            raise ValueError(f"has {len(terms)} terms; Sarvam takes {KEYTERMS_MAX}: keep those that are misheard most")
        return terms

    @property
    def streams(self) -> bool:
        """Whether the recogniser writes while the caller speaks."""
        return self.model.endswith("-realtime")


class LlmSettings(_Group):
    """The language model."""

    model_config = SettingsConfigDict(env_prefix="LLM_")

    model: str = Field("gpt-6-luna", description="`gpt-4o-mini` works until its shutdown on 2027-01-14.")
    reasoning_effort: str = Field("none", description="gpt-6 reasons by default, and a caller waits for it.")
    temperature: float | None = Field(None, ge=0, le=2, description="The model's own when empty.")
    max_reply_tokens: PositiveInt = Field(
        300, description="The longest reply a caller is billed for; what a reasoning model thinks counts too."
    )
    fallback_model: str | None = Field(None, description="Used when the first model fails.")
    first_token_seconds: PositiveFloat = Field(6.0, description="Time limit for the first token.")


class TtsSettings(_Group):
    """Text to speech."""

    model_config = SettingsConfigDict(env_prefix="TTS_")

    model: Literal["bulbul:v3", "bulbul:v4-flash"] = Field("bulbul:v3", description="Sarvam's voice model.")
    voices: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict, description="Language to voice, `hi-IN=priya,ta-IN=kavitha`; others have defaults."
    )
    dict_id: str | None = Field(
        None, description="A pronunciation dictionary that is kept at Sarvam, by its id; said by Sarvam's own rules."
    )
    pronunciations: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="How names are said, `Zyntu=ज़िंटू,KSRTC=K S R T C`, or `@file` with one a line; in every language.",
    )
    pace: float = Field(1.0, ge=0.5, le=2.0, description="Speaking rate.")
    sample_rate_hz: Literal[8000, 16000, 22050, 24000] = Field(
        24000, description="24000 is the room's own rate: nothing is resampled."
    )
    first_byte_seconds: PositiveFloat = Field(5.0, description="Time limit for the first audio.")
    base_url: str | None = Field(None, description="The voice's address, when it is not SARVAM_BASE_URL.")

    _is_http = field_validator("base_url")(_http_address)

    @field_validator("pronunciations", mode="before")
    @classmethod
    def _said(cls, value: object) -> object:
        entries = _listed(value)
        if not isinstance(entries, list):
            return entries
        said = {}
        for entry in entries:
            name, equals, how = (part.strip() for part in entry.partition("="))
            if not equals or not name or not how:
                raise ValueError(f"{entry!r} is not `name=how it is said`")
            said[name] = how
        return said

    @field_validator("voices", mode="before")
    @classmethod
    def _parse(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        for language, equals, voice in pairs:
            if not equals or not voice.strip() or language.strip() not in SUPPORTED:
                raise ValueError(f"{language}{equals}{voice} is not LANGUAGE=voice with one of {', '.join(SUPPORTED)}")
        return {language.strip(): voice.strip() for language, _, voice in pairs}


@dataclass(frozen=True, slots=True)
class Settings:
    """All of the worker's settings; right and unchanging once loaded. Only what builds the worker holds all of them."""

    livekit: LiveKitSettings
    sarvam: SarvamSettings
    openai: OpenAiSettings
    turns: TurnSettings
    call: CallSettings
    phone: PhoneSettings
    consent: ConsentSettings
    tools: ToolSettings
    tool_sources: ToolSourceSettings
    retry: RetrySettings
    capacity: CapacitySettings
    failover: FailoverSettings
    health: HealthSettings
    logs: LogSettings
    telemetry: TelemetrySettings
    records: RecordsSettings
    outcome: OutcomeSettings
    money: MoneySettings
    stt: SttSettings
    llm: LlmSettings
    tts: TtsSettings

    @property
    def successor_agent_name(self) -> str:
        """The dispatch name of the agent that carries on a call of a stopping worker."""
        return self.failover.handover_agent_name or self.livekit.agent_name

    @property
    def may_log_words(self) -> bool:
        """Whether words and numbers may be in logs and traces: not where callers can take them back."""
        return self.logs.log_pii and Purpose.WORDS not in self.consent.rules.opening


SETTINGS_GROUPS: dict[str, type[BaseSettings]] = get_type_hints(Settings)
