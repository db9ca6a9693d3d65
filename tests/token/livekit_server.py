"""A real livekit-server on loopback, for the tests that ask it whether it accepts our tokens."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

_START_SECONDS_MAX = 20.0
_CONFIG = """\
port: {port}
bind_addresses: ["127.0.0.1"]
development: true
keys: {{ devkey: "{secret}" }}
rtc:
  use_external_ip: false
  node_ip: 127.0.0.1
  enable_loopback_candidate: true
  interfaces: {{ includes: [lo] }}
  udp_port: {udp_port}
  tcp_port: 0
agents: {{ target_load: 1.0 }}
logging: {{ level: info }}
"""


def find_livekit_server(root: Path) -> str | None:
    """The binary: from LIVEKIT_SERVER_BIN, the PATH, or where `make setup` builds it."""
    built = root / ".cache" / "go-bin" / "server"
    candidates = (os.environ.get("LIVEKIT_SERVER_BIN"), shutil.which("livekit-server"), str(built))
    return next((path for path in candidates if path and Path(path).is_file()), None)


class LiveKitServer:
    """Starts on free ports, answers health, stops by its own process id."""

    def __init__(self, binary: str, folder: Path, secret: str) -> None:
        self._binary = binary
        self._folder = folder
        self._secret = secret
        self.port = _free_port(socket.SOCK_STREAM)
        self.url = f"ws://127.0.0.1:{self.port}"
        self.http_url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = self._folder / "livekit.yaml"
        text = _CONFIG.format(port=self.port, secret=self._secret, udp_port=_free_port(socket.SOCK_DGRAM))
        config.write_text(text, encoding="utf-8")
        with (self._folder / "livekit.log").open("wb") as log:
            self._process = subprocess.Popen([self._binary, "--config", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"livekit-server did not start:\n{self.log()[-2000:]}")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def log(self) -> str:
        return (self._folder / "livekit.log").read_text(encoding="utf-8", errors="replace")

    def validate(self, token: str) -> tuple[int, str]:
        """Ask the server whether it would let the bearer join."""
        try:
            with urllib.request.urlopen(f"{self.http_url}/rtc/validate?access_token={token}", timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def _exited_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _answers(self) -> bool:
        try:
            # The connection attempt itself is the wait: refused at once, or answered.
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
                pass
            with urllib.request.urlopen(self.http_url, timeout=2) as reply:
                return bool(reply.status == 200)
        except OSError:
            self._exited_within(0.05)
            return False


def _free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
