"""Who may be called when: nine to nine where they are, with a consent, and never who is on the list."""

from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from phone.config import NO_LIST
from phone.do_not_call import ListUnavailable, do_not_call_list
from phone.errors import BadConfig
from phone.rules import WHAT_TO_DO, Callee, Refusal, may_be_called_from, refusal

INDIA, DUBAI = Callee("+919812345678", "C-1"), Callee("+971501234567", "C-1", zone="Asia/Dubai")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("callee", "now", "why"),
    [
        (INDIA, "2026-11-29T03:30:00", None),  # 9:00 in India
        (INDIA, "2026-11-29T03:29:59", Refusal.OUTSIDE_HOURS),
        (INDIA, "2026-11-29T15:29:59", None),  # 20:59:59
        (INDIA, "2026-11-29T15:30:00", Refusal.OUTSIDE_HOURS),
        (INDIA, "2026-11-29T20:00:00", Refusal.OUTSIDE_HOURS),  # half past one at night
        (DUBAI, "2026-11-29T04:59:00", Refusal.OUTSIDE_HOURS),
        (DUBAI, "2026-11-29T05:00:00", None),
        (DUBAI, "2026-11-29T16:00:00", None),  # half past nine in India, eight in Dubai
        (Callee("+971501234567", "C-1"), "2026-11-29T05:00:00", Refusal.UNKNOWN_ZONE),
        (Callee("+971501234567", "C-1", zone="Dubai"), "2026-11-29T05:00:00", Refusal.UNKNOWN_ZONE),
        (Callee("+971501234567", "C-1", zone="../etc"), "2026-11-29T05:00:00", Refusal.UNKNOWN_ZONE),
        (Callee("+919812345678", ""), "2026-11-29T06:00:00", Refusal.NO_CONSENT),
        (Callee("+919812345678", "  "), "2026-11-29T06:00:00", Refusal.NO_CONSENT),
        (Callee("+919812345678", "x" * 129), "2026-11-29T06:00:00", Refusal.NO_CONSENT),
    ],
)
def test_people_are_called_with_a_consent_and_from_nine_to_nine_where_they_are(callee, now, why):
    assert refusal(callee, at(now)) is why


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-29T06:00:00", "2026-11-29T06:00:00"),
        ("2026-11-29T15:30:00", "2026-11-30T03:30:00"),
        ("2026-11-29T20:00:00", "2026-11-30T03:30:00"),
        ("2026-11-29T01:00:00", "2026-11-29T03:30:00"),
    ],
)
def test_who_may_not_be_called_now_is_called_when_it_is_nine(now, due):
    assert may_be_called_from(INDIA, at(now)) == at(due)


def test_every_refusal_says_what_to_do():
    assert set(WHAT_TO_DO) == set(Refusal)


# ---- the list


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("line", "forbidden"),
    [("09812345678", True), ("+91 98123 45678  # asked on Monday", True), ("# +919812345678", False),
     ("9812345679", False)],
)  # fmt: skip
async def test_a_number_is_on_the_file_in_any_form(tmp_path, line, forbidden):
    (tmp_path / "dnc.txt").write_text(f"\n{line}\n", encoding="utf-8")
    assert await do_not_call_list("dnc.txt", tmp_path).forbids("+919812345678") is forbidden


@pytest.mark.asyncio
async def test_a_file_that_has_gone_forbids_everybody(tmp_path):
    path = tmp_path / "dnc.txt"
    path.touch()
    listed = do_not_call_list("dnc.txt", tmp_path)
    path.unlink()
    with pytest.raises(ListUnavailable):
        await listed.forbids("+919812345678")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "body", "forbidden"),
    [
        (200, '{"listed": true}', True), (200, '{"listed": false}', False), (404, "", False),
        (200, '{"listed": "no"}', None), (200, "[]", None), (200, "yes", None), (500, "", None), (204, "", None),
    ],
)  # fmt: skip
async def test_an_address_is_asked_and_its_silence_forbids(status, body, forbidden):
    asked = []

    async def answer(request):
        asked.append(request.query["n"])
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        listed = do_not_call_list(f"http://127.0.0.1:{server.port}/?n={{number}}", None)
        if forbidden is None:
            with pytest.raises(ListUnavailable):
                await listed.forbids("+919812345678")
        else:
            assert await listed.forbids("+919812345678") is forbidden
    assert asked == ["+919812345678"]


@pytest.mark.asyncio
async def test_an_address_that_nobody_answers_forbids(unused_tcp_port):
    with pytest.raises(ListUnavailable):
        await do_not_call_list(f"http://127.0.0.1:{unused_tcp_port}/{{number}}", None).forbids("+919812345678")


@pytest.mark.asyncio
async def test_who_has_no_list_says_so(tmp_path):
    assert not await do_not_call_list(NO_LIST, tmp_path).forbids("+919812345678")
    for setting, why in (
        ("nowhere.txt", "there is no file"),
        ("https://list.example/", "has no {number} in it"),
        ("http://list.example/{number}", "is no https address"),
    ):
        with pytest.raises(BadConfig, match=why):
            do_not_call_list(setting, tmp_path)
