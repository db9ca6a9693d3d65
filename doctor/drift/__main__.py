"""`python -m doctor.drift`: has anything moved at the providers that the code names?

Exit codes: 0 nothing has moved, or nobody could be asked for want of keys; 1 something has moved, or a provider that
was asked has not answered; 2 bad settings.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

import aiohttp

from doctor.drift import openai, sarvam
from doctor.drift.named import Named, is_of_openai, named
from doctor.drift.pages import OPENAI_DOCS, SARVAM_DOCS
from doctor.drift.rows import WRONG, Row, State
from doctor.surroundings import OPENAI
from worker.environment import load_settings, read_env_file
from worker.errors import BadSettings
from worker.providers.prices import Price
from worker.settings import Settings
from worker.stopping import leave

GOOD, MOVED, BAD_SETTINGS = 0, 1, 2
KEYS = ("SARVAM_API_KEY", "OPENAI_API_KEY")
NOT_NEEDED = {"LIVEKIT_URL": "ws://127.0.0.1", "LIVEKIT_API_KEY": "-", "LIVEKIT_API_SECRET": "-"}
SARVAM = "https://api.sarvam.ai"


def main(argv: Sequence[str]) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m doctor.drift",
        description="Compare models, voices, defaults, limits and prices that the code names with what providers list.",
        epilog="exit codes: 0 nothing moved, 1 something did, or no answer came; 2 bad settings",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output instead of lines")
    parser.add_argument("--openai-docs", metavar="URL", help=f"where OpenAI's pages are, by default {OPENAI_DOCS}")
    parser.add_argument("--sarvam-docs", metavar="URL", help=f"where Sarvam's pages are, by default {SARVAM_DOCS}")
    arguments = parser.parse_args(argv)
    try:
        settings, missing = settings_without_livekit(os.environ)
    except BadSettings as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    logging.getLogger().addHandler(logging.NullHandler())
    rows = asyncio.run(
        compared(settings, missing, openai_docs=arguments.openai_docs, sarvam_docs=arguments.sarvam_docs)
    )
    if arguments.json:
        print(json.dumps({"rows": [asdict(row) for row in rows]}, ensure_ascii=False))
    else:
        print("\n".join(f"  {'MOVED' if row.state is State.MOVED else row.state:10} {row.kind:8} {row.name}: {row.told}"
                        for row in rows))  # fmt: skip
    print(_summary(rows), file=sys.stderr)
    return MOVED if any(row.state in WRONG for row in rows) else GOOD


def _summary(rows: Sequence[Row]) -> str:
    count = Counter(row.state for row in rows)
    compared_rows, wrong = count[State.SAME] + count[State.MOVED], count[State.MOVED] + count[State.FAILED]
    told = f"{wrong} moved or unanswered" if wrong else "nothing has moved" if compared_rows else "nothing was compared"
    return (
        f"drift: {told}; {compared_rows} compared, {count[State.NOT_LISTED]} for somebody to look at by hand, "
        f"{count[State.NOT_ASKED]} not asked"
    )


def settings_without_livekit(environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """Read the settings; returns the keys that are missing as well, for they are no fault here.

    Raises:
        BadSettings: With every problem at once.
    """
    problems = read_env_file()
    missing = [name for name in KEYS if not environ.get(name, "").strip()]
    source = dict(environ) | dict.fromkeys(missing, "-")
    source |= {name: value for name, value in NOT_NEEDED.items() if not environ.get(name, "").strip()}
    try:
        settings = load_settings(source)
    except BadSettings as error:
        raise BadSettings(problems + error.problems) from None
    if problems:
        raise BadSettings(problems)
    return settings, missing


async def compared(
    settings: Settings,
    missing: Sequence[str],
    *,
    openai_docs: str | None = None,
    sarvam_docs: str | None = None,
    today: datetime.date | None = None,
) -> list[Row]:
    """Compare everything; a provider whose key is missing is not asked, and said so."""
    known = named(settings)
    openai_url, sarvam_url = settings.openai.base_url or OPENAI, settings.sarvam.base_url
    # Pages describe the vendor's own API, not whatever else speaks its protocol.
    openai_docs = openai_docs or (OPENAI_DOCS if _same_host(openai_url, OPENAI) else None)
    sarvam_docs = sarvam_docs or (SARVAM_DOCS if _same_host(sarvam_url, SARVAM) else None)
    async with aiohttp.ClientSession() as http:
        return [
            *await _of_openai(http, settings, known, openai_url, "OPENAI_API_KEY" in missing),
            *await _of_openais_pages(http, known, openai_docs, today or datetime.date.today()),
            *await _of_sarvam(http, settings, known, sarvam_url, "SARVAM_API_KEY" in missing),
            *await _of_sarvams_page(http, known, sarvam_docs),
            *(_by_hand(price) for price in known.prices if _is_by_hand(price)),
        ]  # fmt: skip


async def _of_openai(
    http: aiohttp.ClientSession, settings: Settings, known: Named, url: str, key_is_missing: bool
) -> list[Row]:
    if key_is_missing:
        return [Row("models", "OpenAI", State.NOT_ASKED, "OPENAI_API_KEY is not set")]
    return await openai.models(http, url, settings.openai.api_key.get_secret_value(), known)


async def _of_openais_pages(
    http: aiohttp.ClientSession, known: Named, docs: str | None, today: datetime.date
) -> list[Row]:
    if docs is None:
        return [Row("prices", "OpenAI", State.NOT_ASKED, "OPENAI_BASE_URL is not OpenAI's own")]
    listed = await asyncio.gather(*(openai.price(http, docs, price) for price in known.prices if is_of_openai(price)))
    return [*await openai.shutdowns(http, docs, known, today), *listed]


async def _of_sarvam(
    http: aiohttp.ClientSession, settings: Settings, known: Named, url: str, key_is_missing: bool
) -> list[Row]:
    if key_is_missing:
        return [Row("models", "Sarvam", State.NOT_ASKED, "SARVAM_API_KEY is not set")]
    asked = sarvam.Sarvam(http, url, settings.sarvam.api_key.get_secret_value())
    return [
        *await asked.models(known), *await asked.voices(known), await asked.default(), await asked.limits(known),
    ]  # fmt: skip


async def _of_sarvams_page(http: aiohttp.ClientSession, known: Named, docs: str | None) -> list[Row]:
    if docs is None:
        return [Row("prices", "Sarvam", State.NOT_ASKED, "SARVAM_BASE_URL is not Sarvam's own")]
    text = await sarvam.prices_page(http, docs)
    return [sarvam.price(text, price) for price in known.prices if price.kind in ("stt", "tts")]


def _is_by_hand(price: Price) -> bool:
    return price.kind not in ("stt", "tts") and not is_of_openai(price)


def _by_hand(price: Price) -> Row:
    return Row("prices", price.model, State.NOT_LISTED, f"checked by hand on {price.read_on}")


def _same_host(url: str, vendor: str) -> bool:
    return urlsplit(url).hostname == urlsplit(vendor).hostname


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
