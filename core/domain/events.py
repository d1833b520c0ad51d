"""What a customer did, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.values import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing one user did (SEMANTICS 1.1). `timestamp` is aware and in UTC."""

    event_id: str
    user_id: str
    event: str
    timestamp: datetime
    properties: Mapping[str, JsonValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an event nobody did, without a name or without a zone."""
        if not self.user_id or not self.event:
            raise ValueError("an event needs a user_id and a name")
        if self.timestamp.tzinfo is None:
            raise ValueError(f"the timestamp of event {self.event_id!r} has no time zone")
