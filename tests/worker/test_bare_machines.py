"""A machine without a home directory, or without room for temporary files: a clear word at start, no loop of errors."""

import tempfile
from pathlib import Path

import pytest

from worker import __main__ as worker_main
from worker import settings
from worker.errors import NoTemporaryFolder


def test_a_user_without_a_home_directory_has_a_cache(monkeypatch):
    """Pins: `Path.home()` at import was a traceback before any setting was read."""

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert settings.cache_folder().is_absolute()


def test_a_machine_without_a_temporary_folder_is_refused_in_one_line(monkeypatch):
    """Pins: 615 tracebacks in a minute, SIGTERM not obeyed meanwhile, and `/live` said 200."""

    def none_usable():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp', '/var/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none_usable)
    with pytest.raises(NoTemporaryFolder, match="TMPDIR") as caught:
        worker_main.check_temporary_folder()
    assert "\n" not in str(caught.value)


def test_such_a_worker_exits_as_one_that_did_not_start(monkeypatch, capsys):
    def refused(**_):
        raise NoTemporaryFolder("the worker cannot start", why="no folder", do="Set TMPDIR", retryable=False)

    monkeypatch.setattr(worker_main, "checked_settings", refused)
    assert worker_main.main(["start"]) == worker_main.DID_NOT_START
    assert "Set TMPDIR" in capsys.readouterr().err
