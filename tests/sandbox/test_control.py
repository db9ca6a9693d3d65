"""The control endpoint, the order service, the page's files, and the command."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys

import aiohttp
import pytest

from sandbox.control.scopes import FAULTS, SETTING_NAMES, BadSetting, Scopes, settings_from_environment
from sandbox.web_files import file_for


async def status_and_message(response):
    body = await response.json()
    return response.status, body["error"]["message"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"stt_final_second": 1}, "did you mean 'stt_final_seconds'"),
        ({"stt_final_seconds": -1}, "must be a number from 0"),
        ({"stt_final_seconds": "1"}, "must be a number from 0"),
        ({"stt_final_seconds": True}, "must be a number from 0"),
        ({"faults": {}}, "must be a list"),
        ({"faults": ["hang"]}, "must be an object"),
        ({"faults": [{"provider": "sst", "fault": "hang"}]}, "provider 'sst' is unknown"),
        ({"faults": [{"provider": "stt", "fault": "hung"}]}, "did you mean 'hang'"),
        ({"faults": [{"provider": "llm", "fault": "close_1000"}]}, "llm has no fault"),
        ({"faults": [{"provider": "stt", "fault": "hang", "time": 1}]}, "did you mean 'times'"),
        ({"faults": [{"provider": "stt", "fault": "hang", "times": 0}]}, "times must be"),
        ({"faults": [{"provider": "stt", "fault": "hang", "for_seconds": "5"}]}, "for_seconds must be"),
        ({"faults": [{"provider": "stt", "fault": "hang", "phase": "end"}]}, "phase 'end' is unknown"),
        ([], "must be a JSON object"),
    ],
)
async def test_a_wrong_change_is_refused_with_what_would_be_right_and_changes_nothing(scope, body, told):
    before = await scope.described()
    if isinstance(body, dict):
        body = {"llm_token_seconds": 9, **body}
    async with scope.http.patch(scope.url, json=body) as response:
        status, message = await status_and_message(response)
    assert status == 400
    assert told in message
    assert await scope.described() == before


@pytest.mark.parametrize("body", [{}, {"transcripts": "hello"}, {"transcripts": [{"text": 1}]}])
async def test_a_wrong_transcript_is_refused(scope, body):
    async with scope.http.post(f"{scope.url}/transcripts", json=body) as response:
        assert (await status_and_message(response))[0] == 400


async def test_a_body_that_is_not_json_is_refused(scope):
    async with scope.http.patch(scope.url, data="{") as response:
        assert (await status_and_message(response))[0] == 400


async def test_a_queue_can_be_replaced(scope):
    entry = {"text": "one", "language": "en-IN"}
    assert await scope.queue(entry, entry) == 2
    body = {"transcripts": [entry], "replace": True}
    async with scope.http.post(f"{scope.url}/transcripts", json=body) as response:
        assert await response.json() == {"queued_transcripts": 1}


async def test_delete_goes_back_to_the_defaults_and_the_count_of_events_goes_on(scope):
    await scope.queue({"text": "one", "language": "en-IN"})
    async with scope.http.get(f"{scope.base_url}/orders/4521", headers={"x-api-key": scope.key}):
        pass
    async with scope.http.get(f"{scope.url}/seen?after=0") as response:
        last = (await response.json())["next"]
    assert last > 0
    async with scope.http.delete(scope.url) as response:
        body = await response.json()
    assert body["queued_transcripts"] == 0
    assert body["settings"]["stt_final_seconds"] == 0.25
    async with scope.http.get(f"{scope.url}/seen?after={last}") as response:
        assert await response.json() == {"events": [], "next": last}


async def test_looking_at_an_unknown_scope_does_not_create_it():
    scopes = Scopes()
    assert scopes.for_key("unknown") is scopes.for_key("default")
    scopes.get_or_create("known")
    assert scopes.for_key("known") is not scopes.for_key("default")


@pytest.mark.parametrize("fault", [{"after_seconds": 60}, {"for_seconds": 0}])
async def test_a_fault_outside_of_its_time_does_nothing(scope, fault):
    await scope.fault("orders", "server_error", **fault)
    async with scope.http.get(f"{scope.base_url}/orders/4521", headers={"x-api-key": scope.key}) as response:
        assert response.status == 200


async def test_a_fault_with_times_is_over_when_they_are(scope):
    await scope.fault("orders", "server_error", times=2)
    statuses = []
    for _ in range(3):
        async with scope.http.get(f"{scope.base_url}/orders/4521", headers={"x-api-key": scope.key}) as response:
            statuses.append(response.status)
    assert statuses == [500, 500, 200]


async def test_a_closed_port_refuses_and_a_bad_certificate_is_not_trusted(scope):
    ports = {}
    for kind in ("closed", "bad_tls"):
        async with scope.http.post(f"{scope.base_url}/control/ports", json={"kind": kind}) as response:
            ports[kind] = (await response.json())["port"]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", ports["closed"])
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", ports["bad_tls"], ssl=ssl.create_default_context())
    async with scope.http.post(f"{scope.base_url}/control/ports", json={"kind": "open"}) as response:
        assert response.status == 400


async def order(scope, number="4521"):
    return await scope.http.get(
        f"{scope.base_url}/orders/{number}",
        headers={"Authorization": f"Bearer {scope.key}"},
        timeout=aiohttp.ClientTimeout(total=1),
    )


async def test_an_order_always_has_the_same_answer_and_an_unknown_one_is_404(scope):
    first, again = [await (await order(scope)).json() for _ in range(2)]
    assert first == again
    assert first["order_id"] == "4521"
    assert (await order(scope, "404")).status == 404


@pytest.mark.parametrize(
    ("name", "status"), [("unauthorized", 401), ("forbidden", 403), ("rate_limited", 429), ("server_error", 500)]
)
async def test_an_order_can_be_refused(scope, name, status):
    await scope.fault("orders", name)
    response = await order(scope)
    assert response.status == status
    assert ("Retry-After" in response.headers) == (status == 429)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("hang", asyncio.TimeoutError),
        ("stall", asyncio.TimeoutError),
        ("drop", aiohttp.ClientPayloadError),
        ("malformed", ValueError),
    ],
)
async def test_an_order_can_fail_on_the_wire(scope, name, problem):
    await scope.fault("orders", name)

    async def ask():
        return await (await order(scope)).json()

    with pytest.raises(problem):
        await ask()


async def test_an_order_can_be_empty_or_slow(scope):
    await scope.fault("orders", "empty")
    assert await (await order(scope)).json() == {}
    await scope.set(orders_seconds=0.1, faults=[{"provider": "orders", "fault": "slow"}])
    begin = asyncio.get_running_loop().time()
    await order(scope)
    assert asyncio.get_running_loop().time() - begin >= 0.3


@pytest.fixture
def pages(tmp_path):
    root = tmp_path / "web"
    (root / "node_modules" / "library").mkdir(parents=True)
    (root / "index.html").write_text("<p>")
    (root / "node_modules" / "library" / "client.mjs").write_text("export {}")
    (root / ".hidden").write_text("no")
    (tmp_path / "secret").write_text("no")
    (root / "link").symlink_to(tmp_path / "secret")
    return root


def test_the_page_and_its_library_are_found(pages):
    assert file_for("", pages).name == "index.html"
    assert file_for("node_modules/library/client.mjs", pages).name == "client.mjs"


@pytest.mark.parametrize(
    "path",
    ["../secret", "node_modules/../../secret", "link", ".hidden", "..\\secret", "a\0b", "none", "node_modules"],
)
def test_nothing_else_can_be_read(pages, path):
    assert file_for(path, pages) is None


async def test_the_page_is_served_with_types_a_browser_accepts_and_no_way_out(scope):
    async with scope.http.get(f"{scope.base_url}/") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    for path in ("/..%2f..%2fpyproject.toml", "/%2e%2e/pyproject.toml", "/server.py"):
        async with scope.http.get(f"{scope.base_url}{path}") as response:
            assert response.status == 404


def run(*arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SANDBOX_")}
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_misspelt_variable_stops_it_with_the_right_one():
    ended = run("serve", "--port", "0", SANDBOX_STT_FINAL_SECOND="1")
    assert ended.returncode == 2
    assert "did you mean SANDBOX_STT_FINAL_SECONDS?" in ended.stderr


def test_a_port_in_use_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = run("serve", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 3
    assert "cannot listen on 127.0.0.1" in ended.stderr


def test_without_a_command_it_lists_them():
    ended = run()
    assert ended.returncode == 2
    assert all(name in ended.stderr for name in ("serve", "call", "demo"))


def test_settings_come_from_the_environment():
    assert settings_from_environment({"SANDBOX_SLOW_FACTOR": "5", "PATH": "x"}).slow_factor == 5.0
    with pytest.raises(BadSetting, match="slow_factor must be a number"):
        settings_from_environment({"SANDBOX_SLOW_FACTOR": "fast"})


def table_cells(text, column):
    return {line.split("|")[column].strip().strip("`") for line in text.splitlines() if line.startswith("| `")}


def test_the_documentation_lists_every_fault_and_every_setting(request):
    text = (request.config.rootpath / "docs" / "sandbox.md").read_text()
    rows = table_cells(text, 1)
    assert {name for names in FAULTS.values() for name in names} | set(SETTING_NAMES) <= rows
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 7 and cells[1].strip("`") in FAULTS["stt"] + FAULTS["tts"] + FAULTS["llm"]:
            name = cells[1].strip("`")
            for provider, cell in zip(("stt", "llm", "tts", "orders"), cells[2:6], strict=True):
                assert (name in FAULTS[provider]) == (cell != "-"), (name, provider)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", ""]
)
@pytest.mark.parametrize("path", ["/control/health", "/control/ports"])
async def test_a_name_of_somebody_elses_does_not_reach_the_controls(scope, host, path):
    """Pins: a page whose name was made to lead to 127.0.0.1 could read and change everything."""
    async with scope.http.get(scope.base_url + path, headers={"Host": host}) as response:
        assert response.status == 403


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "LOCALHOST:8080", "[::1]:80"])
async def test_this_machines_own_names_do(scope, host):
    async with scope.http.get(f"{scope.base_url}/control/health", headers={"Host": host}) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json5"]
)
async def test_what_any_page_may_send_without_asking_changes_nothing(scope, kind):
    """Pins: a `text/plain` POST from a foreign page, which needs no preflight, was taken."""
    sent = scope.http.post(f"{scope.base_url}/control/ports", data='{"kind": "closed"}', headers={"Content-Type": kind})
    async with sent as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == "bad_content_type"
