"""Makes the model read a shorter stretch of sound than it was trained on: half the window costs less than half.

The weights lie in an ONNX file, which is protobuf: a tree of numbered fields. Three things in it say how long the
window is: the shape of the input, the table of positions, and the length that attention reshapes to. They are rewritten
in memory, so that the file stays the one whose hash is locked, and no package is needed for it.
"""

from collections.abc import Iterator
from typing import Final

_GRAPH = 7  # of a model
_INITIALIZER, _INPUT, _KNOWN_SHAPES = 5, 11, 13  # of a graph
_DIMS, _NAME, _RAW_DATA = 1, 8, 9  # of an initializer
_TYPE, _TENSOR, _SHAPE, _DIMENSION, _LENGTH = 2, 1, 2, 1, 1  # of an input
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_POSITIONS: Final = b"embed_positions.weight"
_POSITIONS_A_SECOND: Final = 50
_FRAMES_A_SECOND: Final = 100

Field = tuple[int, int, int | bytes]


class OtherModel(ValueError):
    """The file is no such model: its window is not where it is expected."""


def with_window(model: bytes, trained_seconds: int, seconds: int) -> bytes:
    """Return the model for the last `seconds` of what it was trained to read.

    Raises:
        OtherModel: The file holds something else.
    """
    rewritten = 0
    fields: list[Field] = []
    for number, kind, value in _fields(model):
        if number == _GRAPH and isinstance(value, bytes):
            value, rewritten = _graph(value, trained_seconds, seconds)
        fields.append((number, kind, value))
    if rewritten != 3:
        raise OtherModel(f"{rewritten} of 3 places tell its window. Unpack the locked weights again: make setup.")
    return _written(fields)


def _graph(graph: bytes, trained_seconds: int, seconds: int) -> tuple[bytes, int]:
    fields: list[Field] = []
    rewritten = 0
    for number, kind, value in _fields(graph):
        if number == _KNOWN_SHAPES:
            continue  # they tell the long window; the runtime infers them anew
        if isinstance(value, bytes) and number in (_INITIALIZER, _INPUT):
            shorten = _initializer if number == _INITIALIZER else _input
            shorter = shorten(value, trained_seconds, seconds)
            rewritten += shorter != value
            value = shorter
        fields.append((number, kind, value))
    return _written(fields), rewritten


def _initializer(tensor: bytes, trained_seconds: int, seconds: int) -> bytes:
    """Keep the last positions of the table of positions; write the new length where one number tells it."""
    long, short = trained_seconds * _POSITIONS_A_SECOND, seconds * _POSITIONS_A_SECOND
    fields = list(_fields(tensor))
    name, raw = _bytes_of(fields, _NAME), _bytes_of(fields, _RAW_DATA)
    replaced = _replaced(fields, long, short, b"")
    if name.endswith(_POSITIONS) and replaced != _replaced(fields, long, long, b""):  # it is as long as trained
        kept = raw[len(raw) * (long - short) // long :]
        return _written(_replaced(fields, long, short, kept))
    if raw == long.to_bytes(8, "little"):
        return _written(_replaced(fields, long, long, short.to_bytes(8, "little")))
    return tensor


def _bytes_of(fields: list[Field], wanted: int) -> bytes:
    return next((value for number, _, value in fields if number == wanted and isinstance(value, bytes)), b"")


def _replaced(fields: list[Field], long: int, short: int, raw: bytes) -> list[Field]:
    replaced: list[Field] = []
    for number, kind, value in fields:
        if number == _RAW_DATA:
            value = raw
        elif number == _DIMS:
            value = _dims(value, long, short)
        replaced.append((number, kind, value))
    return replaced


def _dims(value: int | bytes, long: int, short: int) -> int | bytes:
    """A tensor's lengths stand as one number each, or packed together."""
    if isinstance(value, int):
        return short if value == long else value
    place, lengths = 0, b""
    while place < len(value):
        length, place = _varint(value, place)
        lengths += _as_varint(short if length == long else length)
    return lengths


def _input(value: bytes, trained_seconds: int, seconds: int) -> bytes:
    long, short = trained_seconds * _FRAMES_A_SECOND, seconds * _FRAMES_A_SECOND
    return _within(value, (_TYPE, _TENSOR, _SHAPE, _DIMENSION), long, short)


def _within(message: bytes, path: tuple[int, ...], long: int, short: int) -> bytes:
    """Rewrite the length at the end of a path of messages."""
    fields: list[Field] = []
    for number, kind, value in _fields(message):
        if path and number == path[0] and isinstance(value, bytes):
            value = _within(value, path[1:], long, short)
        elif not path and number == _LENGTH and value == long:
            value = short
        fields.append((number, kind, value))
    return _written(fields)


# ---- protobuf's wire format: https://protobuf.dev/programming-guides/encoding


def _fields(message: bytes) -> Iterator[Field]:
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield number, kind, value
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise OtherModel("it is no ONNX file. Unpack the locked weights again: make setup.")
        if place + size > len(message):
            raise OtherModel("it ends too early. Unpack the locked weights again: make setup.")
        yield number, kind, message[place : place + size]
        place += size


def _written(fields: list[Field]) -> bytes:
    written = bytearray()
    for number, kind, value in fields:
        written += _as_varint(number << 3 | kind)
        if isinstance(value, int):
            written += _as_varint(value)
            continue
        if kind == _BYTES:
            written += _as_varint(len(value))
        written += value
    return bytes(written)


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(message):
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    raise OtherModel("it ends too early. Unpack the locked weights again: make setup.")


def _as_varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
