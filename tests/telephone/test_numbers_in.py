"""The search for numbers finds them: one that finds nothing would let everything pass."""

import pytest

from tests.telephone.numbers_in import numbers_in

NUMBER = "+919876543210"


@pytest.mark.parametrize(
    "text",
    ["9876543210", "+919876543210", "call-_+919876543210_x7", "98765 43210", "+91 98765-43210",
     "sip:09876543210@1.2.3.4", "(98765) 43210", "ends with 543210", '"543210"', "54 32 10"],
)  # fmt: skip
def test_a_number_is_found_however_it_is_written(text):
    assert numbers_in(f"a line with {text} in it", NUMBER)


@pytest.mark.parametrize(
    "text", ["2026-11-29T10:00:00.543210", "a543210f", "1543210", "98765", "987654321x", "call-_3210_x"]
)
def test_what_is_none_is_not(text):
    assert numbers_in(f"a line with {text} in it", NUMBER) == []
