"""The token function and the worker ship apart, and name one caller alike."""

import pytest
from join_token.callers import Caller

from worker.text.phone_numbers import ISSUER, fingerprint


@pytest.mark.parametrize("key", ["secret", "ключ", "a secret of more than 32 characters, made up"])
@pytest.mark.parametrize("number", ["+919812345678", "+914412345678", "+14155550123"])
def test_a_phones_number_has_the_fingerprint_that_the_token_function_would_give_it(number, key):
    assert fingerprint(number, key) == Caller(ISSUER, number).fingerprint(key)
