"""Hides cards, Aadhaar numbers, PANs, one-time passwords and the like in what was said, in eleven languages.

Nothing of the worker is imported, and nothing but the standard library: whoever stores or sends words can use it.
`Masker` follows one conversation; `sensitive_in` looks at one text.
"""

from records.masking.kinds import Kind
from records.masking.masker import Masker
from records.masking.sensitive import Found, sensitive_in
from records.masking.words import words

__all__ = ["Found", "Kind", "Masker", "know_number_words", "sensitive_in"]


def know_number_words() -> None:
    """Read the lists now: a first turn must not wait for files."""
    words()
