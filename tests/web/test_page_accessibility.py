"""Nobody is left out: axe-core finds nothing, in light and dark and on a phone; the keyboard reaches everything."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
    "phone-dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}


async def put_on(page, look):
    await page.tab.emulate_media(color_scheme=look["color_scheme"], reduced_motion="reduce")
    await page.tab.set_viewport_size(look.get("viewport", {"width": 1280, "height": 860}))


async def test_no_accessibility_violation_in_any_look_before_and_in_a_call(open_page, stack):
    page = await open_page(stack.page_url, reduced_motion="reduce")
    found = {}
    for summary in ("#faults summary", "#place summary"):
        await page.press(summary)
    for name, look in LOOKS.items():
        await put_on(page, look)
        found[f"ready, {name}"] = await page.accessibility_violations()
    await page.join_and_be_greeted()
    await page.ask_in("hi-IN")
    await page.turn_is_reported(1)
    for name, look in LOOKS.items():
        await put_on(page, look)
        found[f"in a call, {name}"] = await page.accessibility_violations()
        await page.screenshot(f"20-call-{name}")

    assert {where: what for where, what in found.items() if what} == {}


async def test_no_accessibility_violation_while_a_problem_is_shown(open_page, stack):
    stack.refusal = (401, "unauthorized", "The bearer token has expired.")
    page = await open_page(stack.page_url, reduced_motion="reduce")
    await page.join()
    await page.problem_is("token_refused")

    for look in LOOKS.values():
        await put_on(page, look)
        assert await page.accessibility_violations() == []


@pytest.mark.parametrize("width", [320, 360, 820])
async def test_nothing_is_cut_off_on_a_narrow_screen(open_page, stack, width):
    page = await open_page(stack.page_url, viewport={"width": width, "height": 700})

    overflow = await page.tab.evaluate("document.documentElement.scrollWidth - innerWidth")

    assert overflow <= 0


async def test_the_keyboard_alone_can_join(open_page, stack):
    page = await open_page(stack.page_url)
    reached = []
    for _ in range(4):
        await page.tab.keyboard.press("Tab")
        reached.append(await page.tab.evaluate("document.activeElement.id || document.activeElement.className"))
    assert reached[:3] == ["skip", "join", "join-silent"]

    await page.tab.focus("#join-silent")
    await page.tab.keyboard.press("Enter")
    await page.agent_is("listening", within=20)
