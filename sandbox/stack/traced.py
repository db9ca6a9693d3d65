"""`make demo TRACE=1`: receives the call's trace, writes it down and draws it, without an account anywhere."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.services.otlp import Received, running_receiver
from sandbox.stack.trace_page import slowest_turn, trace_page

LAST_SPAN = "job_entrypoint"
LAST_SPAN_SECONDS = 20.0  # the call's process ends behind the call


@dataclass(frozen=True, slots=True)
class TracedCall:
    """What is received of one call, and where it is shown."""

    url: str
    received: Received
    out: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What the token function and the worker are told."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url}

    async def show(self, *, opens: bool) -> str:
        """Wait for the call's last span, write `trace.json` and `trace.html`; returns what to tell a person.

        Args:
            opens: Whether a browser shows the page, where there is a screen.
        """
        complete = await asyncio.to_thread(self.received.wait, _is_over, LAST_SPAN_SECONDS)
        spans = list(self.received.spans)
        page = self.out / "trace.html"
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "trace.json").write_text(json.dumps([asdict(span) for span in spans], indent=1), encoding="utf-8")
        page.write_text(trace_page(spans), encoding="utf-8")
        if opens and _has_a_screen():
            webbrowser.open(page.resolve().as_uri())
        slowest = slowest_turn(spans)
        told = f"trace: {page.resolve().as_uri()}   ({len(spans)} spans)"
        told += f"\n  slowest: {slowest}" if slowest is not None else "\n  no turn has come"
        return told if complete else f"{told}\n  The call's last span has not come within {LAST_SPAN_SECONDS:g} s."


@contextmanager
def traced(out: Path) -> Iterator[TracedCall]:
    """Receive traces on loopback."""
    with running_receiver() as (url, received):
        yield TracedCall(url, received, out)


def _is_over(received: Received) -> bool:
    return any(span.name == LAST_SPAN for span in received.spans)


def _has_a_screen() -> bool:
    """Without one, the browser that is found may be one for the terminal, and would take it over."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
