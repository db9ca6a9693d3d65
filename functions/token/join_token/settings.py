"""The token function's settings: read once at start, checked together, frozen afterwards.

A frozen dataclass and not pydantic-settings, whose import costs half of a bare function's start.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from join_token.errors import SettingsError
from join_token.request import CONTRACT_FIELDS
from join_token.secret import Secret
from join_token.trace_settings import TraceSettings, trace_settings
from join_token.variables_reader import KNOWN, Reader, scheme_and_host

HMAC_SECRET_BYTES_MIN = 32
TTL_SECONDS_RANGE = (120, 840)  # with nbf a minute back, a token spans at most 15 minutes
# Web pages and the apps that carry one: capacitor://localhost, ionic://localhost, tauri://localhost, app://-.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
SCHEMES_OF_ANYBODY = frozenset({"about", "blob", "data", "file", "filesystem", "ftp", "javascript", "ws", "wss"})
_PRESETS = {
    "firebase": (
        "https://securetoken.google.com/{audience}",
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    ),
    "google": ("https://accounts.google.com", "https://www.googleapis.com/oauth2/v3/certs"),
}


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Whose bearer tokens are believed."""

    issuers: tuple[str, ...]
    audiences: tuple[str, ...]
    jwks_url: str
    required: tuple[tuple[str, str], ...] = ()
    """Claims that a caller's token must carry beside these, and their values as text."""
    anonymous_accounts: bool = False
    """Whether Firebase's anonymous accounts are callers like others."""


