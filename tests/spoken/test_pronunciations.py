"""Names are said as their owner wants: whole words, in any case, however the text arrives."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.spoken import Pronunciations, pronounced_stream, speakable_stream

SAID = Pronunciations(
    {
        "Zyntu": "Zin too",
        "State Bank": "एस बी आई",
        "State Bank of India": "S B I",
        "राम": "Ram",
        "K.S.R.": "kay ess are",
    }
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Welcome to Zyntu.", "Welcome to Zin too."),
        ("ZYNTU, zyntu!", "Zin too, Zin too!"),
        ("Zyntus and AZyntu and Zyntu2 stay", "Zyntus and AZyntu and Zyntu2 stay"),
        ("Zyntu-वाला", "Zin too-वाला"),
        ("State Bank of India and State  Bank", "S B I and एस बी आई"),
        ("राम रामा रामू", "Ram रामा रामू"),
        ("Call K.S.R. now", "Call kay ess are now"),
        ("nothing of it", "nothing of it"),
    ],
)  # fmt: skip
def test_a_name_is_found_as_a_whole_word(text, said):
    assert SAID.say(text) == said


def test_no_list_changes_nothing():
    nobody = Pronunciations({})
    assert not nobody
    assert nobody.say("State Bank") == "State Bank"
    assert streamed(["State", " Bank"], nobody) == ["State", " Bank"], "and nothing is held back"


def test_only_the_beginning_of_a_name_waits():
    pieces = streamed(["Your", " State", " Bank", " card", " is", " here"], SAID)
    assert "".join(pieces) == "Your एस बी आई card is here"
    assert pieces[0] == "Your", "what is before the name is spoken at once"


def streamed(pieces, said):
    async def whole():
        async def source():
            for piece in pieces:
                yield piece

        return [part async for part in pronounced_stream(source(), said)]

    return asyncio.run(whole())


@given(st.lists(st.sampled_from(["State", "Bank", "of", "India", "Zyntu", "राम", "card,"]), max_size=9), st.data())
def test_the_chunks_of_a_text_change_nothing(words, data):
    text = " ".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    async def whole():
        async def source():
            for chunk in chunks:
                yield chunk

        spoken = speakable_stream(source(), "en-IN")
        return "".join([part async for part in pronounced_stream(spoken, SAID)])

    assert asyncio.run(whole()) == SAID.say(text)
