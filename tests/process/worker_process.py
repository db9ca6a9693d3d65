"""A worker as its own process, with no call and no provider behind it: what it says, and how it stops."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PREFIXES = ("LIVEKIT_", "SARVAM_", "OPENAI_", "WORKER_", "STT_", "LLM_", "TTS_", "AGENT_")
ENVIRONMENT = {
    "VAANI_IGNORE_ENV_FILE": "true",
    "PYTHONPATH": str(ROOT),
    "LIVEKIT_URL": "ws://127.0.0.1:1",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "a-secret-of-more-than-thirty-two-characters",
    "SARVAM_API_KEY": "none",
    "SARVAM_BASE_URL": "http://127.0.0.1:1",
    "OPENAI_API_KEY": "none",
    "OPENAI_BASE_URL": "http://127.0.0.1:1",
    "WORKER_HEALTH_PORT": "0",
    "WORKER_IDLE_PROCESSES": "2",
}


class WorkerProcess:
    """Reads all that the process writes, line by line."""

    def __init__(self, command="start", **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker", command], env=kept | ENVIRONMENT | environment, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )  # fmt: skip
        self.lines = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            with self._more:
                self.lines.append(line.rstrip())
                self._more.notify_all()

    def until(self, pattern, seconds=60):
        """Wait for a line, and return it."""
        with self._more:
            found = self._more.wait_for(
                lambda: next((line for line in self.lines if re.search(pattern, line)), None), seconds
            )
        assert found, f"no line with {pattern!r} in {seconds} s:\n" + "\n".join(self.lines[-10:])
        return found

    def event(self, name, seconds=60):
        return json.loads(self.until(f'"message": "{re.escape(name)}"', seconds))

    def events(self, name):
        return [json.loads(line) for line in self.lines if f'"message": "{name}"' in line]

    def stop(self, number, seconds):
        """Send a signal; returns the exit code and how long it took."""
        sent_at = time.monotonic()
        self._process.send_signal(number)
        code = self._process.wait(seconds)
        took_seconds = time.monotonic() - sent_at
        self._reader.join(10)
        return code, took_seconds

    def kill(self):
        self._process.kill()
        self._process.wait(10)
