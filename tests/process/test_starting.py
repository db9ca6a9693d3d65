"""A worker that cannot work says why at start, all at once, instead of failing every call."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
GOOD = {
    "LIVEKIT_URL": "ws://127.0.0.1:1",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "a-secret-that-must-not-be-printed",
    "SARVAM_API_KEY": "another-secret-not-to-be-printed",
    "OPENAI_API_KEY": "a-third-secret-not-to-be-printed",
}
PREFIXES = ("LIVEKIT_", "SARVAM_", "OPENAI_", "WORKER_", "STT_", "LLM_", "TTS_", "AGENT_")


def start(environment, *arguments, cwd=ROOT, read_env_file=False):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    kept |= {"VAANI_IGNORE_ENV_FILE": "false" if read_env_file else "true", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "worker", *(arguments or ("start",))],
        env=kept | environment, cwd=cwd, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_a_bad_env_file_is_refused_with_every_problem_and_its_variable(tmp_path):
    (tmp_path / ".env").write_text(
        "LIVEKIT_URL=livekit.example\nWORKER_VADD=silero\nWORKER_MAX_CALLS=many\nTTS_VOICES=hindi=priya\nnonsense\n"
    )
    done = start({"PYTHONPATH": str(ROOT)}, cwd=tmp_path, read_env_file=True)

    assert done.returncode == 2
    for expected in (
        "LIVEKIT_URL", "LIVEKIT_API_KEY is not set", "SARVAM_API_KEY is not set", "OPENAI_API_KEY is not set",
        "WORKER_VADD is not a setting; the nearest is WORKER_VAD", "WORKER_MAX_CALLS", "TTS_VOICES", "line 5",
    ):  # fmt: skip
        assert expected in done.stderr


def test_the_voice_anushka_on_bulbul_v3_is_refused_with_the_voices_that_fit():
    """Pins the trap that the plugin raises in every call, which the framework reports as success."""
    done = start(GOOD | {"TTS_VOICES": "en-IN=anushka"})

    assert done.returncode == 2
    assert "'anushka' for en-IN is no voice of bulbul:v3" in done.stderr
    assert "priya" in done.stderr
    assert "amelia" not in done.stderr, "the plugin takes it, the API does not"


def test_nothing_is_left_of_a_worker_that_refuses_its_settings(tmp_path):
    """Calls' processes are prepared beside the checks: one that goes on alone would hold the terminal for seconds."""
    done = start(GOOD | {"TTS_VOICES": "en-IN=anushka", "TMPDIR": str(tmp_path)})

    assert done.returncode == 2
    assert not list(tmp_path.iterdir())
    assert not [process for process in psutil.process_iter() if of_environment(process, f"TMPDIR={tmp_path}")]


def of_environment(process, variable):
    name, _, value = variable.partition("=")
    try:
        return process.environ().get(name) == value
    except psutil.Error:
        return False  # ended meanwhile


def test_a_v4_flash_voice_of_another_language_is_refused():
    """Pins the trap that on bulbul:v4-flash the language is part of the speaker's name."""
    done = start(GOOD | {"TTS_MODEL": "bulbul:v4-flash", "TTS_VOICES": "ta-IN=aarti_hi_customer"})

    assert done.returncode == 2
    assert "speaks hi, not ta-IN" in done.stderr


def test_the_multilingual_detector_without_its_weights_refuses_to_start(tmp_path):
    """Pins the trap that the worker would start, register, accept calls, and crash in every one."""
    done = start(GOOD | {"WORKER_TURN_DETECTOR": "multilingual", "HF_HOME": str(tmp_path)})

    assert done.returncode == 3
    assert "WORKER_TURN_DETECTOR=multilingual cannot start" in done.stderr
    assert "download-files" in done.stderr


@pytest.mark.parametrize("command", ["start", "dev", "console"])
def test_every_command_explains_itself(command):
    done = start({}, command, "--help")

    assert done.returncode == 0
    assert command in done.stdout


def test_no_secret_is_printed_when_settings_are_refused():
    done = start(GOOD | {"WORKER_VAD": "ears"})

    assert done.returncode == 2
    for name in ("LIVEKIT_API_SECRET", "SARVAM_API_KEY", "OPENAI_API_KEY"):
        assert GOOD[name] not in done.stderr + done.stdout
