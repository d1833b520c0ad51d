"""What is shown of a write key; the key itself is shown once, when it is made."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeyKind(StrEnum):
    """Who holds a write key: a server that keeps it, or every browser that opens the page."""

    SERVER = "server"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteKey:
    """Something that may send events; `last_used_at` is exact to a minute.

    `origins` are those of the pages that may use the key; none: every page.
    """

    name: str
    kind: KeyKind
    origins: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Say whether events with this key are taken."""
        return self.revoked_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sends a request, by its write key."""

    name: str
    kind: KeyKind = KeyKind.SERVER
    origins: frozenset[str] = frozenset()

    @property
    def is_public(self) -> bool:
        """Say whether everybody can read the key, so that it proves nothing about its sender."""
        return self.kind is KeyKind.BROWSER
