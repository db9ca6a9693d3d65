"""Builds Dockerfile.worker for the tests, on a base made on this machine: no registry of images is needed."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.needs import missing

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "container"
SUITE, PACKAGES = "bookworm", "python3,python3-venv,ca-certificates"
SLIM = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale", "info", "bash-completion")]
TOOLS = ("buildah", "mmdebstrap")
BUILD_SECONDS_MAX = 900


class Buildah:
    """One storage folder of our own, gone at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "BUILDAH_ISOLATION": os.environ.get("BUILDAH_ISOLATION", "chroot")}
        driver = os.environ.get("STORAGE_DRIVER", "vfs")
        self.command = [
            "buildah",
            "--storage-driver",
            driver,
            "--root",
            str(folder / "store"),
            "--runroot",
            str(folder / "run"),
        ]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.command, *arguments],
            capture_output=True,
            text=True,
            env=self.env,
            timeout=BUILD_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"buildah {' '.join(arguments)}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        return done.stdout.strip()

    def remove(self) -> None:
        with contextlib.suppress(AssertionError):
            self.run("rm", "--all")
        shutil.rmtree(self.folder, ignore_errors=True)


def base_archive() -> Path:
    """Debian with its own Python, as a tar; made once (about a minute) and kept under .cache/."""
    key = hashlib.sha256(" ".join([SUITE, PACKAGES, *SLIM]).encode()).hexdigest()[:12]
    archive = CACHE / f"base-{SUITE}-{key}.tar"
    if not archive.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        half = archive.with_suffix(f".{os.getpid()}.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", *SLIM, SUITE, str(half)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS_MAX, check=False)
        if done.returncode != 0:
            half.unlink(missing_ok=True)
            missing(f"mmdebstrap could not make a base (it needs Debian's mirrors):\n{done.stderr[-2000:]}")
        half.replace(archive)
    return archive


def pip_mounts(folder: Path) -> list[str]:
    """How this machine reaches the package index, for the build only: nothing of it stays in the image."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings = configparser.ConfigParser(interpolation=None)
    settings["global"] = {}
    mounts = []
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        option, value = name.rpartition(".")[2], value.strip("'")
        if option == "cert" and Path(value).is_file():
            inside = "/run/index-certificates.crt"
            mounts = ["--volume", f"{value}:{inside}:ro"]
            settings["global"][option] = inside
        elif option in ("index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout", "timeout"):
            settings["global"][option] = value
    conf = folder / "pip.conf"
    with conf.open("w", encoding="utf-8") as file:
        settings.write(file)
    return [*mounts, "--volume", f"{conf}:/etc/pip.conf:ro"]


def build(folder: Path) -> tuple[Buildah, dict[str, object]]:
    """The image, and what was measured about it."""
    lock = ROOT / "requirements" / "worker.txt"
    if not lock.is_file():
        missing(f"{lock} is missing; `make lock` writes it")
    for tool in TOOLS:
        if shutil.which(tool) is None:
            missing(f"{tool} is missing: apt-get install {' '.join(TOOLS)}")
    archive = base_archive()
    buildah = Buildah(folder)
    base = buildah.run("from", "scratch")
    buildah.run("add", "--quiet", base, str(archive), "/")
    buildah.run("commit", "--quiet", "--rm", base, "vaani-test-base")
    started = time.monotonic()
    buildah.run(
        "bud", "--quiet", "--pull-never", "--format", "docker", "--build-arg", "BASE=localhost/vaani-test-base",
        *pip_mounts(folder), "--ignorefile", str(ROOT / ".dockerignore"), "-f", str(ROOT / "Dockerfile.worker"),
        "-t", "vaani-test-worker", str(ROOT),
    )  # fmt: skip
    sizes = json.loads(buildah.run("images", "--json"))
    megabytes = {name.rpartition("/")[2]: image["size"] for image in sizes for name in image["names"] or []}
    return buildah, {"build_seconds": round(time.monotonic() - started, 1), "sizes": megabytes}
