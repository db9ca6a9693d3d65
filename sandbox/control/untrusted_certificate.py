"""Make a certificate that no client trusts, for a port on which TLS must fail.

Written out by hand because the standard library makes no certificates, and a key in the repository is a bad habit.
"""

import base64
import hashlib
import secrets
import ssl
import tempfile
from pathlib import Path

# NIST P-256 (FIPS 186-4, D.1.2.3).
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_EC_PUBLIC_KEY = "2a8648ce3d0201"
_PRIME256V1 = "2a8648ce3d030107"
_ECDSA_SHA256 = "2a8648ce3d040302"
_COMMON_NAME = "550403"

Point = tuple[int, int]


def server_context() -> ssl.SSLContext:
    """A server's TLS context whose certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "untrusted.pem"
        pem.write_text(certificate_and_key())
        context.load_cert_chain(pem)
    return context


def certificate_and_key() -> str:
    """A self-signed certificate for localhost and its key, as PEM."""
    private = secrets.randbelow(_N - 1) + 1
    public = _multiply(private, _G)
    assert public is not None
    point = b"\x04" + public[0].to_bytes(32) + public[1].to_bytes(32)
    algorithm = _tlv(0x30, _oid(_ECDSA_SHA256))
    name = _tlv(0x30, _tlv(0x31, _tlv(0x30, _oid(_COMMON_NAME) + _tlv(0x0C, b"localhost"))))
    validity = _tlv(0x30, _tlv(0x17, b"200101000000Z") + _tlv(0x17, b"491231235959Z"))
    key_info = _tlv(0x30, _tlv(0x30, _oid(_EC_PUBLIC_KEY) + _oid(_PRIME256V1)) + _tlv(0x03, b"\0" + point))
    body = _tlv(0x30, _integer(1) + algorithm + name + validity + name + key_info)
    certificate = _tlv(0x30, body + algorithm + _tlv(0x03, b"\0" + _sign(private, body)))
    key = _tlv(
        0x30,
        _integer(1)
        + _tlv(0x04, private.to_bytes(32))
        + _tlv(0xA0, _oid(_PRIME256V1))
        + _tlv(0xA1, _tlv(0x03, b"\0" + point)),
    )
    return _pem("CERTIFICATE", certificate) + _pem("EC PRIVATE KEY", key)


def _sign(private: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest())
    once = secrets.randbelow(_N - 1) + 1
    point = _multiply(once, _G)
    assert point is not None
    r = point[0] % _N
    s = pow(once, -1, _N) * (digest + r * private) % _N
    return _tlv(0x30, _integer(r) + _integer(s))


def _multiply(factor: int, point: Point) -> Point | None:
    total: Point | None = None
    step: Point | None = point
    while factor:
        if factor & 1:
            total = _add(total, step)
        step = _add(step, step)
        factor >>= 1
    return total


def _add(a: Point | None, b: Point | None) -> Point | None:
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0] and (a[1] + b[1]) % _P == 0:
        return None
    slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, _P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, _P)
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def _integer(value: int) -> bytes:
    return _tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def _oid(encoded_hex: str) -> bytes:
    return _tlv(0x06, bytes.fromhex(encoded_hex))


def _pem(label: str, der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"
