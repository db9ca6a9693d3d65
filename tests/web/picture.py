"""Take the README's picture of the page: one call through the whole stack, in two languages.

.venv/bin/python tests/web/picture.py        writes docs/page.png
"""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from conftest import BROWSER_ARGUMENTS, INSTALL_CHROMIUM, chromium_binary  # noqa: E402
from page import Page  # noqa: E402
from playwright.async_api import async_playwright  # noqa: E402

from sandbox.stack.stack import Stack  # noqa: E402

PICTURE = ROOT / "docs" / "page.png"
MAX_BYTES = 200_000
SIZE = {"width": 1180, "height": 940}


async def take() -> None:
    async with Stack() as stack, async_playwright() as playwright:
        executable = chromium_binary(playwright) or sys.exit(INSTALL_CHROMIUM)
        browser = await playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        tab = await browser.new_page(viewport=SIZE)
        page = Page(tab)
        await page.open(stack.sandbox_url)
        await page.join_and_be_greeted()
        for turn, language in enumerate(("hi-IN", "ta-IN"), start=1):
            await page.ask_in(language)
            await page.turn_is_reported(turn)
        await tab.screenshot(path=PICTURE)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(take())
    size = PICTURE.stat().st_size
    if size > MAX_BYTES:
        sys.exit(f"{PICTURE} has {size} bytes, more than {MAX_BYTES}: make the window smaller")
