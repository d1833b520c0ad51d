"""The Message-ID of a message: made from its key, and read again from a bounce."""

import base64
import hashlib
import hmac
import re

LONGEST_KEY = 300  # bytes; a longer one is only hashed, and cannot be read again

_ID = re.compile(r"<?(?P<key>[A-Za-z0-9_-]+)\.(?P<mark>[0-9a-f]{16})@[^@<>\s]+>?")


def message_id(key: str, secret: bytes, domain: str) -> str:
    """Give the Message-ID of a message, always the same; `secret` is the installation's."""
    raw = key.encode("utf-8", "surrogatepass")
    if len(raw) > LONGEST_KEY:
        raw = hashlib.sha256(raw).digest()
    written = base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
    return f"<{written}.{_mark(raw, secret)}@{domain}>"


def key_of_message_id(text: str, secret: bytes) -> str | None:
    """Read the key of the message that a Message-ID names; None for one that is not ours."""
    found = _ID.fullmatch(text.strip())
    if found is None or len(found["key"]) % 4 == 1:
        return None
    raw = base64.urlsafe_b64decode(found["key"] + "=" * (-len(found["key"]) % 4))
    if not hmac.compare_digest(found["mark"], _mark(raw, secret)):
        return None
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None


def _mark(raw: bytes, secret: bytes) -> str:
    return hmac.new(secret, b"message:" + raw, hashlib.sha256).hexdigest()[:16]
