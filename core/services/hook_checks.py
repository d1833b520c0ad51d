"""Whether a call comes from whom it says: by its signature, over the body as it came."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.hooks import HookCall, HookSource, Preset
from core.domain.webhook_signatures import is_signed, signing_bytes

TOLERANCE = timedelta(minutes=5)
_PLAIN = ("x-signature", "x-hub-signature-256")
_SIGNATURE = "The signature does not fit: check the secret on both sides."


class NotGenuine(Exception):
    """A call that is not from whom it says, or too old; the text is a sentence."""


def check(source: HookSource, call: HookCall) -> str | None:
    """Give the signed id of a genuine call, None where the vendor signs none; raises NotGenuine."""
    secrets = source.secrets_at(call.received_at)
    match source.preset:
        case Preset.SHOPIFY:
            _check_shopify(secrets, call)
        case Preset.STRIPE:
            _check_stripe(secrets, call)
        case Preset.HUBSPOT:
            _check_hubspot(secrets, call)
        case Preset.SALESFORCE:
            _check_salesforce(secrets, call)
        case Preset.GENERIC:
            return _check_generic(secrets, call)
    return None


def _check_generic(secrets: Sequence[str], call: HookCall) -> str | None:
    if "webhook-signature" in call.headers:
        return _check_standard(secrets, call)
    given = next((call.headers[name] for name in _PLAIN if name in call.headers), None)
    if given is None:
        raise NotGenuine("It has no signature: neither webhook-signature nor X-Signature.")
    marks = ["sha256=" + _digest(secret, call.body).hex() for secret in secrets]
    _demand(given.strip().lower(), marks)
    return None


def _check_standard(secrets: Sequence[str], call: HookCall) -> str:
    named, at = call.headers.get("webhook-id", ""), call.headers.get("webhook-timestamp", "")
    seconds = _fresh_seconds(at, call.received_at)
    given = call.headers["webhook-signature"]
    good = [
        is_signed(_standard_key(secret), named, seconds, call.body, given) for secret in secrets
    ]
    if not named or not any(good):
        raise NotGenuine(_SIGNATURE)
    return named


def _standard_key(secret: str) -> bytes:
    """Read a secret as Standard Webhooks does; one that is written otherwise counts as it is."""
    try:
        return signing_bytes(secret)
    except ValueError:
        return secret.encode()


def _check_shopify(secrets: Sequence[str], call: HookCall) -> None:
    given = _header(call, "x-shopify-hmac-sha256")
    _demand(given, [_base64(_digest(secret, call.body)) for secret in secrets])


def _check_stripe(secrets: Sequence[str], call: HookCall) -> None:
    given = _header(call, "stripe-signature")
    parts = [part.strip().partition("=")[::2] for part in given.split(",")[:20]]
    at = next((value for name, value in parts if name == "t"), "")
    _fresh_seconds(at, call.received_at)
    signed = at.encode() + b"." + call.body
    marks = [_digest(secret, signed).hex() for secret in secrets]
    good = [_is_among(value, marks) for name, value in parts if name == "v1"]
    if not any(good):
        raise NotGenuine(_SIGNATURE)


def _check_hubspot(secrets: Sequence[str], call: HookCall) -> None:
    given = _header(call, "x-hubspot-signature-v3")
    at = call.headers.get("x-hubspot-request-timestamp", "")
    _fresh_seconds(at[:-3] if len(at) > 3 else "", call.received_at)
    signed = [b"POST" + url.encode() + call.body + at.encode() for url in call.urls]
    _demand(given, [_base64(_digest(secret, said)) for secret in secrets for said in signed])


def _check_salesforce(secrets: Sequence[str], call: HookCall) -> None:
    # Salesforce signs nothing: its secret stands in the address, which is called by https only.
    if not _is_among(call.query.get("secret", ""), secrets):
        raise NotGenuine("The secret in the address does not fit: copy the address anew.")


def _header(call: HookCall, name: str) -> str:
    if name not in call.headers:
        raise NotGenuine(f"It has no signature: the header {name} is missing.")
    return call.headers[name].strip()


def _demand(given: str, right: Sequence[str]) -> None:
    if not _is_among(given, right):
        raise NotGenuine(_SIGNATURE)


def _is_among(given: str, right: Sequence[str]) -> bool:
    """Compare with all, each in constant time."""
    found = [hmac.compare_digest(given.encode(), one.encode()) for one in right]
    return any(found)


def _fresh_seconds(written: str, now: datetime) -> int:
    """Read seconds since 1970 that are now, more or less; raises NotGenuine."""
    if not (written.isascii() and written.isdecimal() and len(written) < 12):
        raise NotGenuine("It does not say when it was sent.")
    if abs(int(written) - now.timestamp()) > TOLERANCE.total_seconds():
        raise NotGenuine(
            "It was sent more than five minutes ago, or one of the clocks is wrong: a repeated "
            "call, which may be somebody's attempt."
        )
    return int(written)


def _digest(secret: str, said: bytes) -> bytes:
    return hmac.new(secret.encode(), said, hashlib.sha256).digest()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
