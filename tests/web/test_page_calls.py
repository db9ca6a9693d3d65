"""A person talks to the real worker through the page, in a real browser, with stand-ins for the providers."""

import pytest
import pytest_asyncio

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.calls, pytest.mark.timeout(240)]

ASKED_IN = ("hi-IN", "ta-IN")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def answered(open_shared_page, whole_stack):
    """A call in which sample sentences in two languages were answered; the tests that only look share it."""
    page = await open_shared_page(whole_stack.sandbox_url, reduced_motion="reduce")
    await page.join_and_be_greeted()
    for turn, language in enumerate(ASKED_IN, start=1):
        await page.ask_in(language)
        await page.turn_is_reported(turn)
        await page.agent_is("listening")
    await page.screenshot("04-answered")
    return page


async def test_a_sample_sentence_switches_the_language_of_both_lines(answered):
    assert await answered.languages("caller") == list(ASKED_IN)
    assert await answered.languages_told("agent") >= set(ASKED_IN)
    assert await answered.tab.locator("#transcript .caller .said").last.get_attribute("lang") == "ta-IN"


async def test_latency_is_measured_from_the_audio_and_explained_by_the_stages(answered):
    seconds = await answered.latency_seconds_of_last()

    assert 0.5 < seconds < 10  # the stand-ins alone take 0.2 s of silence, 0.3 s to a token, 0.2 s to a sound
    assert await answered.text("#last-answer") == f"{seconds:.2f} s"
    stages = await answered.text("#transcript .stages")
    for told in ("end of turn", "LLM", "voice"):
        assert told in stages


async def test_cost_is_shown_in_rupees_with_what_it_is_made_of(answered):
    assert (await answered.text("#cost")).startswith("₹")

    await answered.press("#usage summary")

    made_of = await answered.text("#usage-list")
    for counter in ("tokens read", "characters spoken", "seconds of audio"):
        assert counter in made_of


async def test_no_accessibility_violation_in_a_call_in_light_dark_and_on_a_phone(answered):
    await answered.press("#faults summary")
    await answered.press("#place summary")
    found = await answered.violations_in_every_look("20-call")
    await answered.press("#faults summary")
    await answered.press("#place summary")

    assert found == {}


async def test_the_fault_menu_lets_one_hear_how_the_agent_bears_a_failing_model(answered):
    await answered.press("#faults summary")
    await answered.tab.select_option("#fault", "llm_server_error")
    await answered.tab.select_option("#fault-times", "")
    await answered.press("#fault-set")
    await answered.shows("#fault-status", "until I clear it")

    await answered.ask_in("hi-IN")
    await answered.tab.locator("#transcript .notice").last.wait_for(timeout=30_000)
    await answered.level_rises("agent")  # the caller is told, not left in silence
    await answered.screenshot("08-failing-model")

    await answered.press("#fault-clear")
    await answered.shows("#fault-status", "Everything works again")


async def test_what_the_microphone_hears_is_understood_shown_and_answered_until_it_is_muted(open_page, whole_stack):
    """The fake microphone plays a recorded sentence; the sandbox recognises it for real."""
    page = await open_page(whole_stack.sandbox_url)
    await page.screenshot("01-ready")
    await page.join_and_be_greeted(microphone=True)
    await page.screenshot("02-listening")

    await page.level_rises("caller")
    await page.shows("#transcript .caller .said", "order", within=20)
    await page.level_rises("agent", within=20)
    await page.screenshot("03-speaking")
    await page.turn_is_reported(1)

    await page.level_rises("caller")  # the recording begins again
    await page.press("#mute")
    await page.level_falls("caller", within=1.5)  # while the sentence itself goes on
    assert await page.tab.get_attribute("#mute", "aria-pressed") == "true"
    await page.screenshot("05-muted")

    await page.press("#end")
    await page.connection_is("ended")
    assert await page.tab.is_visible("#join")
    await page.screenshot("06-ended")


async def test_interrupting_stops_the_reply_and_asks_something_else(open_page, whole_stack):
    page = await open_page(whole_stack.sandbox_url)
    await page.join_and_be_greeted()

    await page.ask_in("hi-IN")
    await page.agent_has_said(3)  # whoever goes on at the first sound of a reply has not interrupted it: one turn
    await page.press("#interrupt")

    await page.shows("#transcript .caller .said", "एक मिनट रुकिए", within=20)
    await page.turn_is_reported(2, within=20)


async def test_the_page_comes_back_by_itself_after_the_server_restarts(open_page, whole_stack):
    page = await open_page(whole_stack.sandbox_url)
    await page.join_and_be_greeted()
    await page.ask_in("hi-IN")
    await page.turn_is_reported(1)

    await whole_stack.processes["livekit-server"].stop()
    await page.connection_is("reconnecting", within=30)
    await page.screenshot("14-reconnecting")
    await whole_stack.start_livekit()

    await page.connection_is("live", within=60)  # the same agent in the same room, or new ones
    await page.agent_is("listening", within=30)
    await page.ask_in("ta-IN")
    await page.shows("#transcript .caller .said", "வணக்கம்", within=30)
    await page.screenshot("15-back-again")
