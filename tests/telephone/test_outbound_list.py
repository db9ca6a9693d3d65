"""A list that is called through the real livekit-server, with a crash in its middle: all outcomes, nobody twice."""

import pytest

from bench.outbound import CALLS_AT_ONCE, OUTPUT, PARTS, call_a_list, people_of
from tests.telephone.numbers_in import numbers_in

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


def is_whole(found):
    """Whether everybody was called once and told right, and nobody was left in a room."""
    assert found.wrong == []
    assert (found.called_twice, found.left_in_rooms) == (0, 0)
    assert 1 <= found.cut <= CALLS_AT_ONCE, "it was killed in mid-call"


async def test_every_outcome_once_with_a_crash_in_the_middle(exchange, tmp_path):
    found = await call_a_list(exchange.telephone, tmp_path, dict.fromkeys(PARTS, 1), calls_a_minute=600)
    assert found.calls == 12
    is_whole(found)
    output = (tmp_path / OUTPUT).read_text(encoding="utf-8")
    assert '"outcome": "busy"' in output
    assert [number for number in people_of(dict.fromkeys(PARTS, 1)) if numbers_in(output, number)] == []


@pytest.mark.nightly
async def test_of_a_hundred_nobody_is_called_twice_and_nobody_is_left_in_a_room(exchange, tmp_path):
    found = await call_a_list(exchange.telephone, tmp_path, PARTS, calls_a_minute=120)
    assert found.calls == 100
    is_whole(found)
