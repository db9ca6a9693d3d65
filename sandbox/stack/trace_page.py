"""Draws a call's trace as one page that needs nothing else: what each turn waited for, and every span of the call."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.services.otlp import ReceivedSpan

ROOTS = ("token.request", "job_entrypoint")
TURN = "turn"
# In the order in which a caller waits for them; the colours can be told apart without red and green.
STAGES: Mapping[str, tuple[str, str]] = {
    "recogniser_final": ("recogniser", "#0072b2"),
    "end_of_turn": ("end of turn", "#56b4e9"),
    "model_first_token": ("model, first token", "#e69f00"),
    "model_first_clause": ("model, first clause", "#f0e442"),
    "voice_first_byte": ("voice, first sound", "#009e73"),
    "playout": ("playout", "#cc79a7"),
    "network": ("network", "#999999"),
}
_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em }
body { color: #222; background: #fff }
h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 2em }
.turn, .span { display: grid; grid-template-columns: 22em 1fr 6em; gap: .5em; align-items: center }
.turn, .span { border-bottom: 1px solid #eee }
.track { position: relative; height: 1.1em; background: #f6f6f6 }
.bar { position: absolute; top: 0; bottom: 0; min-width: 1px; background: #7a93b8 } .bar.error { background: #d55e00 }
.name { overflow: hidden; white-space: nowrap; text-overflow: ellipsis }
.seconds { text-align: right; font-variant-numeric: tabular-nums }
.slowest { font-weight: bold } .key span { display: inline-block; margin-right: 1.2em }
.key i { display: inline-block; width: .9em; height: .9em; margin-right: .3em; vertical-align: -.1em }
details summary { cursor: pointer; list-style: none } dl { margin: .2em 0 .6em 2em; font-size: .9em; color: #555 }
dt { float: left; clear: left; margin-right: .6em } dd { margin: 0 } dt::after { content: ":" }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } .track { background: #262626 }
.turn, .span { border-color: #2c2c2c } dl { color: #aaa } }
"""


@dataclass(frozen=True, slots=True)
class SlowestTurn:
    """The turn that its caller waited for longest, and what for."""

    number: int
    seconds: float
    stage: str
    stage_seconds: float

    def __str__(self) -> str:
        name = STAGES.get(self.stage, (self.stage, ""))[0]
        return f"turn {self.number}, {self.seconds:.2f} s, of which {name} {self.stage_seconds:.2f} s"


def slowest_turn(spans: Sequence[ReceivedSpan]) -> SlowestTurn | None:
    """Return the slowest turn of a call; None where there is none."""
    turn = max((span for span in spans if span.name == TURN), key=lambda span: span.seconds, default=None)
    if turn is None:
        return None
    waited = {stage.name: _waited(stage) for stage in _stages(turn, spans)}
    stage = max(waited, key=lambda name: waited[name], default="")
    return SlowestTurn(int(turn.attributes.get("vaani.turn", 0)), turn.seconds, stage, waited.get(stage, 0.0))


def trace_page(spans: Sequence[ReceivedSpan]) -> str:
    """Return the page, a whole HTML document."""
    slowest = slowest_turn(spans)
    title = f"A call's trace: {len(spans)} spans"
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>",
        f'<meta name=viewport content="width=device-width"><style>{_STYLE}</style><h1>{title}</h1>',
        f"<p>Trace <code>{html.escape(spans[0].trace_id)}</code></p>" if spans else "<p>No span has come.</p>",
        f"<p class=slowest>Slowest: {html.escape(str(slowest))}</p>" if slowest is not None else "",
        "<h2>What each turn's caller waited for</h2>",
        "<p>From the caller's last word to the reply's first sound. A reply that is begun early costs no wait.</p>",
        _key(),
        *_turns(spans, slowest),
        "<h2>Every span</h2><p>Indented under the span that it belongs to; open one for what it says of itself.</p>",
        *_waterfall(spans),
        "</html>",
    ]
    return "\n".join(parts)


def _key() -> str:
    return "<p class=key>" + "".join(
        f'<span><i style="background:{colour}"></i>{name}</span>' for name, colour in STAGES.values()
    ) + "</p>"  # fmt: skip


def _turns(spans: Sequence[ReceivedSpan], slowest: SlowestTurn | None) -> Iterator[str]:
    turns = sorted((span for span in spans if span.name == TURN), key=lambda span: span.began)
    longest = max((turn.seconds for turn in turns), default=1.0) or 1.0
    for turn in turns:
        number, begins, bars = int(turn.attributes.get("vaani.turn", 0)), 0.0, []
        for stage in _stages(turn, spans):
            name, colour = STAGES[stage.name]
            seconds = _waited(stage)
            bars.append(_bar(begins / longest, seconds / longest, f"{name}: {seconds:.3f} s", colour))
            begins += seconds
        said = f"turn {number}, {turn.attributes.get('vaani.language', '')}"
        mark = " slowest" if slowest is not None and number == slowest.number else ""
        yield _row("turn" + mark, html.escape(said), "".join(bars), turn.seconds)


def _waterfall(spans: Sequence[ReceivedSpan]) -> Iterator[str]:
    if not spans:
        return
    began, ended = min(span.began for span in spans), max(span.ended for span in spans)
    whole = (ended - began) or 1.0
    known = {span.span_id for span in spans}
    children: dict[str, list[ReceivedSpan]] = {}
    for span in sorted(spans, key=lambda span: (span.began, -span.seconds)):
        children.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)

    def rows(parent: str, depth: int) -> Iterator[str]:
        for span in children.get(parent, ()):
            left, width = (span.began - began) / whole, span.seconds / whole
            colour = STAGES[span.name][1] if span.name in STAGES else ""
            bar = _bar(left, width, f"{span.name}: {span.seconds:.3f} s", colour, error=span.is_error)
            name = f'<span style="padding-left:{depth}em">{html.escape(span.name)}</span>'
            row = _row("span", name, bar, span.seconds)
            yield f"<details><summary>{row}</summary>{_about(span, began)}</details>"
            yield from rows(span.span_id, depth + 1)

    yield from rows("", 0)


def _about(span: ReceivedSpan, began: float) -> str:
    lines: list[tuple[str, Any]] = [("begins", f"{span.began - began:.3f} s"), *sorted(span.attributes.items())]
    lines += [(f"event at {at - began:.3f} s", name) for at, name, _ in span.events]
    items = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(str(value))}</dd>" for name, value in lines)
    return f"<dl>{items}</dl>"


def _row(kind: str, name: str, bars: str, seconds: float) -> str:
    return (
        f'<div class="{kind}"><span class=name>{name}</span><span class=track>{bars}</span>'
        f"<span class=seconds>{seconds:.3f} s</span></div>"
    )


def _bar(left: float, width: float, title: str, colour: str = "", *, error: bool = False) -> str:
    style = f"left:{100 * left:.3f}%;width:{100 * width:.3f}%" + (f";background:{colour}" if colour else "")
    return f'<span class="bar{" error" if error else ""}" style="{style}" title="{html.escape(title)}"></span>'


def _stages(turn: ReceivedSpan, spans: Sequence[ReceivedSpan]) -> list[ReceivedSpan]:
    """The turn's stages, in the order of `STAGES`."""
    order = list(STAGES)
    found = [span for span in spans if span.parent_id == turn.span_id and span.name in STAGES]
    return sorted(found, key=lambda span: order.index(span.name))


def _waited(stage: ReceivedSpan) -> float:
    """How much of its caller's wait a stage alone accounts for."""
    return float(stage.attributes.get("vaani.waited", 0.0))
