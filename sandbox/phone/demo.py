"""The call of `make demo PHONE=1`: a telephone dials in, keys an order number, and is transferred to a colleague."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from sandbox.caller import CallPlan, CallResult, Control, Patience, place_call
from sandbox.caller.call import OnEvent
from sandbox.phone.line import TelephoneLine
from sandbox.phone.telephone import Referral, Telephone
from sandbox.stack.telephony import TelephoneNetwork

SCRIPT = Path(__file__).parents[1] / "caller" / "scripts" / "phone.toml"
NUMBER, CALLER, COLLEAGUE = "+918012345678", "+919876543210", "tel:+911140001234"
WORKER_ENVIRONMENT = {"WORKER_TRANSFER_TO": COLLEAGUE}
COLLEAGUE_RINGS_SECONDS = 1.5


async def place_phone_call(
    plan: CallPlan,
    network: TelephoneNetwork,
    control: Control,
    *,
    out_dir: Path,
    on_event: OnEvent,
    before_turn: Callable[[int], Awaitable[None]],
    patience: Patience | None,
    say: Callable[[str], None],
) -> CallResult:
    """Dial the number and hold the call; what is heard at the earpiece is judged and recorded."""
    await network.give_number(NUMBER)
    phone = Telephone(CALLER, referral=Referral(after_seconds=COLLEAGUE_RINGS_SECONDS))
    await phone.open()
    line = TelephoneLine(phone, NUMBER, network, record=True)

    say(f"{CALLER} dials {NUMBER}")
    try:
        result = await place_call(
            plan,
            line=line,
            control=control,
            out_dir=out_dir,
            on_event=on_event,
            before_turn=before_turn,
            patience=patience,
        )
    finally:
        await phone.aclose()
    if line.rang_at is not None and line.connected_at is not None:
        say(f"it rang for {line.connected_at - line.rang_at:.2f} s; the greeting counts from the answer")
    for target in line.call.referred_to if line.call is not None else ():
        say(f"transferred to {target}, who picked up after {COLLEAGUE_RINGS_SECONDS:g} s")
    return result
