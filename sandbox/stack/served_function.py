"""The token function as a process of its own, the way functions-framework serves it in production."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from sandbox.stack.processes import free_port

_START_SECONDS_MAX = 40.0


class ServedFunction:
    """Starts on a free port, answers /health, stops by its own process id. `output()` is all it wrote."""

    def __init__(self, folder: Path, main: Path, env: dict[str, str], python: str = sys.executable) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "token.log"
        command = [python, "-m", "functions_framework", "--target=token", f"--source={main}"]
        command += ["--host=127.0.0.1", f"--port={port}"]
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, env={**clean, **env}, stdout=log, stderr=log)
        self._wait_for_health()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(15)

    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _wait_for_health(self) -> None:
        deadline = time.monotonic() + _START_SECONDS_MAX
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                    return
            except OSError:
                if self._ended_within(0.05) or time.monotonic() > deadline:
                    self.process.kill()
                    raise RuntimeError(f"the token function did not start:\n{self.output()[-2000:]}") from None

    def _ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True
