"""Defines what can be wrong before a number is dialled: what, why, and what to do."""

from __future__ import annotations


class PhoneError(Exception):
    """Base of every error that is raised here on purpose."""

    def __init__(self, what: str, *, why: str, do: str) -> None:
        super().__init__(f"{what}: {why}. {do}")
        self.what, self.why, self.do = what, why, do


class BadConfig(PhoneError):
    """The file of trunks, numbers and purposes cannot be used."""


class BadList(PhoneError):
    """The list of a campaign cannot be used."""


class LiveKitRefused(PhoneError):
    """LiveKit's SIP service does not answer, or not as asked."""
