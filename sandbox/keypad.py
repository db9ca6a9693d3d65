"""The keys of a telephone, in the order of their codes (RFC 4733)."""

KEYS = "0123456789*#ABCD"


def check_keys(keys: str) -> None:
    """Raises ValueError for a key that no telephone has."""
    for key in keys:
        if key not in KEYS:
            raise ValueError(f"a telephone has no key {key!r}; its keys are {KEYS}")
