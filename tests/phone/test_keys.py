"""What a caller keys in are words of theirs, complete at `#` or a pause, begun again at `*`."""

import pytest

from tests.jumping_clock import run, wait
from worker.phone.keys import MASK, MOST_KEYS, Keys


def keyed(presses, *, mask=False):
    """What becomes of these presses: a number is a pause of so many seconds."""

    async def scenario():
        heard, begun = [], []
        keys = Keys(3.0, mask=mask, pressed=lambda: begun.append(len(heard)), keyed=heard.append)
        for press in presses:
            if isinstance(press, str):
                for key in press:
                    keys.press(key)
            else:
                await wait(press)
        await wait(10)
        return heard, begun, keys

    return run(scenario())


@pytest.mark.parametrize(
    ("presses", "heard"),
    [
        (["1234#"], ["1234"]),
        (["12", 2.9, "34", 3.1], ["1234"]),
        (["12", 3.1, "34"], ["12", "34"]),
        (["99*1234#"], ["1234"]),
        (["99**#"], []),
        (["#"], []),
        (["*"], []),
        (["##12##34#"], ["12", "34"]),
        (["1A2BCD#"], ["12"]),
        (["0#"], ["0"]),
        (["1" * (MOST_KEYS + 2) + "#"], ["1" * MOST_KEYS, "11"]),
        (["12*", 9, "34#"], ["34"]),
    ],
)
def test_keys_are_words_when_they_are_complete(presses, heard):
    assert keyed(presses)[0] == heard


def test_the_agent_falls_silent_at_the_first_key_of_each_number():
    assert keyed(["12#34#"])[1] == [0, 1]
    assert keyed(["#*"])[1] == []


def test_what_was_keyed_is_hidden_wherever_it_is_repeated_and_nothing_else_is():
    keys = keyed(["4711#", "12#"], mask=True)[2]
    said = "PIN 4711, order 47119, 12 boxes, 112"
    assert keys.masked(said) == f"PIN {MASK * 4}, order 47119, {MASK * 2} boxes, 112"
    assert keyed(["4711#"])[2].masked(said) == said


def test_who_is_asked_first_can_take_a_key_but_not_out_of_a_number():
    async def scenario():
        heard, taken = [], []
        keys = Keys(3.0, mask=False, pressed=lambda: None, keyed=heard.append)
        keys.first_refusal = lambda key: key == "2" and not taken and not taken.append(key)
        for key in "2" + "12#":
            keys.press(key)
        await wait(4)
        return heard, taken

    assert run(scenario()) == (["12"], ["2"])
