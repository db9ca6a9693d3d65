"""The real livekit-server on loopback: where it is found and how it must be configured there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

VERSION = "1.13.5"
ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".cache" / "go-bin"
HOW_TO_GET_IT = f"""livekit-server {VERSION} is not on this machine. Any of these gives it to you:
  - install Go 1.26 or later and run `make setup`, which builds it once (about two minutes)
  - macOS: brew install livekit
  - download it from the releases of github.com/livekit/livekit and put it on PATH
  - with Docker: copy it out of the image livekit/livekit-server:v{VERSION}"""


def find_server() -> Path | None:
    """LIVEKIT_SERVER_BIN, else PATH, else what `make setup` built."""
    named = os.environ.get("LIVEKIT_SERVER_BIN") or shutil.which("livekit-server")
    if named:
        return Path(named)
    return next((path for path in (BUILT / "livekit-server", BUILT / "server") if path.exists()), None)


def configuration(port: int, udp_port: int, key: str, secret: str, redis_port: int | None = None) -> str:
    """A server that listens on loopback and nowhere else, offline; with Redis it has a telephone half.

    Each line is there for a reason: node_ip alone leaves UDP closed without enable_loopback_candidate; the ICE/TCP
    listener ignores bind_addresses; below target_load 1 a busy machine gives its callers no agent.
    """
    redis = "" if redis_port is None else f"redis: {{ address: 127.0.0.1:{redis_port} }}\n"
    return f"""port: {port}
bind_addresses: ["127.0.0.1"]
development: true
keys: {{ {key}: "{secret}" }}
rtc:
  use_external_ip: false
  node_ip: 127.0.0.1
  enable_loopback_candidate: true
  interfaces: {{ includes: [lo] }}
  udp_port: {udp_port}
  tcp_port: 0
agents: {{ target_load: 1.0 }}
logging: {{ level: info }}
{redis}"""
