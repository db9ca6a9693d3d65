"""What the worker's image will hold, without building it: `make nightly` builds it, calls it and stops it."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from image_bench import ROOT

OURS = ("worker", "records")
DOCKERFILE = (ROOT / "Dockerfile.worker").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The folder that the image starts in, as the Dockerfile fills it from the repository."""
    folder = tmp_path_factory.mktemp("app")
    for source, target in copied_from_the_repository():
        if source in OURS:
            shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def copied_from_the_repository():
    arguments = dict(re.findall(r"^ARG (\w+)=(\S+)$", DOCKERFILE, re.MULTILINE))
    lines = re.findall(r"^COPY (?!--from)(\S+) (\S+)$", DOCKERFILE, re.MULTILINE)
    return [(re.sub(r"\$\{(\w+)\}", lambda match: arguments[match[1]], source), target) for source, target in lines]


def test_what_it_copies_is_in_the_repository_and_let_through_to_the_build():
    sources = [source for source, _ in copied_from_the_repository()]
    assert sources == ["requirements/worker.txt", "requirements/weights.txt", *OURS]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored


def test_the_worker_starts_from_what_the_image_holds_and_names_the_settings_it_lacks(app):
    """Trap: a module that imports another room of the repository works everywhere but in the image."""
    command = re.search(r"^CMD \[(.+)\]$", DOCKERFILE, re.MULTILINE)[1].replace('"', "").split(", ")
    assert command == ["python", "-m", "worker", "start"]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, *command[1:]],
        cwd=app,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "SARVAM_API_KEY", "OPENAI_API_KEY"):
        assert name in done.stdout + done.stderr


def test_every_module_of_ours_can_be_imported_there(app):
    modules = sorted(
        ".".join(path.relative_to(app).with_suffix("").parts).removesuffix(".__init__")
        for package in OURS
        for path in (app / package).rglob("*.py")
        if path.name != "__main__.py" and "migrations" not in path.parts  # those Alembic runs, with a database open
    )
    source = f"import importlib\nfor name in {modules}:\n    importlib.import_module(name)\n"
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=app, capture_output=True, text=True, timeout=100, check=False,
        env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_it_runs_as_nobody_in_particular_and_no_secret_is_set_in_it():
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10001"]
    set_in_it = re.findall(r"\b(\w+)=", "\n".join(re.findall(r"^(?:ENV|ARG) (?:.*\\\n)*.*", DOCKERFILE, re.MULTILINE)))
    assert set_in_it
    assert not [
        name for name in set_in_it if name.endswith(("_KEY", "_SECRET", "_TOKEN")) or name.startswith("LIVEKIT")
    ]
