"""The protobuf messages between livekit-server and a SIP bridge, as far as a bridge reads and writes them.

Field numbers from livekit/psrpc (internal/internal.proto) and livekit/protocol (protobufs/rpc/sip.proto, io.proto);
fields that are not named here are skipped by protobuf. What livekit-api ships already is taken from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, duration_pb2, message_factory
from livekit.protocol import room, sip

Fields = Mapping[str, tuple[int, str]]
_SCALARS = {"string", "bytes", "int32", "int64", "bool", "float"}
_ANY, _DURATION = any_pb2.DESCRIPTOR, duration_pb2.DESCRIPTOR

PSRPC: Mapping[str, Fields] = {
    "Msg": {"type_url": (1, "string"), "value": (2, "bytes"), "channel": (3, "string")},
    "Request": {
        "request_id": (1, "string"),
        "client_id": (2, "string"),
        "sent_at": (3, "int64"),
        "expiry": (4, "int64"),
        "multi": (5, "bool"),
        "metadata": (7, "map"),
        "raw_request": (8, "bytes"),
    },
    "Response": {
        "request_id": (1, "string"),
        "server_id": (2, "string"),
        "sent_at": (3, "int64"),
        "error": (5, "string"),
        "code": (6, "string"),
        "raw_response": (7, "bytes"),
        "error_details": (8, "repeated google.protobuf.Any"),
    },
    "ClaimRequest": {"request_id": (1, "string"), "server_id": (2, "string"), "affinity": (3, "float")},
    "ClaimResponse": {"request_id": (1, "string"), "server_id": (2, "string")},
}
SIP_RPC: Mapping[str, Fields] = {
    "InternalCreateSIPParticipantRequest": {
        "address": (2, "string"),
        "number": (3, "string"),
        "call_to": (4, "string"),
        "room_name": (7, "string"),
        "participant_identity": (8, "string"),
        "token": (9, "string"),
        "ws_url": (10, "string"),
        "dtmf": (11, "string"),
        "sip_call_id": (13, "string"),
        "participant_name": (14, "string"),
        "participant_metadata": (15, "string"),
        "participant_attributes": (17, "map"),
        "sip_trunk_id": (19, "string"),
        "ringing_timeout": (23, "google.protobuf.Duration"),
        "max_call_duration": (24, "google.protobuf.Duration"),
        "wait_until_answered": (29, "bool"),
    },
    "InternalCreateSIPParticipantResponse": {
        "participant_id": (1, "string"),
        "participant_identity": (2, "string"),
        "sip_call_id": (3, "string"),
    },
    "InternalTransferSIPParticipantRequest": {
        "sip_call_id": (1, "string"),
        "transfer_to": (2, "string"),
        "headers": (4, "map"),
        "ringing_timeout": (5, "google.protobuf.Duration"),
    },
    "InternalTransferSIPParticipantResponse": {},
    "SIPCall": {
        "lk_call_id": (1, "string"),
        "source_ip": (2, "string"),
        "address": (3, "livekit.SIPUri"),
        "from": (4, "livekit.SIPUri"),
        "to": (5, "livekit.SIPUri"),
        "sip_call_id": (7, "string"),
    },
    "EvaluateSIPDispatchRulesRequest": {
        "pin": (5, "string"),
        "no_pin": (6, "bool"),
        "extra_attributes": (9, "map"),
        "sip_trunk_id": (10, "string"),
        "call": (12, "rpc.SIPCall"),
    },
    "EvaluateSIPDispatchRulesResponse": {
        "room_name": (1, "string"),
        "participant_identity": (2, "string"),
        "token": (4, "string"),
        "ws_url": (5, "string"),
        "result": (6, "int32"),
        "participant_name": (7, "string"),
        "participant_metadata": (8, "string"),
        "sip_trunk_id": (9, "string"),
        "sip_dispatch_rule_id": (10, "string"),
        "participant_attributes": (11, "map"),
        "ringing_timeout": (16, "google.protobuf.Duration"),
        "max_call_duration": (17, "google.protobuf.Duration"),
        "room_preset": (20, "string"),
        "room_config": (21, "livekit.RoomConfiguration"),
    },
}


def _file(name: str, package: str, messages: Mapping[str, Fields], imports: list[str]) -> None:
    """Register the messages of one .proto file."""
    file = descriptor_pb2.FileDescriptorProto(name=name, package=package, syntax="proto3", dependency=imports)
    for message, fields in messages.items():
        described = file.message_type.add(name=message)
        for field, (number, kind) in fields.items():
            _add_field(described, f".{package}.{message}", field, number, kind)
    descriptor_pool.Default().Add(file)


def _add_field(message: descriptor_pb2.DescriptorProto, path: str, name: str, number: int, kind: str) -> None:
    types = descriptor_pb2.FieldDescriptorProto
    field = message.field.add(name=name, number=number, label=types.LABEL_OPTIONAL)
    if kind in _SCALARS:
        field.type = types.Type.Value(f"TYPE_{kind.upper()}")
        return
    field.type = types.TYPE_MESSAGE
    if kind == "map":  # a repeated entry of key and value, by protobuf's own rule for its name
        entry = "".join(part.capitalize() for part in name.split("_")) + "Entry"
        nested = message.nested_type.add(name=entry)
        nested.options.map_entry = True
        _add_field(nested, f"{path}.{entry}", "key", 1, "string")
        _add_field(nested, f"{path}.{entry}", "value", 2, "string")
        field.label, field.type_name = types.LABEL_REPEATED, f"{path}.{entry}"
        return
    repeated, _, full_name = kind.rpartition(" ")
    if repeated:
        field.label = types.LABEL_REPEATED
    field.type_name = f".{full_name}"


_file("vaani/psrpc.proto", "internal", PSRPC, [_ANY.name])
_file("vaani/sip_rpc.proto", "rpc", SIP_RPC, [_DURATION.name, sip.DESCRIPTOR.name, room.DESCRIPTOR.name])


def _class(full_name: str) -> Any:
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(full_name))


Msg = _class("internal.Msg")
Request = _class("internal.Request")
Response = _class("internal.Response")
ClaimRequest = _class("internal.ClaimRequest")
ClaimResponse = _class("internal.ClaimResponse")
CreateParticipantRequest = _class("rpc.InternalCreateSIPParticipantRequest")
CreateParticipantResponse = _class("rpc.InternalCreateSIPParticipantResponse")
TransferParticipantRequest = _class("rpc.InternalTransferSIPParticipantRequest")
TransferParticipantResponse = _class("rpc.InternalTransferSIPParticipantResponse")
SipCall = _class("rpc.SIPCall")
EvaluateRulesRequest = _class("rpc.EvaluateSIPDispatchRulesRequest")
EvaluateRulesResponse = _class("rpc.EvaluateSIPDispatchRulesResponse")
