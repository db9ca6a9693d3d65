"""`make upgrade-check`: do we stand with the newest versions that our lists allow?

Installs them into a venv of its own and runs there what needs no worker: first the contracts of every reach into the
framework's private parts, then the rules, and the stand-ins against the real plugins. What the lock says is left as it
is; `make lock` takes the new versions over.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.run_tests import environment, rules

ROOT = Path(__file__).parents[1]
UV = ROOT / ".venv" / "bin" / "uv"
VENV = ROOT / ".cache" / "newest"
CONTRACTS = "tests/contracts"
STAND_INS = "tests/sandbox"  # they are spoken to by the real plugins: a changed plugin shows here
COULD_NOT_RUN = 3


def install() -> int:
    """Make the venv anew with the newest versions that requirements/dev.in allows; the installer's exit code."""
    made = subprocess.run([str(UV), "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], check=False)
    if made.returncode:
        return made.returncode
    install = [str(UV), "pip", "install", "--quiet", "--python", str(VENV / "bin" / "python"), "--upgrade"]
    return subprocess.run([*install, "-r", str(ROOT / "requirements" / "dev.in")], check=False).returncode


def newer_than_the_lock() -> list[str]:
    """The packages whose newest allowed version is not the locked one."""
    lock = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines()
    locked = {line.split()[0].lower() for line in lock if "==" in line}
    freeze = [str(UV), "pip", "freeze", "--python", str(VENV / "bin" / "python")]
    installed = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout.split()
    return [line for line in installed if line.lower() not in locked]


def main() -> int:
    if install() != 0:
        print("upgrade-check: the newest allowed packages could not be installed; see the lines above.")
        return COULD_NOT_RUN
    print("upgrade-check: newer than the lock:", ", ".join(newer_than_the_lock()) or "nothing", flush=True)
    pytest = [str(VENV / "bin" / "python"), "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider", "-m", "not nightly"]
    for part, folders in (("contracts", [CONTRACTS]), ("rules and stand-ins", [*rules(), STAND_INS])):
        done = subprocess.run([*pytest, *folders], cwd=ROOT, env=environment(), check=False)
        if done.returncode:
            print(f"upgrade-check: {part} do not hold with these versions; the lock stays as it is.")
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
