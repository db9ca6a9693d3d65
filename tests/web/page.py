"""The page as a person uses it: what can be pressed, what is shown, and how loud it is."""

from pathlib import Path

SCREENSHOTS = Path(__file__).parents[2] / "out" / "web"
AXE = Path(__file__).parents[2] / "sandbox/web/node_modules/axe-core/axe.min.js"
LOOKS = {
    "light": ("light", {"width": 1280, "height": 860}),
    "dark": ("dark", {"width": 1280, "height": 860}),
    "phone": ("light", {"width": 360, "height": 740}),
    "phone-dark": ("dark", {"width": 360, "height": 740}),
}
SECONDS = 1000  # Playwright counts in milliseconds


class Page:
    def __init__(self, tab):
        self.tab = tab
        self.errors = []
        tab.on("pageerror", lambda error: self.errors.append(str(error)))

    async def open(self, address):
        await self.tab.goto(address)
        await self.tab.wait_for_selector("html[data-ready]", timeout=10 * SECONDS)

    async def join(self, *, microphone=False):
        await self.press("#join" if microphone else "#join-silent")

    async def join_and_be_greeted(self, **how):
        await self.join(**how)
        await self.shows("#transcript .agent:not(.unfinished) .said", "Vaani", within=30)
        await self.agent_is("listening", within=30)

    async def press(self, selector):
        await self.tab.click(selector, timeout=10 * SECONDS)

    async def ask_in(self, language):
        await self.press(f"#samples [data-language={language}]")

    async def connection_is(self, state, within=10):
        await self.tab.wait_for_selector(f"#connection[data-state={state}]", timeout=within * SECONDS)

    async def agent_is(self, state, within=10):
        await self.tab.wait_for_selector(f"#agent-state[data-state={state}]", timeout=within * SECONDS)

    async def problem_is(self, code, within=10):
        await self.tab.wait_for_selector(f"#problem[data-code={code}]", timeout=within * SECONDS)
        return await self.tab.inner_text("#problem")

    async def no_problem(self, within=10):
        await self.tab.wait_for_selector("#problem", state="hidden", timeout=within * SECONDS)

    async def shows(self, selector, text, within=10):
        await self.tab.locator(selector, has_text=text).last.wait_for(timeout=within * SECONDS)

    async def text(self, selector):
        return await self.tab.locator(selector).last.inner_text()

    async def turn_is_reported(self, number, within=30):
        """The worker's report of turn `number` has come: everything about the turn is on the page."""
        await self.tab.wait_for_function(
            "number => Number(document.querySelector('#turn-count').textContent) >= number",
            arg=number,
            timeout=within * SECONDS,
        )

    async def agent_has_said(self, words, within=20):
        """The agent is in the midst of a reply: so many words of it were heard."""
        await self.tab.wait_for_function(
            """words => {
                const said = document.querySelector('#transcript .agent.unfinished .said');
                return said !== null && said.textContent.trim().split(/\\s+/).length >= words;
            }""",
            arg=words,
            timeout=within * SECONDS,
        )

    async def languages(self, speaker, how=""):
        chips = self.tab.locator(f"#transcript .{speaker} .language{how}")
        return await chips.evaluate_all("chips => chips.map(each => each.dataset.code)")

    async def languages_told(self, speaker):
        """Only what the worker has told, without the page's guesses."""
        return set(await self.languages(speaker, "[data-how=told]"))

    async def latency_seconds_of_last(self):
        return float(await self.tab.locator("#transcript .latency").last.get_attribute("data-seconds"))

    async def level_rises(self, side, above=0.3, within=12):
        await self._level(side, f"level > {above}", within)

    async def level_falls(self, side, below=0.05, within=2):
        await self._level(side, f"level < {below}", within)

    async def _level(self, side, condition, within):
        await self.tab.wait_for_function(
            f"""side => {{
                const bar = document.querySelector(`#${{side}}-level > span`);
                const level = new DOMMatrix(getComputedStyle(bar).transform).a;
                return {condition};
            }}""",
            arg=side,
            timeout=within * SECONDS,
        )

    async def screenshot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.tab.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    async def violations_in_every_look(self, screenshot=None):
        """What axe-core finds in light and dark, on a desk and on a phone; empty when nobody is left out."""
        found = {}
        before = self.tab.viewport_size
        for name, (colours, size) in LOOKS.items():
            await self.tab.emulate_media(color_scheme=colours)
            await self.tab.set_viewport_size(size)
            found[name] = await self.violations()
            if screenshot:
                await self.screenshot(f"{screenshot}-{name}")
        await self.tab.emulate_media(color_scheme="light")
        await self.tab.set_viewport_size(before)
        return {name: what for name, what in found.items() if what}

    async def violations(self):
        await self.tab.evaluate(AXE.read_text(encoding="utf-8"))
        found = await self.tab.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
