"""SIP and SDP are read as their standards write them, and strangers' bytes are refused, never worse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.phone.sdp import PCMA, PCMU, AudioDescription, BadSdp, agreed, parse_sdp
from sandbox.phone.sip_message import (
    BadSip,
    SipRequest,
    SipResponse,
    address_of,
    parameter,
    parse,
    reply_to,
    uri_in,
    user_of,
)

INVITE = b"""INVITE sip:+918012345678@127.0.0.1:5070 SIP/2.0\r
v: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK77\r
Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK12\r
f: "Asha" <sip:+919876543210@127.0.0.1:5060;user=phone>;tag=1928\r
t: <sip:+918012345678@127.0.0.1:5070>\r
i: a84b4c76e66710\r
CSeq: 314159 INVITE\r
Subject: a long\r
 one\r
m: <sip:127.0.0.1:5060>\r
Content-Length: 4\r
\r
v=0\r
"""
OFFER = b"""v=0
o=x 1 1 IN IP4 10.0.0.9
s=-
c=IN IP4 10.0.0.9
t=0 0
m=audio 4000 RTP/AVP 9 8 0 96
a=rtpmap:96 telephone-event/8000
a=sendonly
"""


def test_a_request_with_short_names_and_a_folded_line():
    request = parse(INVITE)
    assert isinstance(request, SipRequest)
    assert (request.method, request.call_id, request.sequence) == ("INVITE", "a84b4c76e66710", (314159, "INVITE"))
    assert (request.branch, request.header("subject")) == ("z9hG4bK77", "a long one")
    assert parameter(request.header("From"), "tag") == "1928"
    assert parameter(request.header("From"), "user") == ""  # it is the address's parameter, not the header's
    assert user_of(uri_in(request.header("From"))) == "+919876543210"
    assert request.body == b"v=0\r\n"


def test_what_is_written_is_read_again():
    request = parse(INVITE)
    again = parse(request.encode())
    assert (again.headers, again.body, again.uri) == (request.headers, request.body, request.uri)


def test_a_reply_repeats_what_it_must():
    reply = reply_to(parse(INVITE), 486, to_tag="7")
    read = parse(reply.encode())
    assert isinstance(read, SipResponse)
    assert (read.status, read.reason, len(read.all_headers("Via"))) == (486, "Busy Here", 2)
    assert parameter(read.header("To"), "tag") == "7"
    assert read.sequence == (314159, "INVITE")


@given(st.binary(max_size=300) | st.binary(max_size=80).map(lambda tail: INVITE[:120] + tail + INVITE[120:]))
def test_bytes_are_a_message_or_refused(raw):
    try:
        message = parse(raw)
    except BadSip:
        return
    assert parse(message.encode()).headers == message.headers


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:a@127.0.0.1:5070;transport=udp", ("127.0.0.1", 5070)),
        ("sip:example.in", ("example.in", 5060)),
        ("sips:a@h", ("h", 5060)),
    ],
)
def test_where_an_address_leads(uri, address):
    assert address_of(uri) == address


@pytest.mark.parametrize("uri", ["sip:", "sip:a@", "sip:a@h:99999", "sip:a@h:x", "tel:"])
def test_an_address_that_leads_nowhere(uri):
    with pytest.raises(BadSip):
        address_of(uri)


def test_an_offer_is_read_and_its_keys_are_no_sound():
    offer = parse_sdp(OFFER)
    assert (offer.host, offer.port, offer.payload_types, offer.key_payload_type) == ("10.0.0.9", 4000, (9, 8, 0), 96)
    assert offer.direction == "sendonly"
    assert agreed(offer, (PCMU, PCMA)) == PCMA  # the offer's order decides
    with pytest.raises(BadSdp):
        agreed(AudioDescription("h", 1, (9,)), (PCMU, PCMA))


@given(st.binary(max_size=200) | st.text(max_size=40).map(lambda text: OFFER + text.encode()))
def test_a_description_is_read_or_refused(raw):
    try:
        description = parse_sdp(raw)
    except BadSdp:
        return
    assert parse_sdp(description.encode()).port == description.port
