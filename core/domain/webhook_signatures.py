"""The signature of Standard Webhooks: who holds the secret wrote this id, time and body."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
_VERSION = "v1"
_SHORTEST, _LONGEST = 16, 1_000


def written_secret(key: bytes) -> str:
    """Write a key as a secret for people to copy."""
    return PREFIX + base64.b64encode(key).decode("ascii")


def signing_bytes(secret: str) -> bytes:
    """Read the key of a secret; raises ValueError for one that is not written as it should be."""
    encoded = secret.strip().removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret is base64 behind whsec_") from error
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"a secret has at least {_SHORTEST} bytes")
    return key


def signature(key: bytes, message_id: str, at: int, body: bytes) -> str:
    """Sign a message; `at` is in seconds since 1970."""
    signed = b"%b.%d.%b" % (message_id.encode(), at, body)
    mark = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(mark).decode('ascii')}"


def is_signed(key: bytes, message_id: str, at: int, body: bytes, given: str) -> bool:
    """Say whether one of the signatures in a header, with spaces between them, is right."""
    right = signature(key, message_id, at, body).encode()
    # Each is compared: how long it takes tells nothing of any.
    found = [hmac.compare_digest(one.encode(), right) for one in given.split(" ")[:10]]
    return any(found)
