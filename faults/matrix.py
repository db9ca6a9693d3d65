"""`python -m faults.matrix`: every fault in every phase as real calls; out/matrix.json and docs/faults.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from faults.cells import PHASES, Cell, quick, runnable, tours
from faults.line_up import FaultStack, LineUp
from faults.one_call import Row, run_cell, run_tour
from faults.records_line import RecordsLine
from faults.table import holes, write_page
from sandbox.stack import ProcessFailed
from sandbox.stack.postgres import BINARIES, INSTALL, NOTHING_LASTS, running_postgres

ROOT = Path(__file__).parents[1]


class MissingProgram(RuntimeError):
    """Something that cells need is not installed; the message says how it is."""


OUT = ROOT / "out" / "matrix.json"


async def run(cells: Sequence[Cell], side_by_side: int, rows: dict[str, Row]) -> None:
    """Run cells on that many workers; `rows` fills as they finish."""
    waiting: asyncio.Queue[Cell | list[Cell]] = asyncio.Queue()
    for tour in tours(cells):
        waiting.put_nowait(tour)
    for cell in sorted(cells, key=lambda cell: PHASES[::-1].index(cell.phase)):
        if not cell.wrong_address and cell.phase in ("start", "never") and cell.provider != "records":
            waiting.put_nowait(cell)
    async with FaultStack(ROOT / "out" / "logs" / "matrix") as stack:
        lines = [LineUp(stack, f"line{number}") for number in range(min(side_by_side, max(waiting.qsize(), 1)))]
        await asyncio.gather(*(line.start() for line in lines))

        async def work(line: LineUp) -> None:
            while not waiting.empty():
                work = waiting.get_nowait()
                if isinstance(work, Cell):
                    await _one(work, line, rows)
                    continue
                for row in await run_tour(work, line):
                    _show(row.cell, row, rows)

        await asyncio.gather(*(work(line) for line in lines))
        await asyncio.gather(*(line.stop() for line in lines))
        for cell in [cell for cell in cells if cell.wrong_address]:
            await _with_wrong_address(cell, stack, rows)
        await _with_records([cell for cell in cells if cell.provider == "records"], stack, rows)


async def _with_records(cells: Sequence[Cell], stack: FaultStack, rows: dict[str, Row]) -> None:
    if not cells:
        return
    if not BINARIES:
        raise MissingProgram(INSTALL)
    with running_postgres(NOTHING_LASTS) as server:
        line = RecordsLine(stack, "records", postgres=server)
        try:
            await line.start()
            for cell in cells:
                await _one(cell, line, rows)
        finally:
            await line.stop()


async def _with_wrong_address(cell: Cell, stack: FaultStack, rows: dict[str, Row]) -> None:
    line = LineUp(stack, cell.name, wrong=(cell.provider, await unreachable(stack, cell.fault)))
    try:
        await line.start()
        await _one(cell, line, rows)
    finally:
        await line.stop()


async def unreachable(stack: FaultStack, fault: str) -> str:
    """A base address with this fault."""
    if fault == "dns":
        return "http://no-such-host.invalid"
    async with stack.http.post(f"{stack.sandbox_url}/control/ports", json={"kind": "bad_tls"}) as reply:
        return f"https://127.0.0.1:{(await reply.json())['port']}"


async def _one(cell: Cell, line: LineUp, rows: dict[str, Row]) -> None:
    _show(cell, await run_cell(cell, line), rows)


def _show(cell: Cell, row: Row, rows: dict[str, Row]) -> None:
    rows[cell.name] = row
    write_rows(rows)  # after each: what is stopped half-way can be gone on with
    print(
        f"{time.strftime('%H:%M:%S')} {'ok  ' if row.good else 'BAD '} {cell.name:<28} {row.heard}"
        f" after {row.heard_after_seconds} s, silent {row.longest_silence_seconds} s; {'; '.join(row.logged) or '-'}"
        + (f"  <- {'; '.join(row.problems)}" if row.problems else ""),
        flush=True,
    )


def write_rows(rows: dict[str, Row]) -> None:
    OUT.parent.mkdir(exist_ok=True)
    ordered = [rows[cell.name].to_json() for cell in runnable() if cell.name in rows]
    OUT.write_text(json.dumps({"rows": ordered}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_rows() -> dict[str, Row]:
    """The rows of an earlier run, so that one cell can be run again."""
    if not OUT.exists():
        return {}
    raw = json.loads(OUT.read_text(encoding="utf-8"))["rows"]
    loaded = [Row(**{**row, "logged": tuple(row["logged"]), "problems": tuple(row["problems"])}) for row in raw]
    return {row.cell.name: row for row in loaded}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults.matrix", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each provider and fault once, in some phase")
    parser.add_argument("--only", default="", help="cells whose name contains one of these, comma-separated")
    parser.add_argument(
        "--missing", action="store_true", help="only the cells that out/matrix.json lacks, or has as bad"
    )
    parser.add_argument("--calls", type=int, default=2, help="calls side by side, at most 3")
    options = parser.parse_args()
    rows = read_rows() if options.only or options.missing else {}
    cells = quick() if options.quick else runnable()
    wanted = [part for part in options.only.split(",") if part]
    cells = [cell for cell in cells if not wanted or any(part in cell.name for part in wanted)]
    if options.missing:
        cells = [cell for cell in cells if cell.name not in rows or not rows[cell.name].good]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped either way, nothing is left running
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began = time.monotonic()
    try:
        asyncio.run(run(cells, min(options.calls, 3), rows))
    except (ProcessFailed, MissingProgram) as error:
        print(error, file=sys.stderr)
        return 3
    bad = [cell.name for cell in cells if not rows[cell.name].good]
    print(f"\n{len(cells)} calls in {time.monotonic() - began:.0f} s, {len(bad)} bad {', '.join(bad)}")
    if not options.quick:
        write_page(rows)
        missing = holes(rows)
        print(f"docs/faults.md: {len(missing)} holes {', '.join(missing[:10])}")
        return 1 if bad or missing else 0
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
