"""A telephone network on loopback: a phone for the caller, and a stand-in for livekit-sip that the real
livekit-server drives over its real protocol.

    phone --SIP and RTP over UDP--> bridge --psrpc over Redis, WebRTC--> livekit-server

The phone knows nothing of the bridge but SIP, so the same phone calls through a real livekit-sip (LIVEKIT_SIP_BIN).
"""
