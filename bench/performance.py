"""`python -m bench.performance` writes the figures of README.md and docs/performance.md from out/bench.json.

Only what stands between the markers is replaced; the text around them is written by people. The plots are copied
beside docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.report import machine_line, stage_table, table

PAGE = Path("docs/performance.md")
README = Path("README.md")
# What a caller or whoever pays for the machine notices; docs/performance.md has every row.
FRONT_ROWS = (
    "voice_to_voice_p50",
    "voice_to_voice_p95",
    "false_cut_offs",
    "greeting_p50",
    "greeting_p50_predispatched",
    "barge_in_p50",
    "cpu_seconds_per_call_minute",
    "private_memory_per_call",
)
BEGIN, END = "<!-- performance:begin -->", "<!-- performance:end -->"
PLOTS = {
    "bench-waterfall.png": "Where the time of a turn goes, stage by stage",
    "bench-spread.png": "Share of turns answered by a time, per contender",
    "bench-cut-offs.png": "Wait against callers cut off",
}


def main(arguments: list[str]) -> int:
    """Returns 0; 2 when there is nothing to write from."""
    parser = argparse.ArgumentParser(prog="python -m bench.performance", description=__doc__)
    parser.add_argument("--bench", type=Path, default=Path("out"), help="the folder that `make bench` has written")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--readme", type=Path, default=README)
    options = parser.parse_args(arguments)
    source = options.bench / "bench.json"
    if not source.is_file():
        print(f"there is no {source}: run `make bench` first", file=sys.stderr)
        return 2
    content = json.loads(source.read_text(encoding="utf-8"))
    plots = _copied_plots(options.bench, options.page.parent / "images")
    for path, written in ((options.page, section(content, plots)), (options.readme, front_section(content))):
        path.write_text(with_section(path.read_text(encoding="utf-8"), written), encoding="utf-8")
        print(path)
    return 0


def section(content: Mapping[str, Any], plots: list[str]) -> str:
    """What stands between the markers of docs/performance.md."""
    lines = [machine_line(content["machine"]), "", verdict(content["rows"]), ""]
    lines += [*table(content["rows"]), "", *stage_table(content)]
    for name in plots:
        lines += ["", f"![{PLOTS[name]}](images/{name})"]
    return "\n".join(lines)


def front_section(content: Mapping[str, Any]) -> str:
    """What stands between the markers of README.md: the rows that a caller notices, missed goals included."""
    rows = [each for each in content["rows"] if each["name"] in FRONT_ROWS]
    return "\n".join([machine_line(content["machine"]), "", verdict(content["rows"]), "", *table(rows)])


def verdict(rows: Sequence[Mapping[str, Any]]) -> str:
    """Which goals were missed."""
    missed = [each["name"] for each in rows if each["met"] is False]
    return f"Goals missed: {', '.join(f'`{name}`' for name in missed)}." if missed else "Every goal was met."


def with_section(page: str, written: str) -> str:
    """The page with its section replaced. Raises ValueError without exactly one pair of markers."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page needs one {BEGIN} and, after it, one {END}")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{written}\n{END}{after}"


def _copied_plots(source: Path, images: Path) -> list[str]:
    found = [name for name in PLOTS if (source / name).is_file()]
    if found:
        images.mkdir(parents=True, exist_ok=True)
    for name in found:
        shutil.copyfile(source / name, images / name)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
