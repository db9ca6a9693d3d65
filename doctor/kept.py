"""What is kept and told of calls: the database of records, and the webhook that hears of outcomes."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import aiohttp
from sqlalchemy.exc import SQLAlchemyError

from doctor.checking import Finding, NotLooked, Wrong
from doctor.refusals import place, unreachable
from doctor.surroundings import Surroundings
from records.addresses import PrivateAddress, PublicResolver
from records.engine import explained, is_up_to_date, new_engine
from records.errors import RecordsError
from records.outbox import Message
from records.url import read_url
from records.webhooks import Receiver, Refused, Sender
from worker.outcome.building import receiver_of

REQUEST_SECONDS = 8.0
TEST_KIND = "doctor.test"


async def database(around: Surroundings) -> Finding:
    """Connect to the database of records and read its schema's version; nothing is changed."""
    url = around.settings.records.records_url
    if not url:
        raise NotLooked("WORKER_RECORDS_URL is not set: no record is kept")
    file = read_url(url).file
    if file is not None and not file.exists():
        return Finding(f"{file} is made when a worker starts")
    engine = new_engine(url)
    try:
        current = await is_up_to_date(engine)
    except RecordsError as error:
        raise Wrong(f"{error.what}: {error.why}", error.do) from None
    except (SQLAlchemyError, OSError) as error:
        told = explained(engine, error)
        raise Wrong(f"{told.what}: {told.why}", told.do) from None
    finally:
        await engine.dispose()
    return Finding(
        "answers, and its schema is this release's" if current else "answers; a worker's start upgrades its schema"
    )


async def webhook(around: Surroundings) -> Finding:
    """See whether the webhook's receiver is there; a signed message is sent only where one was asked for."""
    receiver = receiver_of(around.settings.outcome)
    if receiver is None:
        raise NotLooked("WORKER_OUTCOME_WEBHOOK_URL is not set")
    if problem := around.address_problem(receiver.url):
        raise NotLooked(problem)
    return await (_send(receiver) if around.send_webhook else _look(receiver))


async def _look(receiver: Receiver) -> Finding:
    resolver = None if receiver.allow_insecure else PublicResolver()
    limit = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    connector = aiohttp.TCPConnector(resolver=resolver)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limit) as http,
            http.options(receiver.url, allow_redirects=False) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        if isinstance(error, PrivateAddress) or isinstance(getattr(error, "os_error", None), PrivateAddress):
            raise _private(receiver) from None
        raise unreachable("WORKER_OUTCOME_WEBHOOK_URL", receiver.url, error) from None
    if status in (404, 410) or status >= 500 or 300 <= status < 400:
        raise Wrong(
            f"the receiver at {place(receiver.url)} answers HTTP {status} to OPTIONS",
            "Check the path of WORKER_OUTCOME_WEBHOOK_URL (redirects are not followed); `make doctor WEBHOOK=1` sends "
            "a signed test message, which is the better question",
        )
    return Finding(
        f"{place(receiver.url)} is there (HTTP {status} to OPTIONS); `make doctor WEBHOOK=1` sends a signed test"
    )


async def _send(receiver: Receiver) -> Finding:
    message = Message(
        f"doctor-{secrets.token_hex(8)}", "doctor", TEST_KIND, datetime.now(UTC), {"type": TEST_KIND, "data": {}}
    )
    sender = Sender(receiver)
    try:
        await sender.send(message)
    except Refused as refusal:
        if "not public" in str(refusal):
            raise _private(receiver) from None
        raise Wrong(
            f"the receiver at {place(receiver.url)} did not take a signed test message: {refusal}",
            "401 or 403: it checks with another WORKER_OUTCOME_WEBHOOK_SECRET; 404: another path (docs/outcome.md)",
        ) from None
    finally:
        await sender.aclose()
    return Finding(f"{place(receiver.url)} took a signed test message")


def _private(receiver: Receiver) -> Wrong:
    return Wrong(
        f"the webhook's name {place(receiver.url)} leads to a private address: nothing is sent there",
        "Name a public receiver, or set WORKER_OUTCOME_WEBHOOK_INSECURE=true where the network between is your own",
    )
