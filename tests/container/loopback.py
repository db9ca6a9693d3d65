"""The rest of a call, on loopback: livekit-server, the token function, the providers' stand-ins."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from image_bench import ROOT, missing

API_KEY, API_SECRET = "containerkey", secrets.token_urlsafe(32)
CONFIG = """\
port: {port}
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
logging: {{ level: warn }}
"""


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def livekit_server() -> str:
    built = ROOT / ".cache" / "go-bin" / "server"
    for path in (os.environ.get("LIVEKIT_SERVER_BIN"), shutil.which("livekit-server"), str(built)):
        if path and Path(path).is_file():
            return path
    missing("there is no livekit-server; `make setup` builds it (Go), or set LIVEKIT_SERVER_BIN")
    raise AssertionError


@dataclass
class Process:
    """A process whose lines can be waited for, and which is stopped with all it has started."""

    name: str
    popen: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    def start(cls, name: str, command: list[str], env: dict[str, str], cwd: Path = ROOT) -> Process:
        popen = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=env,
            cwd=cwd,
        )
        process = cls(name, popen)
        threading.Thread(target=process._read, daemon=True).start()
        return process

    def _read(self) -> None:
        assert self.popen.stdout
        for line in self.popen.stdout:
            with self._changed:
                self.lines.append(line.rstrip())
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for_line(self, wanted: Callable[[str], bool], *, seconds: float) -> str:
        """The first line that fits; fails with the last lines if the process ends or the time is over."""
        deadline, seen = time.monotonic() + seconds, 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if wanted(line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                assert left > 0, f"{self.name} is late: {self.tail()}"
                assert self.popen.poll() is None, f"{self.name} has ended: {self.tail()}"
                self._changed.wait(min(left, 1))

    def tail(self, count: int = 40) -> str:
        return "\n".join(self.lines[-count:])

    def stop(self) -> None:
        family: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(self.popen.pid).children(recursive=True)
        self.popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(12)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(10)


def answers(url: str, process: Process, *, seconds: float = 60) -> None:
    """Wait until `url` answers 200."""
    deadline = time.monotonic() + seconds
    tick = threading.Event()
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert process.popen.poll() is None, f"{process.name} has ended: {process.tail()}"
            assert time.monotonic() < deadline, f"{process.name} is late: {process.tail()}"
        tick.wait(0.1)


@dataclass(frozen=True)
class Stack:
    """Where everything listens, and what a worker must be told."""

    livekit_url: str
    token_url: str
    sandbox_url: str
    worker_env: dict[str, str]


@contextlib.contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """livekit-server, the token function and the stand-ins, stopped at the end."""
    port, token_port, sandbox_port = free_port(), free_port(), free_port()
    config = folder / "livekit.yaml"
    config.write_text(
        CONFIG.format(port=port, key=API_KEY, secret=API_SECRET, udp_port=free_port(socket.SOCK_DGRAM)),
        encoding="utf-8",
    )
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("TOKEN_", "WORKER_", "SANDBOX_"))
    }
    livekit = {"LIVEKIT_URL": f"ws://127.0.0.1:{port}", "LIVEKIT_API_KEY": API_KEY, "LIVEKIT_API_SECRET": API_SECRET}
    with contextlib.ExitStack() as started:

        def start(name: str, command: list[str], **extra: str) -> Process:
            process = Process.start(name, command, {**plain, "VAANI_IGNORE_ENV_FILE": "true", **extra})
            started.callback(process.stop)
            return process

        server = start("livekit-server", [livekit_server(), "--config", str(config)])
        sandbox = start(
            "sandbox", [sys.executable, "-m", "sandbox", "serve", "--host", "127.0.0.1", "--port", str(sandbox_port)]
        )
        token = start(
            "token function",
            [
                sys.executable, "-m", "functions_framework", "--target=token", "--host=127.0.0.1",
                f"--port={token_port}", f"--source={ROOT / 'functions' / 'token' / 'main.py'}",
            ],
            TOKEN_AUTH="none", TOKEN_ALLOW_ANONYMOUS="true", AGENT_NAME="vaani-container", **livekit,
        )  # fmt: skip
        answers(f"http://127.0.0.1:{port}/", server)
        answers(f"http://127.0.0.1:{token_port}/health", token)
        answers(f"http://127.0.0.1:{sandbox_port}/control/health", sandbox, seconds=120)
        yield Stack(
            livekit_url=livekit["LIVEKIT_URL"],
            token_url=f"http://127.0.0.1:{token_port}",
            sandbox_url=f"http://127.0.0.1:{sandbox_port}",
            worker_env={
                **livekit,
                "AGENT_NAME": "vaani-container",
                "SARVAM_API_KEY": "sandbox-container",
                "OPENAI_API_KEY": "sandbox-container",
                "SARVAM_BASE_URL": f"http://127.0.0.1:{sandbox_port}",
                "OPENAI_BASE_URL": f"http://127.0.0.1:{sandbox_port}/v1",
                "NUM_CPUS": "2",
                "WORKER_DRAIN_SECONDS": "3",
                # Under test the address is this machine's, so only loopback may see it.
                "WORKER_HEALTH_HOST": "127.0.0.1",
                "WORKER_HEALTH_PORT": str(free_port()),
            },
        )


def place_call(stack: Stack, out: Path) -> tuple[int, dict[str, object], str]:
    """One scripted call by `python -m sandbox call`: exit code, its call.json, what it printed."""
    done = subprocess.run(
        [
            sys.executable, "-m", "sandbox", "call", "--token-url", stack.token_url, "--control-url", stack.sandbox_url,
            "--scope", "sandbox-container", "--out", str(out),
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=150, check=False,
        env={**os.environ, "VAANI_IGNORE_ENV_FILE": "true"},
    )  # fmt: skip
    report = out / "call.json"
    return done.returncode, json.loads(report.read_text()) if report.is_file() else {}, done.stdout + done.stderr
