"""Which checks there are, in the order in which they are told of, and what each needs to know first."""

from __future__ import annotations

from doctor import kept, language_model, livekit_server, network, sarvam, silent_call, token_endpoint
from doctor.checking import Check

CHECKS = (
    Check("dns", "do the names of all addresses resolve", network.dns, 7),
    Check("clock", "is this machine's clock right", network.clock, 6, after=("dns",)),
    Check(
        "livekit", "is LiveKit there, does it take the key, is it new enough", livekit_server.livekit, 11,
        after=("dns", "clock"),
    ),
    Check("region", "how far away is everybody", network.region, 12, needs=("livekit",)),
    Check("recording", "would LiveKit's project record", livekit_server.recording, 12, needs=("livekit",)),
    Check("udp", "does sound get through", silent_call.udp, 28, needs=("livekit",)),
    Check("dispatch", "does a worker come and greet", silent_call.dispatch, 31, needs=("livekit",)),
    Check("sarvam", "does Sarvam take the key, is there credit", sarvam.sarvam, 12, after=("dns",)),
    Check("stt", "does the recogniser hear", sarvam.hears, 20, needs=("sarvam",)),
    Check("voices", "does each language's voice speak", sarvam.speaks, 30, needs=("sarvam",)),
    Check("llm", "does each language model answer", language_model.answers, 20, after=("dns",)),
    Check("token", "does the endpoint of CALL_TOKEN_URL hand out tokens", token_endpoint.hands_out, 14, after=("dns",)),
    Check("records", "is the database of records there", kept.database, 12),
    Check("webhook", "is the webhook's receiver there", kept.webhook, 14, after=("dns",)),
)  # fmt: skip
