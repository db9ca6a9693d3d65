"""`python -m bench.scaling` puts fleets that scale by different rules through a day of calls, simulated.

Leaves out/scaling.json and out/scaling-spike.png; --docs writes docs/scaling.md too. --real scales twenty real workers
by the same rule instead, on a stack of its own, and says how far the simulation of that hour was off. Exit codes: 0 a
policy refuses less than one in a thousand and cuts nobody on the day with the spike (or the real run agrees), 1 none
does (or it does not), 2 bad settings.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from bench.scaling.parameters import Parameters
from bench.scaling.policies import policies
from bench.scaling.report import Run, content, page, with_page, write
from bench.scaling.scenarios import SCENARIOS, simulate

DOCS = Path("docs/scaling.md")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scaling", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=3, help="how many days each policy sees, each of another seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--capacity", type=Path, help="out/capacity.json of `make capacity`: calls a core as measured")
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--docs", action="store_true", help=f"write the tables and the plot of {DOCS} as well")
    parser.add_argument("--real", action="store_true", help="twenty real workers on this machine, about eight minutes")
    options = parser.parse_args(arguments)
    if options.days < 1:
        parser.error("--days must be 1 or more")
    if options.real:
        from bench.scaling.real_run import compare  # only here: it brings the whole stack

        return compare(options.out, options.seed)
    try:
        parameters = Parameters.of(options.capacity)
    except ValueError as error:
        print(f"bench.scaling: {error}", file=sys.stderr)
        return 2
    runs, began_at = [], time.monotonic()
    for scenario in SCENARIOS:
        for policy in policies(parameters):
            run = Run(
                policy,
                scenario,
                [simulate(policy, scenario, parameters, options.seed + day) for day in range(options.days)],
            )
            runs.append(run)
            row = run.row(parameters)
            print(
                f"[{time.monotonic() - began_at:5.0f} s] {scenario.name}: {policy.name}: "
                f"{row['refused_share']:.2%} refused, {row['cut']} cut, "
                f"{row['time_to_capacity_seconds']:.0f} s without a place, ₹ {row['rupees_a_day']:,} a day",
                flush=True,
            )
    found = content(runs, parameters)
    for path in write(found, runs, options.out):
        print(path)
    if options.docs:
        DOCS.write_text(with_page(DOCS.read_text(encoding="utf-8"), page(found)), encoding="utf-8")
        shutil.copy(options.out / "scaling-spike.png", DOCS.parent / "images" / "scaling-spike.png")
        print(DOCS)
    print(
        f"best on the day with the spike: {found['best'] or 'none refuses less than one in a thousand and cuts nobody'}"
    )
    return 0 if found["best"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
