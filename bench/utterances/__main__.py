"""`python -m bench.utterances` lists the utterances and writes each as WAV, its truth beside it, to out/."""

import json
import sys
import wave
from pathlib import Path

from bench.utterances import RECORDINGS_HELP, Utterance, load_table, recordings_installed, render_utterance, usable
from bench.utterances.render import RenderedUtterance, describe

OUT = Path("out/utterances")


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    rows = usable()
    for row in rows:
        rendered = render_utterance(row)
        _write(rendered)
        print(_line(rendered))
    print(_summary(rows))
    if not recordings_installed():
        print(f"{len(load_table()) - len(rows)} left out: {RECORDINGS_HELP}", file=sys.stderr)
    return 0


def _write(rendered: RenderedUtterance) -> None:
    name = rendered.utterance.id
    with wave.open(str(OUT / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rendered.sample_rate_hz)
        file.writeframes(rendered.samples.tobytes())
    text = json.dumps(describe(rendered), ensure_ascii=False, indent=1)
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _line(rendered: RenderedUtterance) -> str:
    row = rendered.utterance
    pause = f"pause {row.pause_seconds:.1f} s {'unfinished' if row.unfinished else 'finished  '}" if row.paused else ""
    voice = "real" if row.engine == "recording" else f"{row.engine}:{row.voice}"
    columns = (
        f"{row.id:20} {row.language} {row.kind:9} {voice:15} {rendered.duration_seconds:5.2f} s",
        f"{'noise' if row.noise else '':5} {pause:21} {row.text}",
    )
    return " ".join(columns)


def _summary(rows: tuple[Utterance, ...]) -> str:
    paused = [row for row in rows if row.paused]
    unfinished = sum(row.unfinished for row in paused)
    noisy = sum(row.noise for row in rows)
    real = sum(row.engine == "recording" for row in rows)
    return (
        f"\n{len(rows)} utterances in {OUT}/: {len(paused)} with a pause ({unfinished} unfinished there), "
        f"{noisy} with noise, {real} by real people"
    )


if __name__ == "__main__":
    sys.exit(main())
