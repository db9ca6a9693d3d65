"""Google's and Amazon's object stores, in small: what their client says on the wire to keep, list and remove.

Both check who asks, as the real ones do: Amazon by signature version 4, Google by a JWT that a service account signed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.services.http_on_loopback import Reply

BUCKET, ACCESS_KEY, SECRET_KEY, REGION = "recordings", "AKIASANDBOX", "sandbox-secret-key", "ap-south-1"
FAULTS = ("refuses", "gone", "slow", "down")
_XML = {"Content-Type": "application/xml"}


class ObjectStore:
    """Holds one bucket. `fault` is what is wrong with it: one of FAULTS, or nothing."""

    def __init__(self, slow_seconds: float = 5.0) -> None:
        self.slow_seconds = slow_seconds
        self.fault = ""
        self.objects: dict[str, bytes] = {}
        self._key = rsa.generate_private_key(65537, 2048)

    def environment(self, url: str, folder: Path) -> dict[str, str]:
        """Return the variables by which the stores' own clients find this one, and are believed."""
        account = folder / "service-account.json"
        private = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account.write_text(
            json.dumps(
                {
                    "type": "service_account", "client_email": "recorder@sandbox.example", "private_key_id": "1",
                    "private_key": private.decode(), "gcs_base_url": url,
                }
            )
        )  # fmt: skip
        return {
            "AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "GOOGLE_SERVICE_ACCOUNT": str(account), "GOOGLE_ALLOW_HTTP": "true",
        }  # fmt: skip

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request."""
        given = {name.lower(): value for name, value in headers.items()}
        if not self._is_known(method, path, given, body):
            return _error(403, "AccessDenied")
        if self.fault == "slow":
            time.sleep(self.slow_seconds)
        elif self.fault:
            return _error(*{"refuses": (403, "AccessDenied"), "gone": (404, "NoSuchBucket")}.get(
                self.fault, (503, "ServiceUnavailable")
            ))  # fmt: skip
        parts = urlsplit(path)
        bucket, _, name = unquote(parts.path).lstrip("/").partition("/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if bucket != BUCKET:
            return _error(404, "NoSuchBucket")
        if method == "PUT":
            self.objects[name] = body
            return 200, {"ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'}, b""
        if method == "GET" and not name:
            return 200, _XML, self._listing(query.get("prefix", "")).encode()
        if method == "POST" and "delete" in query:
            return 200, _XML, self._deleted(body).encode()
        if method == "DELETE":
            return (204, {}, b"") if self.objects.pop(name, None) is not None else _error(404, "NoSuchKey")
        return _error(405, "MethodNotAllowed")

    def _listing(self, prefix: str) -> str:
        found = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f'<ETag>"1"</ETag><Size>{len(content)}</Size></Contents>'
            for name, content in sorted(self.objects.items())
            if name.startswith(prefix)
        )
        return f"<ListBucketResult><Name>{BUCKET}</Name><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"

    def _deleted(self, body: bytes) -> str:
        names = [key.text or "" for key in ElementTree.fromstring(body).iter() if key.tag.endswith("Key")]
        for name in names:
            self.objects.pop(name, None)
        told = "".join(f"<Deleted><Key>{escape(name)}</Key></Deleted>" for name in names)
        return f"<DeleteResult>{told}</DeleteResult>"

    def _is_known(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":
            try:
                jwt.decode(rest, self._key.public_key(), algorithms=["RS256"], options={"verify_aud": False})
            except jwt.PyJWTError:
                return False
            return True
        return scheme == "AWS4-HMAC-SHA256" and _is_signed(rest, method, path, headers, body)


def _is_signed(given: str, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Check signature version 4: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html."""
    fields = {name: value for name, _, value in (part.strip().partition("=") for part in given.split(","))}
    key_id, day, region, service, _ = fields["Credential"].split("/")
    signed_names = fields["SignedHeaders"].split(";")
    digest = hashlib.sha256(body).hexdigest()
    if key_id != ACCESS_KEY or region != REGION or headers.get("x-amz-content-sha256") != digest:
        return False
    parts = urlsplit(path)
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    lines = [f"{name}:{' '.join(headers[name].split())}\n" for name in signed_names]
    request = "\n".join([method, parts.path, query, "".join(lines), ";".join(signed_names), digest])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), fields["Signature"])


def _error(status: int, code: str) -> Reply:
    return status, _XML, f"<Error><Code>{code}</Code></Error>".encode()
