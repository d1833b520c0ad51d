"""Who can reach the dashboard."""

import ipaddress
from enum import StrEnum


class Reach(StrEnum):
    """Who may reach the dashboard: this computer alone, who signs in, or really everybody."""

    THIS_COMPUTER = "this computer"
    SIGNED_IN = "signed in"
    EVERYBODY = "everybody"


def is_loopback(host: str) -> bool:
    """Say whether an address, or the name of a host, is that of a computer for itself."""
    name = host.strip().strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
