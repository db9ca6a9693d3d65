"""A person talks to the agent through the page, in a real browser."""

import pytest
import pytest_asyncio

from sandbox.transcripts import parse_entry

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKED_IN = ("hi-IN", "ta-IN")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def answered(open_shared_page, shared_stack):
    """A call in which two sample sentences were answered; the tests that only look share it."""
    page = await open_shared_page(shared_stack.page_url)
    await page.join_and_be_greeted()
    for turn, language in enumerate(ASKED_IN, start=1):
        await page.ask_in(language)
        await page.turn_is_reported(turn)
        await page.agent_is("listening")
    await page.screenshot("04-answered")
    return page


async def test_a_sample_sentence_switches_the_language_of_both_lines(answered):
    for speaker in ("caller", "agent"):
        assert (await answered.languages(speaker))[-2:] == list(ASKED_IN)

    assert await answered.tab.locator("#transcript .caller .said").last.get_attribute("lang") == "ta-IN"


async def test_latency_is_measured_from_the_audio_and_explained_by_the_stages(answered):
    seconds = await answered.latency_seconds_of_last()

    assert 0.3 < seconds < 5  # the agent of these tests waits for 0.3 s of silence before it answers
    assert await answered.text("#last-answer") == f"{seconds:.2f} s"
    stages = await answered.text("#transcript .stages")
    for told in ("end of turn 0.31 s", "LLM 0.05 s", "voice 0.08 s", "network and the rest"):
        assert told in stages


async def test_cost_is_shown_in_rupees_with_what_it_is_made_of(answered):
    assert await answered.text("#cost") == "₹0.62"

    await answered.press("#usage summary")

    assert "LLM input tokens" in await answered.text("#usage-list")


async def test_a_notice_of_the_worker_is_shown_in_the_conversation(answered, shared_stack):
    await shared_stack.agent.notice("call_limit_near", "This call ends in one minute.")

    await answered.shows("#transcript .notice", "This call ends in one minute.")


async def test_tokens_are_shown_when_no_price_is_known(answered, shared_stack):
    await shared_stack.agent.report(3, "", "", "en-IN", price_rupees=None)

    await answered.turn_is_reported(3)

    assert await answered.text("#cost") == "1,305 tokens"


async def test_what_the_microphone_hears_is_shown_and_answered_until_it_is_muted(open_page, stack):
    page = await open_page(stack.page_url)
    await page.screenshot("01-ready")
    await page.join_and_be_greeted(microphone=True)
    await page.screenshot("02-listening")
    heard = {"text": "Hello when will my order arrive", "language": "en-IN", "probability": 0.9}
    stack.scope.queue.append(parse_entry(heard))

    await page.level_rises("caller")
    await page.shows("#transcript .caller .said", heard["text"])
    await page.level_rises("agent")
    await page.screenshot("03-speaking")
    await page.turn_is_reported(1)
    assert await page.text("#transcript .agent .said") == "Your order will arrive tomorrow before noon."

    await page.level_rises("caller")  # the recording begins again
    await page.press("#mute")
    await page.level_falls("caller", within=1.5)  # while the sentence itself goes on
    assert await page.tab.get_attribute("#mute", "aria-pressed") == "true"
    await page.screenshot("05-muted")

    await page.press("#end")
    await page.connection_is("ended")
    async with stack.agent.patience():
        await stack.agent.caller_left.wait()
    assert await page.tab.is_visible("#join")
    await page.screenshot("06-ended")


async def test_interrupt_stops_the_reply_and_asks_something_else(open_page, stack):
    page = await open_page(stack.page_url)
    await page.join_and_be_greeted()

    await page.ask_in("hi-IN")
    await page.agent_is("speaking")
    await page.press("#interrupt")
    await page.shows("#transcript .caller .said", "एक मिनट रुकिए")
    await page.turn_is_reported(2)

    assert stack.agent.was_interrupted


async def test_chosen_language_and_voice_travel_as_participant_attributes(open_page, stack):
    stack.agent_comes = False
    page = await open_page(stack.page_url)
    await page.press("#place summary")
    await page.tab.select_option("#language", "ta-IN")
    await page.tab.fill("#voice", "kavitha")

    await page.join()
    await page.connection_is("waiting_for_agent")

    sent = stack.token_requests[-1]["body"]
    assert sent["participant_attributes"] == {"language": "ta-IN", "voice": "kavitha"}


async def test_every_fault_of_the_menu_can_be_set_and_cleared_in_this_calls_scope(open_page, stack):
    page = await open_page(stack.page_url)
    await page.press("#faults summary")
    names = await page.tab.eval_on_selector_all("#fault option", "options => options.map(each => each.value)")

    for name in names:
        await page.tab.select_option("#fault", name)
        await page.press("#fault-set")
        await page.shows("#fault-status", "Set:")
        assert [f"{each.provider}_{each.name}" for each in stack.scope.faults] == [name]
        await page.press("#fault-clear")
        await page.shows("#fault-status", "Everything works again")
        assert stack.scope.faults == []

    assert len(names) >= 10
    await page.screenshot("07-fault-menu")
