"""Writes the figures for people: the table with ratios, and what the machine was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bench.contenders import CONTENDERS
from bench.figures import percentile
from bench.stages import STAGES

Content = Mapping[str, Any]
WHAT = {
    "voice_to_voice_p50": "voice to voice, median of finished turns",
    "voice_to_voice_p95": "voice to voice, 95th percentile",
    "voice_to_voice_p50_espeak": "the same median, espeak voices",
    "voice_to_voice_p50_neural": "the same median, neural voice",
    "voice_to_voice_p50_people": "the same median, recorded people",
    "voice_to_voice_p50_streaming": "the same median, streaming recogniser",
    "voice_to_voice_p50_unchosen": "turns that nobody chose: voice to voice, median",
    "voice_to_voice_p90_unchosen": "turns that nobody chose: voice to voice, 90th percentile",
    "voice_to_voice_p50_fast": "providers of 0.52 s: turns that nobody chose, median",
    "voice_to_voice_p50_fast_streaming": "the same with the streaming recogniser",
    "unchosen_up_to_floor_and_quarter_second": "of these, answered within 0.25 s of the floor",
    "unchosen_up_to_floor_and_half_second": "of these, answered after 0.25 to 0.5 s above the floor",
    "unchosen_beyond_floor_and_half_second": "of these, answered later than that",
    "unchosen_unanswered": "of these, never answered",
    "false_cut_offs": "callers cut off, of all paused utterances",
    "false_cut_offs_unfinished": "callers cut off where the words were unfinished",
    "greeting_p50": "greeting after connecting, median",
    "greeting_p50_over_probe": "greeting beside an agent that only plays a tone",
    "greeting_p50_predispatched": "greeting where the agent is in the room first (`TOKEN_PREDISPATCH`)",
    "barge_in_p50": "talked over: voice onset to silence, median",
    "barge_in_false_stops": "other sounds than words, and listening words, that stop the agent",
    "barge_in_words_told_p50": "words over the agent's voice: how much of them is heard before it is stopped, median",
    "barge_in_words_missed": "the same: told from no other sound before they are read",
    "cpu_seconds_per_call_minute": "CPU seconds per minute of call",
    "private_memory_per_call": "private memory of a call",
    "phone_greeting_p50": "telephone: greeting after the answer, median",
    "phone_voice_to_voice_p50": "telephone: voice to voice, median, beside a page",
    "phone_barge_in_p50": "telephone: talked over, voice onset to silence, median",
    "phone_echo_barge_in_p50": "the same on a line that echoes at -20 dB",
    "phone_echo_phantom_turns": "telephone: turns that an echo alone made, in as many calls of a minute",
    "phone_echo_least_heard": "of the stories told in them, heard on the worst line",
    "outbound_hundred_called_twice": "a hundred outbound calls, killed in mid-list: people called twice",
    "outbound_hundred_left_in_rooms": "the same: rooms that are there 5 s after the outcome was told",
    "outbound_hundred_wrong_outcomes": "the same: calls told as what they were not",
    "outbound_hundred_busiest_minute": "the same, 60 a minute: phones rung in the busiest minute",
    "recorded_call_cpu": "recorded calls: CPU seconds per minute of call, beside unrecorded ones",
    "recorded_call_memory": "recorded calls: private memory of a call, beside unrecorded ones",
    "overload_p95_ratio": "half as many callers again as lines: 95th percentile of those let in, times a single call's",
    "greeting_six_at_once": "six callers in one instant: greeting of the one who waits longest, median of rounds",
    "telemetry_cpu": "traced and measured calls: CPU seconds per minute of call, beside others",
    "voice_to_voice_p95_with_a_sick_telemetry_endpoint": "voice to voice, 95th percentile, with an endpoint that hangs",
    "turn_span_against_sound": "by what part of its wait a turn's span differs from its sound, median",
    "recogniser_final_span_against_sound": "how far a stage's span is from its sound, median: last word to transcript",
    "end_of_turn_span_against_sound": "the same: last word to the decision, where the sound waited for it",
    "model_first_token_span_against_sound": "the same: the model's first token",
    "model_first_clause_span_against_sound": "the same: first token to first clause",
    "voice_first_byte_span_against_sound": "the same: the voice's first byte",
    "on_the_way_span_against_sound": "the same: network both ways, and playout where nothing held it back",
    "console_list_p95": "console: a page of the list, any one filter, 95th percentile",
    "console_search_p95": "console: a page of a search in words, 95th percentile",
    "console_month_p95": "console: a month's numbers, 95th percentile",
    "worker_start": "worker start to registered, median",
    "token_import_cpu": "token function, CPU of a start",
    "token_requests_per_second": "token function, requests per second",
    "token_requests_per_second_oidc": "the same with OIDC",
    "token_p99": "token function, 99th percentile of a request",
    "token_slow_connections_p99": "the same for one caller, beside 200 senders who hold back",
    "end_of_turn_at_5_percent": "end of turn offline: mean wait at 5 % of natural pauses cut off",
    "ready_replies_too_early": "end of turn offline: natural pauses in which a reply that is ready would begin",
    "language_decision_p99": "language decision, 99th percentile",
    "records_per_second": "calls' records that one process writes a second",
    "record_loop_p99": "event loop of a call for one turn's record, 99th percentile",
    "record_memory": "private memory of a call for its record, sixty turns with words",
    "killed_calls_records_not_whole": "calls, a quarter of them killed: records missing, double or not whole",
    "killed_calls_webhook_p100": "the same, the receiver away for a minute: the latest webhook, after end or return",
}
MAIN = ("vaani", "seed_pattern", "starter", "floor")
UNITS = {"seconds": "s", "megabytes": "MB", "requests per second": "/s", "calls per second": "/s", "share": "%"}


def bench_page(content: Content) -> str:
    """`out/bench.md`."""
    return "\n".join(
        [
            "# Bench",
            "",
            machine_line(content["machine"]),
            "",
            *table(content["rows"]),
            "",
            "## Who",
            "",
            *(f"* `{each.name}`: {each.what}." for each in CONTENDERS),
            "* `floor`: the sum of the stand-ins' own latencies, one after the other: nothing that waits for all of "
            "them is faster.",
            "",
            "## Where the time of a finished turn goes",
            "",
            *stage_table(content),
            "",
        ]
    )


def machine_line(machine: Mapping[str, Any]) -> str:
    kind = "Short run" if machine["quick"] else "Run"
    trouble = ""
    if late := machine["calls_with_a_late_caller"]:
        trouble = f" In {late} of {machine['calls']} calls the caller itself was late: the machine was busy."
    if wrong := machine["calls_with_errors"]:
        trouble += f" {wrong} calls had errors."
    return (
        f"{kind} of {machine['at']} on {machine['cpus']} x {machine['cpu']}, {machine['memory_gigabytes']} GB, Python "
        f"{machine['python']}, commit {machine['commit']}; {machine['calls']} calls, {machine['minutes']} minutes, "
        f"load average before {machine['load_average_before']}.{trouble}"
    )


def table(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line a row: every contender, the ratio to the seed's pattern, the goal and whether it was met."""
    lines = [
        "| figure | n | vaani | seed_pattern | starter | floor | others | vaani / seed | goal | met |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in rows:
        values, unit = each["values"], each["unit"]
        others = ", ".join(f"{name} {shown(value, unit)}" for name, value in values.items() if name not in MAIN)
        cells = (
            WHAT.get(each["name"], each["name"].replace("_", " ")),
            str(each["n"]),
            *(shown(values.get(name), unit) for name in MAIN),
            others,
            ratio(values.get("vaani"), values.get("seed_pattern")),
            goal_in_words(each["goal"], unit),
            {True: "yes", False: "**no**", None: ""}[each["met"]] + (f": {each['why']}" if "why" in each else ""),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def stage_table(content: Content) -> list[str]:
    """Median of each stage of each contender's finished turns, in milliseconds."""
    stages: dict[str, list[Mapping[str, float]]] = {}
    for each in content["calls"]:
        stages.setdefault(each["contender"], []).extend(turn["stages"] for turn in each["turns"] if turn["stages"])
    names = [each.name for each in CONTENDERS if stages.get(each.name)]
    lines = [f"| stage, median ms | {' | '.join(names)} |", f"|---{'|---' * len(names)}|"]
    for stage in STAGES:
        medians = (percentile([turn[stage] for turn in stages[name]], 0.5) for name in names)
        cells = ("" if value is None else f"{value * 1000:.0f}" for value in medians)
        lines.append(f"| {stage.replace('_', ' ')} | {' | '.join(cells)} |")
    return lines


def shown(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "share":
        return f"{value * 100:.0f} %"
    short = UNITS.get(unit, unit)
    if unit == "seconds" and abs(value) < 0.1:
        return f"{value * 1000:.2f} ms"
    return f"{value:.2f} {short}" if abs(value) < 100 else f"{value:.0f} {short}"


def ratio(ours: float | None, theirs: float | None) -> str:
    return f"{ours / theirs:.2f}" if ours is not None and theirs else ""


def goal_in_words(goal: Mapping[str, Any], unit: str) -> str:
    kind, value = goal["kind"], goal.get("value")
    if kind == "none" or value is None:
        return ""
    if kind == "at_most":
        return f"<= {shown(value, unit)}"
    against = goal.get("against", "floor")
    if kind == "over_floor":
        return f"<= {against} + {shown(value, unit)}" if value else f"<= {against}"
    sign = ">=" if goal.get("bound") == "at_least" else "<="
    return f"{sign} {value:g} x {against}"
