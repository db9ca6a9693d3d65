"""`python -m bench.witness`: what voicebench, a public tool, measures when it phones the stack.

Four everyday sentences, a barge-in, a cough and a noise. Leaves out/witness.json. Exit codes: 0 nothing was missed, no
noise stopped the agent, and no answer took more than MAX_SECONDS; 1 otherwise; 3 a part did not start.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

import numpy as np

from bench.utterances.render import spread_words, voiced_span
from bench.utterances.voices import SAMPLE_RATE_HZ, sound
from sandbox.caller.control_client import queue_transcript
from sandbox.stack.processes import ProcessFailed
from sandbox.stack.stack import ROOT, Stack, StackOptions

GOOD, MISSED, DID_NOT_START = 0, 1, 3
VENV = ROOT / ".cache" / "witness"
LOCK = ROOT / "requirements" / "witness.txt"
AGENT_NAME = "vaani"
MAX_SECONDS = 3.0  # twice what anybody would call a good answer: a bound for a shared machine, not a goal
VOICE = ("piper", "joe")
SENTENCES = (
    "Hello, I would like to know about my last order.",
    "Can somebody deliver it on Sunday as well?",
    "It was not right the last time, so please do it.",
    "Tell me as soon as you can.",
)
BARGE_IN = "Wait a moment, please."


def main() -> int:
    """Returns the exit code."""
    try:
        prepare()
        found = asyncio.run(measure())
    except (ProcessFailed, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return DID_NOT_START
    out = ROOT / "out" / "witness.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for line in report(found):
        print(line)
    return GOOD if is_good(found) else MISSED


def prepare() -> None:
    """voicebench in a venv of its own, every hash checked; instant when it is there."""
    stamp, wanted = VENV / ".installed", LOCK.read_text(encoding="utf-8")
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print("installing voicebench into .cache/witness", flush=True)
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], check=True)
    sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(VENV / "bin" / "python"), str(LOCK)]
    subprocess.run(sync, check=True)
    stamp.write_text(wanted, encoding="utf-8")


async def measure() -> dict[str, Any]:
    """One session on a stack of its own; latencies in seconds, the tool's queue taken off."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Stack(StackOptions(on_progress=print)) as stack:
            for text in (*SENTENCES, BARGE_IN):
                await queue_transcript(stack.control, said(text, folder))
            scenario = folder / "scenario.json"  # YAML reads JSON
            scenario.write_text(json.dumps(scenario_of(folder)), encoding="utf-8")
            found = folder / "found.json"
            program = Path(__file__).with_name("join_and_measure.py")
            keys = (stack.livekit_url, stack.api_key, stack.api_secret)
            process = await asyncio.create_subprocess_exec(
                str(VENV / "bin" / "python"), str(program), str(scenario), str(found), *keys, AGENT_NAME
            )
            if await process.wait() != 0:
                raise ProcessFailed("voicebench", f"ended with {process.returncode}", program)
            content: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    for turn in content["turns"]:
        latency = turn["response_latency_ms"]
        turn["answer_seconds"] = None if latency is None else round(latency / 1000 - content["queue_seconds"], 3)
        stop = turn["stop_latency_ms"]
        turn["stop_seconds"] = None if stop is None else round(stop / 1000 - content["queue_seconds"], 3)
    return content


def wav_of(text: str, folder: Path) -> Path:
    return folder / f"{abs(hash(text))}.wav"


def said(text: str, folder: Path) -> dict[str, object]:
    """The sentence as a file, and what the stand-in recogniser is to hear in it."""
    samples = sound(*VOICE, text, "en-IN")
    first, last = voiced_span(samples)
    samples = samples[round(first * SAMPLE_RATE_HZ) : round(last * SAMPLE_RATE_HZ)]
    with wave.open(str(wav_of(text, folder)), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(np.asarray(samples, dtype=np.int16).tobytes())
    seconds = len(samples) / SAMPLE_RATE_HZ
    words = [{"text": word.text, "end_seconds": word.end_seconds} for word in spread_words(text, 0.0, seconds)]
    return {"text": text, "language": "en-IN", "probability": 0.95, "duration_seconds": seconds, "words": words}


def scenario_of(folder: Path) -> dict[str, Any]:
    """voicebench's scenario: each sentence after the agent has spoken, then what must and what must not stop it."""
    after_speech = {"after": "agent_speech_end", "delay_ms": 1200, "timeout_ms": 15000}
    in_speech = {"after": "agent_speech_start", "delay_ms": 900, "timeout_ms": 15000}
    turns: list[dict[str, Any]] = [
        {"id": f"sentence-{number}", "audio": {"file": str(wav_of(text, folder))}, "start": after_speech}
        for number, text in enumerate(SENTENCES, 1)
    ]
    cough = {"synth": "noise", "duration_ms": 180, "level_db": -30}
    noise = {"synth": "noise", "duration_ms": 400, "level_db": -35}
    turns.insert(3, {"id": "cough", "audio": cough, "start": in_speech, "expect": "ignore"})
    turns.insert(2, {"id": "noise", "audio": noise, "start": in_speech, "expect": "ignore"})
    turns.append(
        {"id": "barge-in", "audio": {"file": str(wav_of(BARGE_IN, folder))}, "start": in_speech, "expect": "stop"}
    )
    return {
        "name": "everyday",
        "sample_rate": SAMPLE_RATE_HZ,
        "defaults": {"response_timeout_ms": 8000, "max_stop_ms": 1500},
        "turns": turns,
    }


def report(found: dict[str, Any]) -> list[str]:
    """What a person reads."""
    lines = [f"voicebench's own queue, taken off every figure: {found['queue_seconds']:.2f} s"]
    for turn in found["turns"]:
        seconds = turn["stop_seconds"] if turn["expect"] == "stop" else turn["answer_seconds"]
        told = "" if seconds is None else f" {seconds:.2f} s"
        verdict = "good" if turn["passed"] else "MISSED: " + "; ".join(turn["notes"])
        lines.append(f"{turn['id']:12s} {turn['expect']:8s}{told} {verdict}")
    return lines


def is_good(found: dict[str, Any]) -> bool:
    answers = [turn["answer_seconds"] for turn in found["turns"] if turn["expect"] == "respond"]
    return all(turn["passed"] for turn in found["turns"]) and all(
        seconds is not None and seconds <= MAX_SECONDS for seconds in answers
    )


if __name__ == "__main__":
    sys.exit(main())
