"""A scripted caller on the real rtc SDK: it speaks, listens, and measures from the audio what a person would notice.

plan = load_plan(DEFAULT_SCRIPT)
result = await place_call(plan, token_url="http://127.0.0.1:8080/", control=Control(url, scope), out_dir=Path("out"))
"""

from sandbox.caller.call import CallEvent, place_call
from sandbox.caller.control_client import Control
from sandbox.caller.errors import BadPlan, CallFailure
from sandbox.caller.plan import DEFAULT_SCRIPT, CallPlan, Noise, Patience, Pause, Turn, Word, load_plan
from sandbox.caller.printing import ConversationPrinter
from sandbox.caller.result import CallError, CallResult, TurnResult
from sandbox.caller.token_source import Bearer, HmacKey, JoinToken

__all__ = [
    "DEFAULT_SCRIPT",
    "BadPlan",
    "Bearer",
    "CallError",
    "CallEvent",
    "CallFailure",
    "CallPlan",
    "CallResult",
    "Control",
    "ConversationPrinter",
    "HmacKey",
    "JoinToken",
    "Noise",
    "Patience",
    "Pause",
    "Turn",
    "TurnResult",
    "Word",
    "load_plan",
    "place_call",
]
