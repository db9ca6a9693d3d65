"""Whom the page sends a token and a voice to: its own deployment, others only when a person has read the host."""

import re
from dataclasses import dataclass, field

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTED_AS = "vaani.localhost"  # a browser's secure origin without a certificate, and to the page not this machine
OWN = "https://token.vaani.example/token"
EVIL = "https://evil.example/token"
ALLOWED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
}


@dataclass
class Internet:
    """What a hosted page finds under https, and what it has sent to whom."""

    config: dict | None = None
    server_url: str = "wss://project.livekit.example"
    redirect: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)

    async def connect(self, context):
        await context.route(re.compile("^https://"), self.answer)
        await context.route_web_socket(re.compile("^wss://"), lambda socket: self.sockets.append(socket.url))

    async def connect_hosted(self, context):
        await self.connect(context)
        await context.route("**/config.json", self.tell_config)

    async def tell_config(self, route):
        await route.fulfill(status=200 if self.config else 404, json=self.config)

    async def answer(self, route):
        if route.request.method == "OPTIONS":
            await route.fulfill(status=204, headers=ALLOWED)
        elif route.request.method == "POST":
            self.asked.append((route.request.url, route.request.headers.get("authorization")))
            await self.give_token(route)
        else:
            await route.abort()  # the LiveKit SDK asks a server that it could not join why

    async def give_token(self, route):
        if self.redirect:
            await route.fulfill(status=307, headers=ALLOWED | {"Location": self.redirect})
            return
        reply = {"server_url": self.server_url, "participant_token": "a.b.c"}
        await route.fulfill(status=201, headers=ALLOWED, json=reply)


@pytest.fixture
def hosted(open_page, stack):
    """Opens the page as an operator hosts it; returns it with what it can reach."""

    async def open_hosted(address="", config=None, **internet):
        internet = Internet(config, **internet)
        page_url = stack.page_url.replace("127.0.0.1", HOSTED_AS)
        return await open_page(page_url + address, prepare=internet.connect_hosted), internet

    return open_hosted


HOSTED = {"token_endpoint": OWN}


async def test_a_link_to_another_endpoint_is_offered_by_its_host_and_not_obeyed(hosted):
    """Pins M6: a link on the operator's own origin sent the bearer and the voice wherever it liked."""
    page, internet = await hosted(f"?endpoint={EVIL}#bearer=theirs", HOSTED)

    told = await page.problem_is("endpoint_unconfirmed")
    assert "Do you want to call evil.example?" in told
    assert await page.tab.input_value("#endpoint") == OWN
    assert await page.tab.input_value("#bearer") == "", "the link's bearer is for the link's endpoint"
    await page.press("#place summary")
    await page.tab.fill("#bearer", "mine")
    await page.join(microphone=True)

    await page.problem_is("server_unreachable")
    assert {asked for asked, _ in internet.asked} == {OWN}
    assert all(socket.startswith("wss://project.livekit.example/") for socket in internet.sockets)


async def test_a_typed_endpoint_is_asked_about_and_so_is_the_server_that_it_names(hosted):
    page, internet = await hosted("", HOSTED, server_url="wss://ears.example")
    await page.press("#place summary")
    await page.tab.fill("#endpoint", EVIL)
    await page.tab.fill("#bearer", "mine")

    await page.join(microphone=True)
    assert "evil.example" in await page.problem_is("endpoint_unconfirmed")
    assert internet.asked == []

    await page.press("#problem button:text('Use evil.example')")
    assert "Send your voice to ears.example?" in await page.problem_is("server_unconfirmed")
    assert internet.asked == [(EVIL, "Bearer mine")]
    assert internet.sockets == []

    await page.press("#problem button:text('Use ears.example')")
    await page.problem_is("server_unreachable")
    assert internet.sockets[0].startswith("wss://ears.example/")


async def test_a_confirmed_link_brings_its_own_bearer(hosted):
    page, internet = await hosted(f"?endpoint={EVIL}#bearer=theirs", None)
    await page.problem_is("endpoint_unconfirmed")

    await page.press("#problem button:text('Use evil.example')")
    await page.join()

    await page.problem_is("server_unconfirmed")
    assert internet.asked == [(EVIL, "Bearer theirs")]


