"""The fault matrix as data: every provider, fault and phase, and why some of them make no sense together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PROVIDERS = ("stt", "llm", "tts", "orders", "records")
PHASES = ("start", "mid", "recovers", "never")
STATUSES = ("unauthorized", "forbidden", "rate_limited", "server_error")
CLOSES = ("close_1000", "close_1001", "close_1008", "close_1011")
OF_ONE_REQUEST = ("filtered", "declined", "too_long")
OF_A_DATABASE = ("full", "read_only")
OF_RECORDS = ("refused", "hang", *OF_A_DATABASE)
FAULTS = (
    *("refused", "dns", "tls"),
    *STATUSES,
    *("hang", "slow", "stall", "drop", "malformed", "empty"),
    *CLOSES,
    "idle_close",
    *OF_ONE_REQUEST,
    *OF_A_DATABASE,
)
WRONG_ADDRESSES = ("dns", "tls")

PROVIDER_NAMES = {
    "stt": "Speech to text",
    "llm": "Language model",
    "tts": "Text to speech",
    "orders": "A tool's HTTP endpoint",
    "records": "The database of records",
}
PHASE_NAMES = {
    "start": "at the start of the call, once",
    "mid": "in mid-call, once",
    "recovers": "in mid-call, over after a while",
    "never": "from mid-call on, for ever",
}
FAULT_NAMES = {
    "refused": "connection refused, open ones broken",
    "dns": "name not found",
    "tls": "certificate not trusted",
    "unauthorized": "401",
    "forbidden": "403",
    "rate_limited": "429 with Retry-After",
    "server_error": "500",
    "hang": "accepts and hangs",
    "slow": "three times as slow",
    "stall": "stalls in mid-stream",
    "drop": "drops in mid-stream",
    "malformed": "malformed frame",
    "empty": "empty result",
    "close_1000": "closes with 1000",
    "close_1001": "closes with 1001",
    "close_1008": "closes with 1008",
    "close_1011": "closes with 1011",
    "idle_close": "closes an idle socket",
    "filtered": "400: filtered",
    "declined": "the model's own refusal",
    "too_long": "400: context too long",
    "full": "its disk is full",
    "read_only": "takes no writes",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One call of the matrix."""

    provider: str
    fault: str
    phase: str

    @property
    def name(self) -> str:
        return f"{self.provider}-{self.fault}-{self.phase}"

    @property
    def pair(self) -> tuple[str, str]:
        return self.provider, self.fault

    @property
    def of_one_request(self) -> bool:
        """Whether the provider is well and refuses just this request: it is answered by saying so."""
        return self.fault in OF_ONE_REQUEST

    @property
    def wrong_address(self) -> bool:
        """Whether the worker has to be started with an address that cannot be reached."""
        return self.fault in WRONG_ADDRESSES


def why_not(cell: Cell) -> str | None:
    """Why a cell makes no sense; None when it is run."""
    if cell.provider == "records":
        return _why_not_records(cell)
    if cell.fault in OF_A_DATABASE:
        return "of what a caller waits for, nothing is a database"
    if cell.fault in (*CLOSES, "idle_close") and cell.provider in ("llm", "orders"):
        return "HTTP has no close codes"
    if cell.fault == "idle_close" and cell.phase != "mid":
        return "a habit of the server that needs an idle socket: it does not begin with a call, and is no outage"
    if cell.of_one_request and cell.provider != "llm":
        return "the stand-ins refuse no single sentence here; tests/reply/test_retry.py has a voice that does"
    if cell.of_one_request and cell.phase == "recovers":
        return "it is about a request and not about a while: the next request is another one"
    if cell.wrong_address and cell.phase != "never":
        return (
            "a worker's address does not change while it runs, and an open connection needs neither name nor "
            "certificate; new connections that fail for a while are the row `refused`"
        )
    if cell.provider == "orders" and cell.phase == "start":
        return "a tool is asked in mid-call only"
    return None


def _why_not_records(cell: Cell) -> str | None:
    if cell.fault not in OF_RECORDS:
        return "a database speaks no HTTP and no stream; without an address, a worker says so at its start"
    if cell.phase in ("start", "mid"):
        return "no call asks the database: it is there, or it is not, for a while"
    return None


def every_cell() -> list[Cell]:
    """All combinations, those that make no sense included."""
    return [Cell(provider, fault, phase) for provider in PROVIDERS for fault in FAULTS for phase in PHASES]


def runnable() -> list[Cell]:
    """The cells that are calls."""
    return [cell for cell in every_cell() if why_not(cell) is None]


def quick() -> list[Cell]:
    """Each pair of provider and fault once: in mid-call, unless it can only be there from the start."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for cell in runnable():
        wanted.setdefault(cell.pair, []).append(cell.phase)
    return [Cell(*pair, "mid" if "mid" in phases else phases[-1]) for pair, phases in wanted.items()]


def tours(cells: Sequence[Cell], most_turns: int = 8) -> list[list[Cell]]:
    """Cells of passing faults in few calls: in each turn another fault of the same provider.

    The database's have a call each: whether a record is whole is a question about a call.
    """
    found = []
    for provider in [each for each in PROVIDERS if each != "records"]:
        for phase in ("mid", "recovers"):
            kept = [cell for cell in cells if (cell.provider, cell.phase) == (provider, phase)]
            calls = -(-len(kept) // most_turns)
            found += [kept[start::calls] for start in range(calls)]
    return found
