"""`python -m bench.performance` writes docs/performance.md's figures from out/bench.json, and copies its plots there.

Only what stands between the markers is replaced; the text around them is written by people.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.report import machine_line, stage_table, table

PAGE = Path("docs/performance.md")
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
    options = parser.parse_args(arguments)
    source = options.bench / "bench.json"
    if not source.is_file():
        print(f"there is no {source}: run `make bench` first", file=sys.stderr)
        return 2
    content = json.loads(source.read_text(encoding="utf-8"))
    plots = _copied_plots(options.bench, options.page.parent / "images")
    page = options.page.read_text(encoding="utf-8")
    options.page.write_text(with_section(page, section(content, plots)), encoding="utf-8")
    print(options.page)
    return 0


def section(content: Mapping[str, Any], plots: list[str]) -> str:
    """What stands between the markers."""
    missed = [each["name"] for each in content["rows"] if each["met"] is False]
    verdict = f"Goals missed: {', '.join(f'`{name}`' for name in missed)}." if missed else "Every goal was met."
    lines = [machine_line(content["machine"]), "", verdict, "", *table(content["rows"]), "", *stage_table(content)]
    for name in plots:
        lines += ["", f"![{PLOTS[name]}](images/{name})"]
    return "\n".join(lines)


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