@dataclass(frozen=True, slots=True)
class AppCheckSettings:
    """Which Firebase project attests the app; `apps` empty means every app of it."""

    project_number: str
    apps: frozenset[str]
    jwks_url: str


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Everything the token function reads from its environment, and nothing else."""

    livekit_url: str
    livekit_api_key: str
    livekit_api_secret: Secret
    agent_name: str
    public_agent_name: str
    auth: str
    oidc: OidcSettings | None
    hmac_keys: Mapping[str, Secret]
    app_check: AppCheckSettings | None
    allowed_origins: frozenset[str]
    client_fields: frozenset[str]
    voices: frozenset[str]
    ttl_seconds: int
    rate_per_caller: int
    rate_per_address: int
    trusted_proxy_hops: int
    predispatch: bool
    takes_consent: bool
    project_id: str
    traces: TraceSettings | None
    warnings: tuple[str, ...] = ()


def settings_from(environ: Mapping[str, str], problems: list[str] | None = None) -> TokenSettings:
    """Build the settings.

    Args:
        environ: The complete environment.
        problems: What is already known to be wrong, reported together with everything else.
    Raises:
        SettingsError: With every problem at once.
    """
    reader = Reader(environ)
    reader.problems.extend(problems or [])
    _refuse_unknown_variables(reader, environ)
    auth = _auth_mode(reader)
    settings = TokenSettings(
        livekit_url=_livekit_url(reader),
        livekit_api_key=reader.required("LIVEKIT_API_KEY", "Copy it from your LiveKit project's settings."),
        livekit_api_secret=Secret(
            reader.required("LIVEKIT_API_SECRET", "Copy it from your LiveKit project's settings.")
        ),
        agent_name=reader.name("AGENT_NAME"),
        public_agent_name=reader.name("TOKEN_PUBLIC_AGENT_NAME"),
        auth=auth,
        oidc=_oidc(reader) if auth == "oidc" else None,
        hmac_keys=_hmac_keys(reader) if auth == "hmac" else {},
        app_check=_app_check(reader),
        allowed_origins=_origins(reader),
        client_fields=_client_fields(reader, auth),
        voices=frozenset(reader.listed("TOKEN_VOICES")),
        ttl_seconds=reader.whole("TOKEN_TTL_SECONDS", *TTL_SECONDS_RANGE),
        rate_per_caller=reader.whole("TOKEN_RATE_PER_CALLER", 1, 1_000_000),
        rate_per_address=reader.whole("TOKEN_RATE_PER_ADDRESS", 1, 1_000_000),
        trusted_proxy_hops=_trusted_hops(reader),
        predispatch=reader.flag("TOKEN_PREDISPATCH"),
        takes_consent=_takes_consent(reader, auth),
        project_id=reader.text("GOOGLE_CLOUD_PROJECT"),
        traces=trace_settings(reader),
        warnings=tuple(reader.warnings),
    )
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


def _takes_consent(reader: Reader, auth: str) -> bool:
    if (wanted := reader.flag("TOKEN_CONSENT")) and auth != "hmac":
        reader.problem("TOKEN_CONSENT", "needs TOKEN_AUTH=hmac: no client may say of itself that it has agreed.")
    return wanted


def _trusted_hops(reader: Reader) -> int:
    # Google's front end appends the caller as the last element; with 0 there, all callers would share one limit.
    hops = reader.whole("TOKEN_TRUSTED_PROXY_HOPS", 0, 9, default=1 if reader.on_cloud_run else 0)
    if hops > 1 or (hops and not reader.on_cloud_run):
        usual = "one more than Cloud Run's own is right behind a load balancer only" if reader.on_cloud_run else ""
        reader.warnings.append(
            f"TOKEN_TRUSTED_PROXY_HOPS is {hops}: one too many, and callers choose the address that is limited"
            + (f"; {usual}." if usual else "; it must be the number of proxies in front of this process.")
        )
    return hops


def _refuse_unknown_variables(reader: Reader, environ: Mapping[str, str]) -> None:
    for name in sorted(environ):
        if name.startswith("TOKEN_") and name not in KNOWN:
            nearest = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.6)
            hint = f"Did you mean {nearest[0]}?" if nearest else "The settings are listed in docs/token-endpoint.md."
            reader.problem(name, f"is not a setting. {hint}")


def _auth_mode(reader: Reader) -> str:
    auth = reader.text("TOKEN_AUTH").lower()
    allowed = reader.flag("TOKEN_ALLOW_ANONYMOUS")
    if auth not in {"oidc", "hmac", "none"}:
        reader.problem("TOKEN_AUTH", "must be oidc, hmac or none.")
    elif auth == "none" and reader.on_cloud_run:
        reader.problem("TOKEN_AUTH", "none is refused on Cloud Run: anyone could spend your money. Use oidc or hmac.")
    elif auth == "none" and not allowed:
        reader.problem("TOKEN_AUTH", "none needs TOKEN_ALLOW_ANONYMOUS=true as well; for development only.")
    return auth


def _livekit_url(reader: Reader) -> str:
    url = reader.required("LIVEKIT_URL", "Copy it from your LiveKit project's settings, e.g. wss://….livekit.cloud.")
    scheme, host = scheme_and_host(url)
    if url and (scheme not in {"wss", "ws", "https", "http"} or not host):
        reader.problem("LIVEKIT_URL", "must start with wss:// (or ws:// locally), followed by the server's name.")
    if reader.on_cloud_run and scheme in {"ws", "http"}:
        reader.warnings.append("LIVEKIT_URL is not encrypted: browsers refuse it on https pages. Use wss://.")
    return url.rstrip("/")


def _oidc(reader: Reader) -> OidcSettings:
    preset = reader.text("TOKEN_OIDC_PRESET").lower()
    if preset and preset not in _PRESETS:
        reader.problem("TOKEN_OIDC_PRESET", f"must be one of {', '.join(sorted(_PRESETS))}, or empty.")
    audiences = tuple(reader.listed("TOKEN_OIDC_AUDIENCE"))
    if not audiences:
        reader.problem("TOKEN_OIDC_AUDIENCE", "is not set. Firebase: the project id; Google: the OAuth client id.")
    if preset == "firebase" and len(audiences) > 1:
        reader.problem("TOKEN_OIDC_AUDIENCE", "must be one project id with TOKEN_OIDC_PRESET=firebase.")
    issuer_pattern, jwks_url = _PRESETS.get(preset, ("", ""))
    issuer = reader.text("TOKEN_OIDC_ISSUER") or issuer_pattern.format(audience="".join(audiences[:1]))
    jwks_url = reader.text("TOKEN_OIDC_JWKS_URL") or jwks_url
    if not preset and not issuer:
        reader.problem("TOKEN_OIDC_ISSUER", "is not set. Give the exact iss of your callers' tokens, or a preset.")
    if not preset and not jwks_url:
        reader.problem(
            "TOKEN_OIDC_JWKS_URL", "is not set. It is the jwks_uri in ISSUER/.well-known/openid-configuration."
        )
    reader.jwks_url("TOKEN_OIDC_JWKS_URL", jwks_url)
    # Google signs its own ID tokens with either spelling.
    issuers = (issuer, "accounts.google.com") if issuer == "https://accounts.google.com" else (issuer,)
    required = _required_claims(reader)
    if issuer == "https://accounts.google.com" and not any(claim in ("hd", "email") for claim, _ in required):
        reader.warnings.append(
            "TOKEN_OIDC_PRESET=google: any Google account is a caller. Ask for yours: TOKEN_OIDC_REQUIRE=hd=example.in."
        )
    return OidcSettings(
        issuers=issuers,
        audiences=audiences,
        jwks_url=jwks_url,
        required=required,
        anonymous_accounts=reader.flag("TOKEN_OIDC_ANONYMOUS_ACCOUNTS"),
    )


def _required_claims(reader: Reader) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in reader.listed("TOKEN_OIDC_REQUIRE"):
        claim, equals, value = part.partition("=")
        if not (equals and claim.strip() and value.strip()):
            reader.problem("TOKEN_OIDC_REQUIRE", f"{part!r} is not claim=value, such as email_verified=true.")
        pairs.append((claim.strip(), value.strip()))
    return tuple(pairs)


def _hmac_keys(reader: Reader) -> dict[str, Secret]:
    keys: dict[str, Secret] = {}
    for number, pair in enumerate(reader.listed("TOKEN_HMAC_KEYS"), start=1):
        key_id, _, secret = pair.partition(":")
        place = f"key {number} "  # never the text itself: half of it is a secret
        if not (key_id and secret and key_id.isascii() and key_id.replace("-", "").replace("_", "").isalnum()):
            reader.problem(
                "TOKEN_HMAC_KEYS", place + "is not of the form id:secret with an id of letters, digits, -, _."
            )
        elif key_id in keys:
            reader.problem("TOKEN_HMAC_KEYS", place + "repeats an id. Give each key its own.")
        elif len(secret.encode()) < HMAC_SECRET_BYTES_MIN:
            advice = f"is too short. Use {HMAC_SECRET_BYTES_MIN} random bytes or more."
            if reader.on_cloud_run:
                reader.problem("TOKEN_HMAC_KEYS", place + advice)
            else:
                reader.warnings.append(f"TOKEN_HMAC_KEYS: {place}{advice} Cloud Run refuses it.")
        keys[key_id] = Secret(secret)
    if not keys:
        reader.problem("TOKEN_HMAC_KEYS", "is not set. Give id:secret, the secret from `openssl rand -hex 32`.")
    return keys


def _app_check(reader: Reader) -> AppCheckSettings | None:
    project_number = reader.text("TOKEN_APP_CHECK_PROJECT")
    apps = frozenset(reader.listed("TOKEN_APP_CHECK_APPS"))
    if not project_number:
        if apps:
            reader.problem("TOKEN_APP_CHECK_PROJECT", "is not set, so TOKEN_APP_CHECK_APPS would protect nothing.")
        return None
    if not (project_number.isascii() and project_number.isdigit()):
        reader.problem("TOKEN_APP_CHECK_PROJECT", "must be the project's number, not its id.")
    jwks_url = reader.jwks_url("TOKEN_APP_CHECK_JWKS_URL", reader.text("TOKEN_APP_CHECK_JWKS_URL"))
    return AppCheckSettings(project_number=project_number, apps=apps, jwks_url=jwks_url)


def _origins(reader: Reader) -> frozenset[str]:
    origins = reader.listed("TOKEN_ALLOWED_ORIGINS")
    for origin in origins:
        scheme, _ = scheme_and_host(origin)
        if scheme in SCHEMES_OF_ANYBODY or origin.lower() == "null":
            reader.problem(
                "TOKEN_ALLOWED_ORIGINS",
                f"{origin!r} could be anybody's page. Serve the page from https://, or from its app's own scheme.",
            )
        elif not _ORIGIN.fullmatch(origin.lower()) or not scheme:
            reader.problem(
                "TOKEN_ALLOWED_ORIGINS",
                f"{origin!r} is not an exact origin. Write scheme://host[:port] without a path or wildcard; an app "
                "with a page has one too, such as capacitor://localhost.",
            )
    return frozenset(origin.lower() for origin in origins)


def _client_fields(reader: Reader, auth: str) -> frozenset[str]:
    fields = frozenset(reader.listed("TOKEN_CLIENT_FIELDS"))
    for field in sorted(fields.difference(CONTRACT_FIELDS)):
        nearest = difflib.get_close_matches(field, CONTRACT_FIELDS, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"Known: {', '.join(sorted(CONTRACT_FIELDS))}."
        reader.problem("TOKEN_CLIENT_FIELDS", f"{field!r} is not a field of the contract. {hint}")
    # Whoever picks an identity can throw its owner out of a call, and whoever picks a room can walk into another's:
    # only one's own backend may. With `none` everyone is nobody; a developer may want one room for two callers.
    for field, modes in (("participant_identity", {"hmac"}), ("room_name", {"hmac", "none"})):
        if field in fields and auth not in modes:
            reader.warnings.append(f"TOKEN_CLIENT_FIELDS: {field} is honoured with TOKEN_AUTH=hmac only.")
            fields -= {field}
    return fields
