"""Recordings in Google's and Amazon's stores, over their real wire protocols: kept, bounded, told of, and removed."""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys
import time

import pytest

from records.recordings import remove_recording
from sandbox.services.http_on_loopback import running_http
from sandbox.services.object_store import BUCKET, ObjectStore
from tests.recording.surroundings import until
from worker.recording import shelf
from worker.recording.shelf import Shelf, trouble_in

PART = b"OggS" + b"sound" * 5_000
STORES = pytest.mark.parametrize("scheme", ["s3", "gs"])


@pytest.fixture
def store(monkeypatch, tmp_path):
    """A store on loopback that the clients find by their own variables, and a shelf that tries again soon."""
    monkeypatch.setattr(shelf, "FIRST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(shelf, "LONGEST_PAUSE_SECONDS", 0.05)
    made = ObjectStore(slow_seconds=0.3)
    with running_http(made.handle) as url:
        for name, value in made.environment(url, tmp_path).items():
            monkeypatch.setenv(name, value)
        yield made


def shelf_in(scheme, lost, call="call-1", generation=0):
    return Shelf(f"{scheme}://{BUCKET}/of/shop", call, generation, lost.append)


@STORES
def test_parts_of_all_agents_lie_in_the_calls_folder_and_are_the_bytes_that_were_put(store, scheme):
    lost = []
    for generation in (0, 1):
        kept = shelf_in(scheme, lost, generation=generation)
        kept.put(PART, 1764400000.123)
        kept.close(10)
    assert store.objects == {
        "of/shop/call-1/000-00000-1764400000123.ogg": PART,
        "of/shop/call-1/001-00000-1764400000123.ogg": PART,
    }
    assert lost == []


@STORES
def test_a_withdrawal_leaves_no_byte_of_the_call_and_all_of_the_others(store, scheme):
    for call in ("call-1", "call-10", "call-2"):
        other = shelf_in(scheme, [], call)
        other.put(PART, 1.0)
        other.close(10)
    kept = shelf_in(scheme, [], "call-1", 1)
    kept.put(PART, 2.0)
    until(lambda: len(store.objects) == 4)
    kept.put(PART, 3.0)
    kept.erase()
    kept.put(PART, 4.0)
    kept.close(10)
    assert sorted(name.split("/")[2] for name in store.objects) == ["call-10", "call-2"]


@STORES
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("refuses", "the store refuses"),
        ("gone", "the store is gone"),
        ("down", "the store is away"),
    ],
)
def test_a_store_that_takes_nothing_disturbs_nobody_and_the_record_says_which(store, scheme, fault, told):
    lost = []
    store.fault = fault
    kept = shelf_in(scheme, lost)
    began = time.monotonic()
    for number in range(5):
        kept.put(PART, float(number))
    assert time.monotonic() - began < 1.0
    until(lambda: kept._trouble)
    kept.close(0.1)
    assert lost == [f"{told}: its end was not taken in time"]
    store.fault = ""  # and what waited goes there when it is back
    until(lambda: len(store.objects) == 5)


@STORES
def test_what_waits_is_bounded(store, scheme, monkeypatch):
    monkeypatch.setattr(shelf, "MOST_WAITING_BYTES", 3 * len(PART))
    lost = []
    store.fault = "refuses"
    kept = shelf_in(scheme, lost)
    kept.put(PART, 0.0)
    until(lambda: kept._trouble)
    for number in range(1, 9):
        kept.put(PART, float(number))
        assert kept._bytes_waiting <= 3 * len(PART)
    assert lost == ["the store refuses: more waits than may"]
    store.fault = ""
    kept.close(10)
    assert sorted(int(name.split("-")[2]) for name in store.objects) == [0, 1, 2]


@STORES
def test_a_slow_store_gets_everything_a_little_later(store, scheme):
    lost = []
    store.fault = "slow"
    kept = shelf_in(scheme, lost)
    for number in range(3):
        kept.put(PART, float(number))
    kept.close(10)
    assert (len(store.objects), lost) == (3, [])


@STORES
def test_a_store_that_never_answers_is_given_up_part_by_part(store, scheme, monkeypatch):
    """Pins: the library's own three minutes of tries, in which nothing could be erased."""
    from records import recordings

    monkeypatch.setattr(recordings, "ANSWER_SECONDS", 1)
    store.fault, store.slow_seconds = "slow", 60.0
    lost = []
    kept = shelf_in(scheme, lost)
    kept.put(PART, 0.0)
    until(lambda: kept._trouble)
    assert kept._trouble == "the store is too slow"
    store.fault = ""
    kept.erase()
    kept.close(10)
    assert (store.objects, lost) == ({}, [])


@STORES
@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "GOOGLE_SERVICE_ACCOUNT"])
def test_the_stand_in_lets_in_nobody_whom_the_store_does_not_know(store, scheme, variable, monkeypatch, tmp_path):
    other = ObjectStore().environment("http://127.0.0.1:1", tmp_path)
    own = {"AWS_SECRET_ACCESS_KEY": "another", "GOOGLE_SERVICE_ACCOUNT": other["GOOGLE_SERVICE_ACCOUNT"]}
    text = (tmp_path / "service-account.json").read_text(encoding="utf-8")
    assert "gcs_base_url" in text
    if (scheme == "s3") != variable.startswith("AWS"):
        return
    monkeypatch.setenv(variable, own[variable])
    lost = []
    kept = shelf_in(scheme, lost)
    kept.put(PART, 0.0)
    until(lambda: kept._trouble)
    kept.close(0.1)
    assert store.objects == {}


@STORES
def test_the_retention_of_records_removes_it_as_well(store, scheme):
    kept = shelf_in(scheme, [])
    kept.put(PART, 0.0)
    kept.close(10)
    asyncio.run(remove_recording(kept.url))
    assert store.objects == {}
    asyncio.run(remove_recording(kept.url))  # and what is gone is gone


# ---- a folder

FULL_DISK = """
import sys, threading
from worker.recording import shelf
shelf.FIRST_PAUSE_SECONDS = shelf.LONGEST_PAUSE_SECONDS = 0.02
kept = shelf.Shelf("file://" + sys.argv[1], "call-1", 0, print)
kept.put(b"s" * 20_000, 1.0)
kept.put(b"x" * 100, 2.0)
while not kept._trouble:
    threading.Event().wait(0.01)
kept.close(0.2)
"""


def test_a_full_disk_is_told_and_leaves_no_half_of_a_part(tmp_path):
    def no_file_beyond_ten_kilobytes():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], preexec_fn=no_file_beyond_ten_kilobytes,
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == "the disk is full: its end was not taken in time"
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size] == []


def test_what_a_killed_process_had_half_written_goes_with_the_rest(tmp_path):
    """Pins: the library lists no file that it has not finished."""
    kept = Shelf(f"file://{tmp_path}", "call-1", 0, print)
    kept.put(PART, 1.0)
    kept.close(10)
    (tmp_path / "call-1" / "000-00001-2000.ogg#1").write_bytes(PART)
    last = Shelf(f"file://{tmp_path}", "call-1", 1, print)
    last.erase()
    last.close(10)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "the disk is full"),
        (OSError(122, "Disk quota exceeded"), "the disk is full"),
        (PermissionError(13, "Permission denied"), "the store refuses"),
        (OSError(30, "Read-only file system"), "the store refuses"),
        (TimeoutError("operation timed out"), "the store is too slow"),
        (ConnectionError("refused"), "the store is away"),
    ],
)
def test_every_trouble_is_told_in_words(error, told):
    assert trouble_in(error) == told
