"""Tokens for links in e-mails: what they say can be read by everybody and made by nobody else."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import StrEnum

from core.domain.values import JsonValue

LONGEST = 4_000  # characters; browsers and mail programs cut longer addresses


class LinkPurpose(StrEnum):
    """What a token is for: one made for a purpose is worth nothing for another."""

    CLICK = "c"
    OPEN = "o"
    UNSUBSCRIBE = "u"
    PREFERENCES = "p"
    CONFIRM = "k"
    VIEW = "v"


def signed(key: bytes, purpose: LinkPurpose, facts: Mapping[str, JsonValue]) -> str:
    """Write facts as a token that stands in an address as it is: letters, digits, `-`, `_`, `.`."""
    said = json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()
    return f"{_text(said)}.{_text(_mark(key, purpose, said))}"


def read_signed(key: bytes, purpose: LinkPurpose, token: str) -> dict[str, JsonValue] | None:
    """Read a token; None for one that was not signed with this key for this purpose."""
    written, _, mark = token.partition(".")
    if len(token) > LONGEST:
        return None
    try:
        said, given = _bytes(written), _bytes(mark)
    except ValueError:
        return None
    if not hmac.compare_digest(given, _mark(key, purpose, said)):
        return None
    facts: dict[str, JsonValue] = json.loads(said)
    return facts


def _mark(key: bytes, purpose: LinkPurpose, said: bytes) -> bytes:
    # 128 bits: short enough for an address, and nobody guesses them.
    return hmac.new(key, b"%b:%b" % (purpose.encode(), said), hashlib.sha256).digest()[:16]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    """Read what `_text` wrote; raises ValueError for anything else, also for spare signs in it."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(raw) != text:
        raise ValueError("this is another spelling of the same bytes")
    return raw