async def test_dismissing_the_question_sends_nothing_and_forgets_nothing(hosted):
    page, internet = await hosted(f"?endpoint={EVIL}", None)
    await page.problem_is("endpoint_unconfirmed")
    await page.press("#problem button:text('Dismiss')")

    await page.join()

    await page.problem_is("endpoint_missing")
    assert internet.asked == []


async def test_a_redirect_of_the_own_endpoint_is_not_followed(hosted):
    page, internet = await hosted("#bearer=mine", HOSTED, redirect=EVIL)

    await page.join()

    assert "redirects are not followed" in await page.problem_is("token_unreachable")
    assert {asked for asked, _ in internet.asked} == {OWN}


async def test_with_its_server_in_the_config_the_browser_lets_the_page_call_nobody_else(hosted):
    page, internet = await hosted("", HOSTED | {"livekit_url": "wss://project.livekit.example"})
    await page.press("#place summary")
    await page.tab.fill("#endpoint", EVIL)

    await page.join()
    assert "does not call evil.example" in await page.problem_is("endpoint_foreign")

    refused = await page.tab.evaluate(
        "address => fetch(address, {method: 'POST'}).then(() => '', error => error.name)", EVIL
    )
    allowed = await page.tab.evaluate("address => fetch(address, {method: 'POST'}).then(each => each.status)", OWN)
    assert (refused, allowed) == ("TypeError", 201)
    assert [asked for asked, _ in internet.asked] == [OWN]


async def test_a_server_other_than_the_configs_is_not_joined(hosted):
    page, internet = await hosted("", HOSTED | {"livekit_url": "wss://other.livekit.example"})

    await page.join()

    assert "other.livekit.example" in await page.problem_is("server_foreign")
    assert internet.sockets == []


async def test_a_link_on_ones_own_machine_to_a_stranger_is_asked_about_too(open_page, stack):
    internet = Internet(server_url=stack.livekit.url)
    page = await open_page(f"{stack.page_url}?endpoint={EVIL}#bearer=theirs", prepare=internet.connect)

    await page.join()
    assert "evil.example" in await page.problem_is("endpoint_unconfirmed")
    assert internet.asked == []

    await page.press("#problem button:text('Use evil.example')")
    await page.problem_is("server_unreachable")  # on this machine: not asked about
    assert set(internet.asked) == {(EVIL, "Bearer theirs")}


CHECK = """async ([config, page, endpoint, server, confirmed]) => {
    const { Trust } = await import('./trust.js');
    const trust = new Trust(config, page);
    confirmed.forEach(address => trust.confirm(address));
    try {
        const asked = trust.checkEndpoint(endpoint);
        if (server !== null) trust.checkServer(server, asked);
        return 'sent';
    } catch (problem) {
        return problem.code;
    }
}"""

