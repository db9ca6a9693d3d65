"""Runs a teller and one call's claims as a worker does, until it is killed: it takes a URL and an address."""

import asyncio
import sys
from datetime import date

from records.budgets import Limits
from worker.budget import teller as module
from worker.budget.claims import Claims
from worker.budget.teller import Teller

LIMITS = Limits(call=5.0, day=100.0)


def tell(verdict):
    sys.stdout.write(f"committed {verdict.committed}\n")
    sys.stdout.flush()


async def main(url, address):
    module.DATABASE_SECONDS = 60.0  # on a busy machine too
    teller = Teller(address, LIMITS, url)
    assert await asyncio.to_thread(teller.start)
    claims = Claims(teller.address, LIMITS, "killed", 0, date(2026, 11, 29))
    claims.decided = tell
    await claims.open()
    claims.make("asha", 1.5, 4.0)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
