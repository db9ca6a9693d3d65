"""Say which releases still have calls, so that an old one is removed when its last call is over, and not before.

Asks LiveKit, not the workers: a worker pool has no address, and a room knows which dispatch name serves it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from livekit import api
from livekit.protocol.agent import JS_FAILED, JS_SUCCESS

ROOT = Path(__file__).resolve().parents[1]
EXIT_IDLE, EXIT_BUSY, EXIT_BAD_SETTINGS = 0, 1, 2
NEEDED = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET")
POLL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Release:
    """One entry of Terraform's output `releases`."""

    name: str
    dispatch_name: str
    active: bool


def releases_from(output: str) -> list[Release]:
    """Read `terraform output -json releases`."""
    return [
        Release(name, entry["dispatch_name"], bool(entry["active"]))
        for name, entry in sorted(json.loads(output).items())
    ]


async def calls_by_dispatch_name(client: api.LiveKitAPI) -> Counter[str]:
    """Rooms with a dispatch that is not over, counted by dispatch name."""
    calls: Counter[str] = Counter()
    rooms = (await client.room.list_rooms(api.ListRoomsRequest())).rooms
    for room in rooms:
        for dispatch in await client.agent_dispatch.list_dispatch(room.name):
            if _is_open(dispatch):
                calls[dispatch.agent_name] += 1
    return calls


def _is_open(dispatch: api.AgentDispatch) -> bool:
    jobs = dispatch.state.jobs
    return not jobs or any(job.state.status not in (JS_SUCCESS, JS_FAILED) for job in jobs)


def table(releases: Iterable[Release], calls: Counter[str]) -> str:
    """What a person reads."""
    lines = [f"{'release':<26}{'dispatched as':<34}{'calls':>5}  "]
    for release in releases:
        count = calls[release.dispatch_name]
        note = "takes new calls" if release.active else "still in use" if count else "idle: can be removed"
        lines.append(f"{release.name:<26}{release.dispatch_name:<34}{count:>5}  {note}")
    return "\n".join(lines)


def old_calls(releases: Iterable[Release], calls: Counter[str]) -> int:
    """Calls on releases that take no new ones."""
    return sum(calls[release.dispatch_name] for release in releases if not release.active)


async def watch(releases: list[Release], *, wait_seconds: float, poll_seconds: float = POLL_SECONDS) -> int:
    """Print the table; with `wait_seconds`, again until the old releases are idle or the time is over."""
    deadline = asyncio.get_running_loop().time() + wait_seconds
    async with api.LiveKitAPI() as client:
        while True:
            calls = await calls_by_dispatch_name(client)
            print(table(releases, calls), flush=True)
            left = old_calls(releases, calls)
            if left == 0:
                return EXIT_IDLE
            if asyncio.get_running_loop().time() + poll_seconds > deadline:
                print(f"{left} call(s) on an old release. Wait, or they will be cut: Cloud Run kills after 10 s.")
                return EXIT_BUSY
            await asyncio.sleep(poll_seconds)  # noqa: TID251  LiveKit tells nobody when a dispatch is over


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--releases", type=Path, help="a file with `terraform output -json releases`; by default it is run"
    )
    parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="wait until the old releases are idle")
    given = parser.parse_args(arguments)
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        print(
            f"release-status: {', '.join(missing)} not set. Take them from Secret Manager, e.g. "
            "gcloud secrets versions access 1 --secret=vaani-livekit-url",
            file=sys.stderr,
        )
        return EXIT_BAD_SETTINGS
    try:
        output = given.releases.read_text(encoding="utf-8") if given.releases else _terraform_output()
        releases = releases_from(output)
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError) as error:
        print(
            f"release-status: no releases to ask about ({error}); run `terraform -chdir=infra apply` first.",
            file=sys.stderr,
        )
        return EXIT_BAD_SETTINGS
    return asyncio.run(watch(releases, wait_seconds=given.wait))


def _terraform_output() -> str:
    return subprocess.run(
        ["terraform", f"-chdir={ROOT / 'infra'}", "output", "-json", "releases"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
