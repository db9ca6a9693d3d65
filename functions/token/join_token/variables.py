"""Every environment variable the token function reads: the table of settings in docs/token-endpoint.md.

Apart from the settings that use them, so that the table can be read, and checked against the docs, on its own.
"""

from __future__ import annotations

from typing import NamedTuple

# bulbul:v3 voices that both Sarvam's API and the LiveKit plugin know; each side has a few the other refuses.
DEFAULT_VOICES = (
    "aayan,aditya,advait,amit,ashutosh,dev,ishita,kabir,kavitha,kavya,manan,neha,pooja,priya,rahul,ratan,ritu,rohan,"
    "roopa,rupali,shreya,shruti,shubh,simran,suhani,sumit,tanya,varun"
)


class Variable(NamedTuple):
    """One environment variable. `default` is its text form; None means required, or required by what else is set."""

    name: str
    default: str | None
    meaning: str

    def row(self) -> str:
        """The variable's line in the table of settings."""
        default = {None: "required", "": ""}.get(self.default, f"`{self.default}`")
        return f"| `{self.name}` | {default} | {self.meaning} |"


VARIABLES = (
    Variable("LIVEKIT_URL", None, "The LiveKit server that callers are sent to: `wss://…`, or `ws://…` locally."),
    Variable("LIVEKIT_API_KEY", None, "Names the key that signs tokens."),
    Variable("LIVEKIT_API_SECRET", None, "Signs tokens; never logged."),
    Variable("AGENT_NAME", "vaani", "The dispatch name; the worker must be started with the same one."),
    Variable("TOKEN_PUBLIC_AGENT_NAME", "vaani", "The only agent name that clients may ask for."),
    Variable(
        "TOKEN_AUTH", "oidc", "Who may call: `oidc`, `hmac`, or `none` together with `TOKEN_ALLOW_ANONYMOUS=true`."
    ),
    Variable(
        "TOKEN_ALLOW_ANONYMOUS",
        "false",
        "Says aloud that `TOKEN_AUTH=none` is meant: for development; refused on Cloud Run.",
    ),
    Variable(
        "TOKEN_OIDC_PRESET",
        "",
        "`firebase` (Identity Platform too; the audience is the project id) or `google` fills in issuer and JWKS URL.",
    ),
    Variable("TOKEN_OIDC_ISSUER", "", "The `iss` that bearer tokens must carry, exactly. Needed without a preset."),
    Variable("TOKEN_OIDC_AUDIENCE", "", "The `aud` values accepted, comma-separated. Needed with `oidc`."),
    Variable(
        "TOKEN_OIDC_JWKS_URL",
        "",
        "Where the issuer publishes its keys: `https`, or `http` on loopback. Needed without a preset.",
    ),
    Variable(
        "TOKEN_OIDC_REQUIRE",
        "",
        "Claims that a token must carry too, `claim=value,...`: `email_verified=true`, `hd=example.in`, `role=caller`.",
    ),
    Variable(
        "TOKEN_OIDC_ANONYMOUS_ACCOUNTS",
        "false",
        "Whether Firebase's anonymous accounts may call: anybody can make as many as they like.",
    ),
    Variable("TOKEN_HMAC_KEYS", "", "`id:secret[,id:secret...]`; needed with `hmac`. Several keys allow rotation."),
    Variable(
        "TOKEN_APP_CHECK_PROJECT",
        "",
        "Firebase project number; when set, `X-Firebase-AppCheck` is demanded as well.",
    ),
    Variable(
        "TOKEN_APP_CHECK_APPS", "", "Firebase app ids accepted, comma-separated; empty: every app of the project."
    ),
    Variable(
        "TOKEN_APP_CHECK_JWKS_URL",
        "https://firebaseappcheck.googleapis.com/v1/jwks",
        "Where App Check publishes its keys.",
    ),
    Variable(
        "TOKEN_ALLOWED_ORIGINS",
        "",
        "Exact origins of pages, comma-separated: `https://app.example.in`, `capacitor://localhost`.",
    ),
    Variable(
        "TOKEN_CLIENT_FIELDS",
        "participant_name,participant_attributes",
        "Contract fields honoured from clients. `participant_identity` and `room_name` are honoured with `hmac` only.",
    ),
    Variable("TOKEN_VOICES", DEFAULT_VOICES, "Values allowed for the attribute `voice`; change it with `TTS_MODEL`."),
    Variable("TOKEN_TTL_SECONDS", "600", "How long a token can be used to connect, 120 to 840."),
    Variable("TOKEN_RATE_PER_CALLER", "6", "Requests per minute for one verified caller; the burst is as large."),
    Variable("TOKEN_RATE_PER_ADDRESS", "300", "Requests per minute from one IPv4 address or IPv6 /64."),
    Variable(
        "TOKEN_TRUSTED_PROXY_HOPS",
        "0",
        "Which element of `X-Forwarded-For`, counted from the right, is the caller; 0: the peer. Cloud Run default: 1.",
    ),
    Variable(
        "TOKEN_PREDISPATCH", "false", "Sends the agent into the fresh room before the caller arrives (300 ms at most)."
    ),
    Variable(
        "TOKEN_CONSENT",
        "false",
        "Takes `consent` and `notice_language` over from the body that your own backend signs; with `hmac` only.",
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "Where a span of every request goes, by OTLP over HTTP, e.g. `http://collector:4318`; empty: nowhere.",
    ),
    Variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "The whole address for it, when it goes elsewhere."),
    Variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "",
        "Sent along, `name=value,name=value`, values percent-encoded; never logged.",
    ),
    Variable("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "", "More of them."),
    Variable("OTEL_EXPORTER_OTLP_TIMEOUT", "3000", "Milliseconds that one delivery may take; no caller waits for it."),
    Variable("OTEL_TRACES_EXPORTER", "otlp", "`none` sends no spans."),
    Variable("OTEL_SERVICE_NAME", "vaani-token", "What the function is called in traces."),
    Variable("OTEL_SDK_DISABLED", "false", "`true` sends no spans."),
    Variable("GOOGLE_CLOUD_PROJECT", "", "Project id, joins our log lines to Cloud Trace."),
    Variable(
        "GCE_METADATA_HOST",
        "metadata.google.internal",
        "Google's own: who gives the access token that goes to `telemetry.googleapis.com`, and nowhere else.",
    ),
)
