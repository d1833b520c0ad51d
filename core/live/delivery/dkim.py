"""Signs messages by DKIM (RFC 6376, RFC 8463), and writes the DNS record that proves it.

Head and body are canonicalised relaxed/relaxed; the key is RSA or Ed25519.
"""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from core.domain.errors import UnusableInput

DkimKey = RSAPrivateKey | Ed25519PrivateKey

LEAST_BITS = 1024
# One name more than the head has of each: nobody can add a second From and keep the signature.
SIGNED = (
    *("from", "from", "to", "reply-to", "subject", "subject", "date", "message-id"),
    *("list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type"),
)

_SPACES = re.compile(rb"[ \t]+")
_FOLDS = re.compile(rb"\r\n(?=[ \t])")
_WIDEST = 72


def read_key(file: Path) -> DkimKey:
    """Read a private key from a PEM file; raises UnusableInput where it cannot be used."""
    try:
        return _read(file, file.stat().st_mtime_ns)
    except OSError as error:
        raise UnusableInput(
            f"The DKIM key {file} cannot be read ({error.strerror}); check REHEARSAL_DKIM_KEY."
        ) from error


# Checking an RSA key takes longer than signing a hundred messages.
@lru_cache(maxsize=4)
def _read(file: Path, _changed_at: int) -> DkimKey:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableInput(
            f"{file} holds no private key without a password in PEM; make one by "
            "`openssl genrsa -out dkim.pem 2048` and name it in REHEARSAL_DKIM_KEY."
        ) from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise UnusableInput(
            f"{file} is no key for DKIM; it takes an RSA key of at least {LEAST_BITS} bits, or an "
            "Ed25519 key."
        )
    return key


def record_name(domain: str, selector: str) -> str:
    """Give the name under which the record stands in the DNS."""
    return f"{selector}._domainkey.{domain}"


def record_text(key: DkimKey) -> str:
    """Write what the DNS says of a key (a TXT record)."""
    public = key.public_key()
    if isinstance(key, Ed25519PrivateKey):
        kind, raw = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        kind, raw = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k={kind}; p={base64.b64encode(raw).decode('ascii')}"


def signed_message(message: bytes, key: DkimKey, domain: str, selector: str, at: int) -> bytes:
    """Give a message (CR LF line ends) with its signature in front; `at` is in whole seconds."""
    head, _, body = message.partition(b"\r\n\r\n")
    fields = _fields(head + b"\r\n")
    chosen = _chosen(fields)
    algorithm = "ed25519-sha256" if isinstance(key, Ed25519PrivateKey) else "rsa-sha256"
    tags = [
        f"v=1; a={algorithm}; c=relaxed/relaxed;",
        f"d={domain}; s={selector}; t={at};",
        *_wrapped("h=" + ":".join(name for name, _ in chosen) + ";", ":"),
        f"bh={base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()};",
    ]
    unsigned = ("DKIM-Signature: " + "\r\n ".join([*tags, "b="])).encode("ascii")
    said = b"".join(field for _, field in chosen) + _relaxed_field(unsigned).rstrip(b"\r\n")
    mark = base64.b64encode(_signature(key, said)).decode("ascii")
    pieces = [mark[first : first + _WIDEST] for first in range(0, len(mark), _WIDEST)]
    return unsigned + "\r\n ".join(pieces).encode("ascii") + b"\r\n" + message


def _signature(key: DkimKey, said: bytes) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(hashlib.sha256(said).digest())
    return key.sign(said, PKCS1v15(), hashes.SHA256())


def _fields(head: bytes) -> list[tuple[str, bytes]]:
    """List the fields of the head, canonicalised, by their names in lower case."""
    lines = re.split(rb"\r\n(?![ \t])", head.removesuffix(b"\r\n"))
    return [
        (line.partition(b":")[0].strip().decode("ascii").lower(), _relaxed_field(line))
        for line in lines
    ]


def _chosen(fields: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Choose the fields to sign, those of one name from the last; what is not there is empty."""
    left = list(fields)
    chosen: list[tuple[str, bytes]] = []
    for name in SIGNED:
        place = next((at for at in reversed(range(len(left))) if left[at][0] == name), None)
        is_once_more = name in {field for field, _ in chosen}
        if place is not None:
            chosen.append(left.pop(place))
        elif is_once_more:
            chosen.append((name, b""))
    return chosen


def _relaxed_field(field: bytes) -> bytes:
    name, _, value = field.partition(b":")
    value = _SPACES.sub(b" ", _FOLDS.sub(b"", value)).strip(b" \t")
    return name.strip().lower() + b":" + value + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    relaxed = _SPACES.sub(b" ", body).replace(b" \r\n", b"\r\n").removesuffix(b" ")
    while relaxed.endswith(b"\r\n"):
        relaxed = relaxed[:-2]
    return relaxed + b"\r\n" if relaxed else b""


def _wrapped(text: str, sign: str) -> list[str]:
    """Break text behind a sign, where a line would be too wide."""
    lines = [""]
    for piece in re.findall(rf"[^{sign}]*{sign}?", text):
        if len(lines[-1]) + len(piece) > _WIDEST:
            lines.append("")
        lines[-1] += piece
    return lines