CASES = [
    # page's host, endpoint, server, what comes of it
    ("vaani.example", OWN, None, "sent"),
    ("vaani.example", "https://TOKEN.vaani.example:443/token", None, "sent"),
    ("vaani.example", OWN + "/other", None, "endpoint_unconfirmed"),
    ("vaani.example", OWN + "?next=1", None, "endpoint_unconfirmed"),
    ("vaani.example", "https://token.vaani.example.evil.example/token", None, "endpoint_unconfirmed"),
    ("vaani.example", "https://token.vaani.example:444/token", None, "endpoint_unconfirmed"),
    ("vaani.example", "https://token.vaani.example@evil.example/token", None, "endpoint_misleading"),
    ("vaani.example", "https://token.vaani.example:x@evil.example/token", None, "endpoint_misleading"),
    ("vaani.example", "https://token.vaani.example\\@evil.example/token", None, "endpoint_unconfirmed"),
    ("vaani.example", "https://токен.vaani.example/token", None, "endpoint_unconfirmed"),
    ("vaani.example", "http://token.vaani.example/token", None, "endpoint_insecure"),
    ("vaani.example", "http://127.0.0.1:9/", None, "endpoint_unconfirmed"),
    ("127.0.0.1", "http://127.0.0.1:9/", None, "sent"),
    ("127.0.0.1", "http://[::1]:9/", None, "sent"),
    ("127.0.0.1", "http://0x7f000001:9/", None, "sent"),
    ("127.0.0.1", "http://[::ffff:127.0.0.1]:9/", None, "endpoint_insecure"),
    ("127.0.0.1", "http://localhost.evil.example/", None, "endpoint_insecure"),
    ("127.0.0.1", "https://localhost.evil.example/", None, "endpoint_unconfirmed"),
    ("127.0.0.1", "http://127.0.0.1.evil.example/", None, "endpoint_insecure"),
    ("127.0.0.1", "http://127.0.0.1@evil.example/", None, "endpoint_misleading"),
    ("127.0.0.1.evil.example", "http://127.0.0.1:9/", None, "endpoint_unconfirmed"),
    ("127.0.0.1", EVIL, None, "endpoint_unconfirmed"),
    ("vaani.example", "javascript:alert(1)", None, "endpoint_insecure"),
    ("vaani.example", "data:application/json,{}", None, "endpoint_insecure"),
    ("vaani.example", "blob:https://vaani.example/1", None, "endpoint_insecure"),
    ("vaani.example", "file:///etc/passwd", None, "endpoint_insecure"),
    ("vaani.example", "//evil.example/token", None, "endpoint_missing"),
    ("vaani.example", "", None, "endpoint_missing"),
    ("vaani.example", OWN, "wss://project.livekit.cloud", "sent"),
    ("vaani.example", OWN, "ws://project.livekit.cloud", "server_insecure"),
    ("vaani.example", OWN, "wss://project.livekit.cloud@evil.example", "server_insecure"),
    ("vaani.example", OWN, "javascript:alert(1)", "server_insecure"),
    ("vaani.example", OWN, "/rtc", "server_insecure"),
    ("127.0.0.1", "http://127.0.0.1:9/", "ws://127.0.0.1:7880", "sent"),
    ("127.0.0.1", "http://127.0.0.1:9/", "wss://evil.example", "server_unconfirmed"),
]


@pytest.mark.parametrize(("page", "endpoint", "server", "outcome"), CASES)
async def test_who_is_believed_without_asking(still_page, page, endpoint, server, outcome):
    assert await still_page.tab.evaluate(CHECK, [HOSTED, page, endpoint, server, []]) == outcome


async def test_a_confirmation_is_for_one_address_only(still_page):
    others = [EVIL + "2", "https://evil.example:444/token", "https://sub.evil.example/token"]
    outcomes = [
        await still_page.tab.evaluate(CHECK, [None, "vaani.example", each, None, [EVIL]]) for each in (EVIL, *others)
    ]
    assert outcomes == ["sent", *["endpoint_unconfirmed"] * 3]


SOURCES = """async ([config, page]) => (await import('./trust.js')).connectSources(config, page)"""
CLOUD = {"token_endpoint": OWN, "livekit_url": "wss://shop.livekit.cloud"}


@pytest.mark.parametrize(
    ("config", "page", "sources"),
    [
        (HOSTED, "127.0.0.1", None),
        (None, "vaani.example", "'self' https: wss:"),
        (HOSTED, "vaani.example", "'self' https: wss:"),
        (
            CLOUD,
            "vaani.example",
            "'self' https://token.vaani.example https://shop.livekit.cloud wss://shop.livekit.cloud"
            " https://*.livekit.cloud wss://*.livekit.cloud",
        ),
        (
            CLOUD | {"livekit_url": "wss://rtc.vaani.example:7443"},
            "vaani.example",
            "'self' https://token.vaani.example https://rtc.vaani.example:7443 wss://rtc.vaani.example:7443",
        ),
    ],
)
async def test_a_hosted_page_may_connect_to_its_own_hosts(still_page, config, page, sources):
    assert await still_page.tab.evaluate(SOURCES, [config, page]) == sources
