"""What a person is told when something is missing, refused or gone, and how the call comes back."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_refused_microphone_is_explained_and_the_call_is_possible_without_it(open_page, stack):
    page = await open_page(stack.page_url, microphone=False)

    await page.join(microphone=True)
    told = await page.problem_is("microphone_refused")
    assert "Allow it in the browser" in told
    assert stack.token_requests == []  # no call is paid for that nobody can speak in
    await page.screenshot("10-microphone-refused")

    await page.press("#problem button:text('Join without a microphone')")
    await page.agent_is("listening", within=20)
    await page.no_problem()


@pytest.mark.parametrize(
    ("refusal", "advice"),
    [
        ((401, "unauthorized", "The bearer token has expired."), "Put a valid bearer token"),
        ((429, "rate_limited", "More than 10 requests in a minute."), "Wait a minute"),
        ((400, "invalid_voice", "There is no voice 'prya'; did you mean 'priya'?"), "Check the language and the voice"),
    ],
    ids=["401", "429", "400"],
)  # fmt: skip
async def test_a_refused_token_is_explained_with_the_endpoints_own_words(open_page, stack, refusal, advice):
    stack.refusal = refusal
    page = await open_page(stack.page_url)

    await page.join()

    told = await page.problem_is("token_refused")
    assert refusal[2] in told
    assert advice in told
    assert await page.tab.is_visible("#join")
    await page.screenshot(f"11-token-refused-{refusal[0]}")


async def test_an_endpoint_that_does_not_allow_this_page_is_told_apart_from_a_refusal(open_page, stack):
    """A browser hides the reply of a server without CORS headers: all that is known is that nothing came."""
    stack.cors = False
    page = await open_page(stack.page_url)

    await page.join()

    told = await page.problem_is("token_unreachable")
    assert "TOKEN_ALLOWED_ORIGINS" in told
    assert stack.page_url.rstrip("/") in told


async def test_the_bearer_of_the_fragment_is_sent_and_hidden_from_the_address(open_page, stack):
    stack.refusal = (401, "unauthorized", "Not this one.")
    page = await open_page(f"{stack.page_url}?endpoint={stack.token_url}#bearer=abc.def.ghi")

    await page.join()
    await page.problem_is("token_refused")

    assert stack.token_requests[-1]["authorization"] == "Bearer abc.def.ghi"
    assert "abc.def" not in page.tab.url


async def test_a_bearer_in_the_query_is_never_used(open_page, stack):
    """Proxies log queries."""
    stack.refusal = (401, "unauthorized", "No bearer token.")
    page = await open_page(f"{stack.page_url}?bearer=abc.def.ghi")
    assert "treat that token as leaked" in await page.problem_is("bearer_in_query")

    await page.join()
    await page.problem_is("token_refused")

    assert stack.token_requests[-1]["authorization"] is None


async def test_a_plain_http_endpoint_elsewhere_gets_no_bearer(open_page, stack):
    page = await open_page(f"{stack.page_url}?endpoint=http://token.example/#bearer=abc.def.ghi")

    await page.join()

    assert "https" in await page.problem_is("endpoint_insecure")


async def test_away_from_the_sandbox_the_menu_of_faults_says_why_it_is_empty(open_page, stack):
    page = await open_page(f"{stack.page_url}?endpoint=https://token.example/")
    await page.press("#faults summary")

    assert await page.tab.is_hidden("#fault-menu")
    assert "real providers" in await page.text("#fault-status")


async def test_hosted_elsewhere_the_page_works_without_samples(open_page, stack):
    page = await open_page(f"{stack.page_url}?endpoint={stack.token_url}", without_path="/config.json")

    await page.join_and_be_greeted()

    assert await page.tab.is_hidden("#samples")
    assert "use your microphone" in await page.text("#samples-hint")


async def test_when_no_agent_comes_the_caller_is_told_and_may_try_again(open_page, stack):
    stack.agent_comes = False
    page = await open_page(stack.page_url)
    await page.join()
    await page.connection_is("waiting_for_agent")

    told = await page.problem_is("no_agent", within=20)
    assert "AGENT_NAME" in told
    await page.screenshot("12-no-agent")

    stack.agent_comes = True
    await page.press("#problem button:text('Try again')")
    await page.agent_is("listening", within=20)
    await page.no_problem()


async def test_an_agent_that_leaves_is_missed_and_its_successor_welcomed(open_page, stack):
    page = await open_page(stack.page_url)
    await page.join_and_be_greeted()
    room = stack.agent.room_name
    await stack.agent.report(3, "", "", "en-IN", price_rupees=0.5)
    await page.turn_is_reported(3)
    assert await page.text("#cost") == "₹1.50"

    await stack.agent.leave()
    await page.problem_is("agent_left")
    await page.screenshot("13-agent-left")
    stack.send_agent(room)

    await page.connection_is("live", within=15)
    await page.no_problem()
    await page.shows("#transcript .notice", "Another agent took over here and carries the call on.")
    assert await page.text("#cost") == "₹1.50", "what the call has cost is not forgotten with the agent"
    await stack.agent.report(4, "", "", "en-IN", price_rupees=0.05)
    await page.turn_is_reported(4)
    assert await page.text("#cost") == "₹1.70", "both agents' shares"


async def test_a_notice_of_the_worker_is_shown_in_the_conversation(open_page, stack):
    page = await open_page(stack.page_url)
    await page.join_and_be_greeted()

    await stack.agent.notice("llm_late", "Sorry, that took too long.")
    await page.shows("#transcript .notice", "Sorry, that took too long.")

    await stack.agent.report(3, "", "", "en-IN", price_rupees=None)
    await page.turn_is_reported(3)
    assert await page.text("#cost") == "1,305 tokens"  # no price is known: no amount is made up


async def test_what_is_kept_is_shown_and_a_button_takes_it_back(open_page, stack):
    page = await open_page(stack.page_url)
    await page.join()
    await page.agent_is("listening", within=20)
    assert not await page.tab.is_visible("#consent")  # nobody has asked

    await stack.agent.notice("consent", "May we record this call? Yes or no?")
    await stack.agent.keeps("nothing")
    await page.shows("#consent-kept", "Nothing of this call is kept.")
    await page.shows("#consent-notice", "May we record this call?")
    assert not await page.tab.is_visible("#withdraw")

    await stack.agent.keeps("recording,words")
    await page.shows("#consent-kept", "the sound; what is said, as text")
    await page.screenshot("16-kept")
    assert await page.violations() == []

    await page.press("#withdraw")
    async with stack.agent.patience():
        await stack.agent.withdrawn.wait()
    await page.shows("#consent-kept", "Nothing of this call is kept.")
    assert not await page.tab.is_visible("#withdraw")


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
