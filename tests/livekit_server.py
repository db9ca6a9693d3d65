"""A real livekit-server on loopback, for tests that need nothing else of the stack."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from sandbox.stack.livekit_server import HOW_TO_GET_IT, configuration, find_server
from sandbox.stack.processes import free_port
from tests.needs import missing

_START_SECONDS_MAX = 20.0


class LiveKitServer:
    """Starts on free ports, answers health, stops by its own process id."""

    def __init__(self, folder: Path, key: str, secret: str) -> None:
        self._folder = folder
        self._key = key
        self._secret = secret
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        self.http_url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        binary = find_server()
        if binary is None:
            missing(HOW_TO_GET_IT)
        config = self._folder / "livekit.yaml"
        text = configuration(self.port, free_port(socket.SOCK_DGRAM), self._key, self._secret)
        config.write_text(text, encoding="utf-8")
        with (self._folder / "livekit.log").open("wb") as log:
            self._process = subprocess.Popen([str(binary), "--config", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS_MAX
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"livekit-server did not start:\n{self.log()[-2000:]}")

    def stop(self) -> None:
        self._process.kill()  # asked nicely, it would wait for the rooms that a test left open
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
