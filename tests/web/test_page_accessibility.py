"""Nobody is left out: axe-core finds nothing, in light and dark and on a phone; the keyboard reaches everything."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_no_accessibility_violation_before_a_call(open_page, stack):
    page = await open_page(stack.page_url, reduced_motion="reduce")
    await page.press("#faults summary")
    await page.press("#place summary")

    assert await page.violations_in_every_look("21-ready") == {}


async def test_no_accessibility_violation_while_a_problem_is_shown(open_page, stack):
    stack.refusal = (401, "unauthorized", "The bearer token has expired.")
    page = await open_page(stack.page_url, reduced_motion="reduce")
    await page.join()
    await page.problem_is("token_refused")

    assert await page.violations_in_every_look("22-problem") == {}


@pytest.mark.parametrize("width", [320, 360, 820])
async def test_nothing_is_cut_off_on_a_narrow_screen(still_page, width):
    await still_page.tab.set_viewport_size({"width": width, "height": 700})

    overflow = await still_page.tab.evaluate("() => document.documentElement.scrollWidth - innerWidth")

    assert overflow <= 0


async def test_the_keyboard_alone_can_join(open_page, stack):
    page = await open_page(stack.page_url)
    reached = []
    for _ in range(3):
        await page.tab.keyboard.press("Tab")
        reached.append(await page.tab.evaluate("() => document.activeElement.id || document.activeElement.className"))
    assert reached == ["skip", "join", "join-silent"]

    await page.tab.keyboard.press("Enter")
    await page.agent_is("listening", within=20)
