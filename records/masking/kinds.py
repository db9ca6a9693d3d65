"""Names the kinds of numbers that masking tells apart, and what each looks like by itself."""

from __future__ import annotations

import re
from enum import StrEnum

from records.masking.checksums import luhn_holds, verhoeff_holds

AADHAAR_DIGITS, AADHAAR_VIRTUAL_DIGITS = 12, 16
CARD_DIGITS = range(13, 20)
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6[05]\d\d|8[12]\d\d|508\d|35[36]\d)\d{12}"  # RuPay
    r"|(?:6011|64[4-9]\d|62\d\d|352[89]|35[3-8]\d)\d{12,15}"  # Discover, UnionPay, JCB
    r"|3(?:0[0-5]|[68]\d)\d{11}"  # Diners
    r"|(?:5[06-9]|6\d)\d{11,17}"  # Maestro
)
_PHONE = re.compile(r"(?:0|91|091|0091)?[6-9]\d{9}")
PAN = re.compile(r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]")
LIKE_A_PAN = re.compile(r"[A-Z]{5}\d{4}[A-Z]")


class Kind(StrEnum):
    """What a number is; also what stands in its place: `[card]`."""

    CARD = "card"
    CVV = "cvv"
    PIN = "pin"
    OTP = "otp"
    AADHAAR = "aadhaar"
    PAN = "pan"
    ACCOUNT = "account"
    PHONE = "phone"


def is_card(digits: str) -> bool:
    """Whether it begins as an issuer's cards do, is as long, and Luhn's rule holds."""
    return len(set(digits)) > 1 and _CARD.fullmatch(digits) is not None and luhn_holds(digits)


def could_be_a_card(digits: str) -> bool:
    """Whether it is as long as a card and Luhn's rule holds, whoever issued it."""
    return len(digits) in CARD_DIGITS and len(set(digits)) > 1 and luhn_holds(digits)


def is_aadhaar(digits: str) -> bool:
    """Whether it is an Aadhaar number, or a virtual one of 16 digits: Verhoeff's rule holds, no 0 or 1 begins it."""
    return (
        len(digits) in (AADHAAR_DIGITS, AADHAAR_VIRTUAL_DIGITS)
        and digits[0] not in "01"
        and len(set(digits)) > 1
        and verhoeff_holds(digits)
    )


def is_phone(digits: str) -> bool:
    """Whether it is an Indian mobile number, with or without 0 or +91."""
    return _PHONE.fullmatch(digits) is not None
