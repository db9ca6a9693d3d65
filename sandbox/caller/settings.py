"""What the caller reads from its environment, and nothing else."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.caller.control_client import Control
from sandbox.caller.errors import BadPlan
from sandbox.caller.plan import DEFAULT_SCRIPT
from sandbox.caller.token_source import Authorization, Bearer, HmacKey

DESCRIPTIONS = {
    "CALL_TOKEN_URL": "The token endpoint to call through. `make call` without it starts a stack of its own.",
    "CALL_BEARER": "An identity token for an endpoint with TOKEN_AUTH=oidc.",
    "CALL_HMAC_KEY": "id:secret, for an endpoint with TOKEN_AUTH=hmac.",
    "CALL_SCRIPT": "The script to speak, a TOML file; by default the one of the demo.",
    "CALL_CONTROL_URL": "The sandbox whose recogniser is told what it hears; leave out against a deployed stack.",
    "CALL_SCOPE": "The sandbox scope to tell it to: the API key of the worker's providers. Default `default`.",
    "CALL_OUT_DIR": "Where call.wav and call.json go. Default `out`.",
}


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """Everything that can be set about one call from outside."""

    token_url: str
    auth: Authorization | None = None
    control: Control | None = None
    script: Path = DEFAULT_SCRIPT
    out_dir: Path = field(default_factory=lambda: Path("out"))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> CallerSettings:
        """Raises BadPlan with all problems at once; no secret is repeated in them."""
        values = {name: value for name, value in environment.items() if name.startswith("CALL_") and value}
        problems = [_unknown(name) for name in sorted(values.keys() - DESCRIPTIONS.keys())]
        token_url = values.get("CALL_TOKEN_URL", "")
        if not token_url:
            problems.append("CALL_TOKEN_URL is not set: the caller needs a token endpoint, e.g. http://127.0.0.1:8080/")
        for name in ("CALL_TOKEN_URL", "CALL_CONTROL_URL"):
            parts = urlsplit(values.get(name, "http://unset"))
            if parts.scheme not in {"http", "https"} or not parts.netloc:
                problems.append(f"{name} must start with http:// or https:// and name a host")
        if "CALL_BEARER" in values and "CALL_HMAC_KEY" in values:
            problems.append("CALL_BEARER and CALL_HMAC_KEY are both set: an endpoint takes one of them")
        auth: Authorization | None = Bearer(values["CALL_BEARER"]) if "CALL_BEARER" in values else None
        if "CALL_HMAC_KEY" in values:
            try:
                auth = HmacKey.parse(values["CALL_HMAC_KEY"])
            except BadPlan as error:
                problems.append(str(error))
        control = None
        if "CALL_CONTROL_URL" in values:
            control = Control(values["CALL_CONTROL_URL"], values.get("CALL_SCOPE", "default"))
        if problems:
            raise BadPlan("settings of the caller", problems)
        script = Path(values.get("CALL_SCRIPT", DEFAULT_SCRIPT))
        return cls(token_url, auth, control, script, Path(values.get("CALL_OUT_DIR", "out")))


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, DESCRIPTIONS, n=1)
    return f"{name} is unknown" + (f"; did you mean {near[0]}?" if near else f"; known: {', '.join(DESCRIPTIONS)}")
