"""`make pictures`: take the pictures of the README and the docs, of the page in a call and of the console.

Leaves docs/page.png, from one call in two languages through the whole stack, and docs/images/console-*.png, from a
database of made-up calls. `python tests/web/picture.py console` takes only those. The machine needs letters of Indian
scripts, or they are boxes: apt-get install -y fonts-noto-core
"""

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from conftest import BROWSER_ARGUMENTS, INSTALL_CHROMIUM, chromium_binary  # noqa: E402
from console_served import served_console  # noqa: E402
from page import Page  # noqa: E402
from playwright.async_api import async_playwright  # noqa: E402

from sandbox.stack.stack import Stack  # noqa: E402

PAGE_PICTURE = ROOT / "docs" / "page.png"
CONSOLE_PICTURES = ROOT / "docs" / "images"
MAX_BYTES = 200_000
PAGE_SIZE = {"width": 1180, "height": 940}
CONSOLE_SIZE = {"width": 1180, "height": 900}
# What is to be seen, by the picture's name: the address, and how the browser is set.
CONSOLE_VIEWS = {
    "list": ("/", {}),
    "call": ("/calls/recorded", {}),
    "wrong": ("/wrong?since=2026-10-01", {"locale": "hi-IN"}),
    "numbers": ("/numbers?month=2026-11", {"color_scheme": "dark"}),
}
PLOTS_DRAWN = "html[data-ready]"


async def take_page(browser) -> list[Path]:
    """One call through the whole stack, in two languages."""
    async with Stack() as stack:
        tab = await browser.new_page(viewport=PAGE_SIZE)
        page = Page(tab)
        await page.open(stack.sandbox_url)
        await page.join_and_be_greeted()
        for turn, language in enumerate(("hi-IN", "ta-IN"), start=1):
            await page.ask_in(language)
            await page.turn_is_reported(turn)
        await tab.screenshot(path=PAGE_PICTURE)
    return [PAGE_PICTURE]


async def take_console(browser) -> list[Path]:
    """The list, one call, what went wrong in Hindi, a month's numbers in the dark."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        async with served_console(Path(folder)) as console:
            for name, (address, how) in CONSOLE_VIEWS.items():
                context = await browser.new_context(viewport=CONSOLE_SIZE, reduced_motion="reduce", **how)
                tab = await context.new_page()
                await tab.goto(console.url + address, wait_until="networkidle")
                if name in ("call", "numbers"):
                    await tab.wait_for_selector(PLOTS_DRAWN)
                path = CONSOLE_PICTURES / f"console-{name}.png"
                await tab.screenshot(path=path, full_page=name == "call")
                await context.close()
                taken.append(path)
    return taken


async def take(what: list[str]) -> list[Path]:
    async with async_playwright() as playwright:
        executable = chromium_binary(playwright) or sys.exit(INSTALL_CHROMIUM)
        browser = await playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        takers = {"page": take_page, "console": take_console}
        taken = [path for name in what or takers for path in await takers[name](browser)]
        await browser.close()
    return taken


if __name__ == "__main__":
    for picture in asyncio.run(take(sys.argv[1:])):
        size = picture.stat().st_size
        sys.stdout.write(f"{picture.relative_to(ROOT)}, {size // 1000} kB\n")
        if size > MAX_BYTES:
            sys.exit(f"{picture} has {size} bytes, more than {MAX_BYTES}: make the window smaller")
