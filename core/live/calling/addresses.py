"""Which addresses a flow may call: those of the public internet, and what was allowed beside it."""

import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 2_000
# What stands for an address of the other kind, and may lead anywhere: none of these is called.
_DISGUISES = tuple(
    ip_network(text)
    for text in (
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "192.88.99.0/24",
        "5f00::/16",
        "fec0::/10",
    )
)
_AS_IT_IS = "/%:@!$&'()*+,;=~-._"


class NotAllowed(Exception):
    """An address that may not be called, ever; the text is a sentence."""


class NotFound(Exception):
    """A name that leads nowhere at the moment; the text is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address as it is called: `path` with its query, `is_free` if it was allowed by name."""

    scheme: str
    host: str
    port: int
    path: str
    is_free: bool


def refused_because(url: str, allowed: Collection[str]) -> str | None:
    """Say why an address may not be called; None if it may, as far as can be said without DNS."""
    try:
        target = read_target(url, allowed)
        if not target.is_free:
            _check_literal(target.host)
    except NotAllowed as refusal:
        return str(refusal)
    return None


def read_target(url: str, allowed: Collection[str]) -> Target:
    """Take an address apart; `allowed` holds `host` or `host:port`. Raises NotAllowed."""
    parts, port = _parts(url)
    host = _ascii(parts.hostname or "")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("The address holds a user or a password; leave them out.")
    port = port or PORTS[parts.scheme]
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    is_free = host in allowed or place in allowed
    if not is_free and port not in PORTS.values():
        raise NotAllowed(f"Port {port} is not called: only 80 and 443 are.")
    path = quote(parts.path or "/", safe=_AS_IT_IS)
    query = f"?{quote(parts.query, safe=_AS_IT_IS + '?')}" if parts.query else ""
    return Target(scheme=parts.scheme, host=host, port=port, path=path + query, is_free=is_free)


def host_of(url: str) -> str:
    """Name the host of an address; "" where there is none that can be read."""
    try:
        return _ascii(_parts(url)[0].hostname or "")
    except NotAllowed:
        return ""


def found(target: Target) -> str:
    """Look up where a target lies, and give the address to connect to.

    Raises NotAllowed if any of its addresses is not public, NotFound if there is none.
    """
    try:
        answers = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotFound(f"The name {target.host} is not known.") from error
    addresses = [str(answer[4][0]) for answer in answers]
    if not addresses:
        raise NotFound(f"The name {target.host} is not known.")
    if not target.is_free:
        _check_public(target.host, addresses)
    return addresses[0]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address lies on the public internet, and is written as what it is."""
    if any(address in network for network in _DISGUISES if network.version == address.version):
        return False
    is_inside = address.is_private or address.is_loopback or address.is_link_local
    is_special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not is_inside and not is_special


def _parts(url: str) -> tuple[SplitResult, int | None]:
    if len(url) > _LONGEST_URL:
        raise NotAllowed("The address is too long.")
    if any(sign <= " " or sign == "\x7f" or sign == "\\" for sign in url):
        raise NotAllowed("The address holds a space or a sign that no address has.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotAllowed("The address cannot be read.") from error
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise NotAllowed("The address has to begin with https:// and a name.")
    return parts, port


def _ascii(host: str) -> str:
    try:
        return host.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise NotAllowed("The name in the address cannot be read.") from error


def _check_literal(host: str) -> None:
    try:
        address = ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
            raise NotAllowed(_inside(host)) from None
        return
    if not is_public(address):
        raise NotAllowed(_inside(host))


def _check_public(host: str, addresses: Sequence[str]) -> None:
    if not all(is_public(ip_address(text)) for text in addresses):
        raise NotAllowed(_inside(host))


def _inside(host: str) -> str:
    return (
        f"{host} lies in a private network or on this machine, and is not called; whoever runs "
        "Rehearsal can allow it by REHEARSAL_ALLOW_PRIVATE_WEBHOOKS."
    )
