"""The telephone's file is understood, or refused with the place in it, the reason and the mend."""

import pytest

from phone.config import Kind, read_config
from phone.errors import BadConfig
from tests.phone.telephone_file import ENVIRON, RIGHT


def read(tmp_path, text, environ=ENVIRON):
    path = tmp_path / "phone.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path, environ)


def test_a_right_file_says_who_rings_where_and_who_is_called_from_which_number(tmp_path):
    config = read(tmp_path, RIGHT)
    assert [(each.number, each.language) for each in config.inbound.numbers] == [
        ("+918012345678", "kn-IN"), ("+912212345678", ""),
    ]  # fmt: skip
    assert config.outbound.auth_password == "hunter2"
    assert (config.purposes["offer"].kind, config.purposes["offer"].caller_id) == (Kind.PROMOTIONAL, "+911401234567")


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"+91 80 1234 5678"', '"12345"', "inbound.number[0].number: '12345' is no phone number. Write +91"),
        ('"kn-IN"', '"kannada"', "inbound.number[0].language: 'kannada' is not spoken. Use one of bn-IN"),
        ('transport = "tcp"', 'transport = "pigeon"', "outbound.transport: 'pigeon' is none. Use udp, tcp or tls"),
        ("calls_at_once = 3", "calls_at_once = 0", "outbound.calls_at_once: is no number above 0"),
        ("calls_at_once = 3", "calls_at_once = 0.5", "outbound.calls_at_once: is no whole number"),
        ("calls_at_once = 3", "tries = inf", "outbound.tries: is no number above 0 and below 1000000"),
        ('"02212345678"', '"08012345678"', "inbound.number[1].number: is inbound.number[0]'s, too"),
        ('name = "offer"', 'name = "order-update"', "purpose[1].name: is purpose[0]'s, too"),
        ("Asha Bakery", "x" * 501, "company: is longer than 500 letters"),
        ("cakes for Diwali", "x" * 501, "purpose[1].about: is longer than 500 letters"),
        ("calls_at_once = 3", 'calls_at_once = "3"', "outbound.calls_at_once: is no number above 0"),
        ("calls_at_once = 3", "calls_at_onec = 3", "outbound.calls_at_onec: is not known. Known there: "),
        ('do_not_call = "none"', "", "outbound.do_not_call: is missing"),
        ('company = "Asha Bakery"', "", "company: is missing, and calls go out in somebody's name"),
        ('"$CARRIER_PASSWORD"', '"hunter2"', "outbound.auth_password: stands in the file. Write"),
        ('"$CARRIER_PASSWORD"', '"$OTHER"', "outbound.auth_password: $OTHER is not set"),
        ('kind = "service"', 'kind = "spam"', "purpose[0].kind: 'spam' is none. Use service, transactional, prom"),
        ("+911600123456", "+919812345678", "purpose[0].caller_id: service calls go out from the 160 series"),
        (
            'about = "cakes',
            f'voicemail = "{"x" * 501}"\nabout = "cakes',
            "purpose[1].voicemail: is longer than 500 letters",
        ),
        ('about = "cakes', 'voicemail = 1\nabout = "cakes', "purpose[1].voicemail: is missing, or no text"),
        ("+911401234567", "+911600123456", "purpose[1].caller_id: promotional calls go out from the 140 series"),
        ("[[purpose]]", "[purpose]", "is no TOML"),
        ("[inbound]", "[inbound", "is no TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_place_reason_and_mend(tmp_path, right, wrong, said):
    assert right in RIGHT
    with pytest.raises(BadConfig) as refused:
        read(tmp_path, RIGHT.replace(right, wrong, 1))
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadConfig, match=r"nowhere.toml cannot be read"):
        read_config(tmp_path / "nowhere.toml", {})
