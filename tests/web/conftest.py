"""One browser and one small stack for all tests of the page; every test gets a fresh tab and no faults."""

import io
import os
import shutil
import wave
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from page import Page
from page_stack import page_stack
from playwright.async_api import async_playwright

from sandbox.speech import voices
from sandbox.stack import Stack
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing

ROOT = Path(__file__).parents[2]
INSTALL_CHROMIUM = "Chromium is missing; install it with: apt-get install -y chromium"
MICROPHONE_HZ = 48000
MICROPHONE_QUIET_SECONDS = 5.0  # the agent comes and greets first
MICROPHONE_SENTENCE = "Hello when will my order arrive"
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-dev-shm-usage",
]


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


def chromium_binary(playwright):
    named = [os.environ.get("CHROMIUM_BIN"), *map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))]
    found = next((path for path in named if path), None) or playwright.chromium.executable_path
    return found if Path(found).is_file() else None


@pytest.fixture(scope="session")
def microphone_file(tmp_path_factory):
    """What Chromium's fake microphone plays, over and over: a silence, then a sentence."""
    speech = voices.render(MICROPHONE_SENTENCE, "en-IN", voice="caller", sample_rate=MICROPHONE_HZ)
    silence = np.zeros(int(MICROPHONE_QUIET_SECONDS * MICROPHONE_HZ), dtype=np.int16)
    recording = io.BytesIO()
    with wave.open(recording, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_HZ)
        file.writeframes(np.concatenate([silence, speech]).tobytes())
    path = tmp_path_factory.mktemp("microphone") / "sentence.wav"
    path.write_bytes(recording.getvalue())
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(microphone_file):
    if not (ROOT / "sandbox/web/node_modules/livekit-client").is_dir():
        missing("the page's npm packages are missing; install them with: npm ci --prefix sandbox/web")
    async with async_playwright() as playwright:
        executable = chromium_binary(playwright)
        if executable is None:
            missing(INSTALL_CHROMIUM)
        fake_microphone = f"--use-file-for-fake-audio-capture={microphone_file}"
        browser = await playwright.chromium.launch(
            executable_path=executable, args=[*BROWSER_ARGUMENTS, fake_microphone]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_stack(tmp_path_factory):
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    async with page_stack(tmp_path_factory.mktemp("page")) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def whole_stack():
    """livekit-server, token function, stand-ins and the real worker."""
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    async with Stack() as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="session")
async def stack(shared_stack):
    shared_stack.reset()
    shared_stack.scope.queue.clear()
    return shared_stack


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser):
    """Opens the page in a fresh profile; fails the test on any error in the page's console."""
    async with opening(browser) as open_page:
        yield open_page


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def open_shared_page(browser):
    async with opening(browser) as open_page:
        yield open_page


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def still_page(open_shared_page, shared_stack):
    """A page that only lends its modules."""
    return await open_shared_page(shared_stack.page_url)


@asynccontextmanager
async def opening(browser):
    opened = []

    async def open_page(address, *, microphone=True, without_path=None, prepare=None, **context_options):
        # Playwright refuses what is not granted, so a caller without permission has to be given another one.
        granted = ["microphone"] if microphone else ["clipboard-read"]
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **context_options})
        await context.grant_permissions(granted)
        if without_path:
            await context.route(f"**{without_path}", lambda route: route.fulfill(status=404))
        if prepare:
            await prepare(context)
        page = Page(await context.new_page())
        opened.append((context, page))
        await page.open(address)
        return page

    yield open_page
    for context, page in opened:
        await context.close()
        assert page.errors == [], "the page threw"
