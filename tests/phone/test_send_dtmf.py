"""The model presses the keys it is asked for, and no others."""

import contextlib
from types import SimpleNamespace

import pytest
from livekit.agents import ToolError

from tests.jumping_clock import run
from tests.phone.test_line import Room
from tests.phone.test_phone_call import Reports, Session
from worker.conversation.phone_call import PhoneCall
from worker.settings import PhoneSettings
from worker.tools.send_dtmf import send_dtmf


def test_keys_are_pressed_in_order_with_their_codes():
    async def scenario():
        pressed = []

        async def publish(*, code, digit):
            pressed.append((code, digit))

        room = Room(**{"sip.callStatus": "active"})
        room.local_participant = SimpleNamespace(publish_dtmf=publish)
        phone = PhoneCall(room, Session(), PhoneSettings(), None, SimpleNamespace(key_in=None), Reports())
        await phone.answered(room.phone)
        assert await phone.press_keys("1w0*#9")
        return pressed

    assert run(scenario()) == [(1, "1"), (0, "0"), (10, "*"), (11, "#"), (9, "9")]


class Context:
    def __init__(self, on_a_phone):
        self.pressed = []

        async def press_keys(keys):
            self.pressed.append(keys)
            return on_a_phone

        self.userdata = SimpleNamespace(press_keys=press_keys, settings=None, say=None)

    @contextlib.asynccontextmanager
    async def with_filler(self, filler, delay, interval=None):
        yield


@pytest.mark.parametrize("keys", ["", "one", "12 34", "1" * 41, "1;2", "+91"])
def test_what_are_no_keys_is_refused_in_words_for_the_model(keys):
    async def scenario():
        ctx = Context(on_a_phone=True)
        with pytest.raises(ToolError, match="1 to 40 keys"):
            await send_dtmf(ctx, keys=keys)
        assert ctx.pressed == []

    run(scenario())


def test_a_call_on_no_phone_has_no_keys():
    async def scenario():
        with pytest.raises(ToolError, match="on no phone"):
            await send_dtmf(Context(on_a_phone=False), keys="1")
        ctx = Context(on_a_phone=True)
        assert "pressed" in await send_dtmf(ctx, keys="1#")
        assert ctx.pressed == ["1#"]

    run(scenario())
