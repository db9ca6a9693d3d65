"""The function's archive: the same source gives the same bytes, and only what the buildpack needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from terraform_bench import ROOT

from scripts.token_zip import SOURCE, source_files, write_archive


def test_the_same_source_gives_the_same_bytes_wherever_and_whenever(tmp_path):
    """Trap: times, modes and the order of a folder would redeploy the function by themselves."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(SOURCE, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
        path.chmod(0o777)
    assert write_archive(tmp_path / "a.zip") == write_archive(tmp_path / "b.zip", copy)


def test_a_change_of_the_source_changes_the_name(tmp_path):
    copy = tmp_path / "changed"
    shutil.copytree(SOURCE, copy)
    before = write_archive(tmp_path / "a.zip", copy)
    (copy / "main.py").write_text((copy / "main.py").read_text() + "\n")
    assert write_archive(tmp_path / "b.zip", copy) != before


def test_it_holds_the_function_at_its_root_and_nothing_else(tmp_path):
    copy = tmp_path / "function"
    shutil.copytree(SOURCE, copy)
    for litter in (".env", "notes.md", "key.pem", "join_token/__pycache__/x.cpython-311.pyc", "join_token/.cache/x.py"):
        (copy / litter).parent.mkdir(parents=True, exist_ok=True)
        (copy / litter).write_text("SECRET")
    (copy / "link.py").symlink_to(copy / "main.py")
    write_archive(tmp_path / "token.zip", copy)
    with zipfile.ZipFile(tmp_path / "token.zip") as archive:
        names = archive.namelist()
        assert {"main.py", "requirements.txt"} <= set(names)
        assert names == sorted(names)
        assert all(name.endswith(".py") or name == "requirements.txt" for name in names), names
        assert not {"link.py", "join_token/.cache/x.py"} & set(names)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_every_module_of_the_function_is_in_it():
    """Only the archive is seen by the build: no path outside it."""
    modules = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")}
    assert modules == {path.as_posix() for path in source_files() if path.suffix == ".py"}


def test_a_function_without_its_lock_is_refused(tmp_path):
    (tmp_path / "main.py").write_text("")
    with pytest.raises(SystemExit, match=r"no requirements\.txt"):
        source_files(tmp_path)


def test_the_command_says_what_it_made(tmp_path):
    target = tmp_path / "build" / "token.zip"
    command = [sys.executable, str(ROOT / "scripts" / "token_zip.py"), "--target", str(target)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert str(target) in said
    assert "sha256" in said
