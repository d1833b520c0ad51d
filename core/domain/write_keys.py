"""What is shown of a write key; the key itself is shown once, when it is made."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteKey:
    """Something that may send events; `last_used_at` is exact to a minute."""

    name: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Say whether events with this key are taken."""
        return self.revoked_at is None
