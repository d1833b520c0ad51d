"""What somebody who works with Rehearsal may do, and to whom a role is given."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

EVERYBODY = "*"
LONGEST = 254  # characters of an e-mail address
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")
_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}")


class Role(StrEnum):
    """What somebody may do; each may also do what those before may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, other: "Role") -> bool:
        """Say whether who has this role may do what `other` allows."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = tuple(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A role given to somebody: `who` is an e-mail address, `@` and a domain, or `*` for all."""

    who: str
    role: Role
    given_at: datetime
    given_by: str


def tidy(who: str) -> str:
    """Write an address as it is compared: providers keep no promise about capitals."""
    return who.strip().lower()


def is_address(who: str) -> bool:
    """Say whether a tidy text is an e-mail address."""
    local, _, domain = who.rpartition("@")
    return len(who) <= LONGEST and bool(_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain))


def is_domain(who: str) -> bool:
    """Say whether a tidy text is an `@` and a domain."""
    return len(who) <= LONGEST and who.startswith("@") and bool(_DOMAIN.fullmatch(who[1:]))


def names_of(email: str) -> tuple[str, ...]:
    """Name what may hold the role of an address, the nearest first: itself, its domain, all."""
    tidied = tidy(email)
    if not is_address(tidied):
        return ()
    return (tidied, "@" + tidied.rpartition("@")[2], EVERYBODY)
