"""Everything that is known of a person, as one JSON document to give to them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.instants import as_microseconds, from_microseconds, iso
from core.history.reading import list_datasets, open_dataset
from core.services import consents
from core.services.erasing import names_of
from core.store import personal_rows
from core.store.database import reading
from core.store.personal_rows import Names

FORMAT = 1
_WORDS = {
    "live_profiles": "profile",
    "live_events": "events",
    "live_decisions": "decisions",
    "live_enrolments": "campaigns_entered",
    "live_messages": "messages",
    "live_trace": "steps",
    "live_effects": "effects",
    "live_exposures": "test_variants",
    "live_states": "memory_of_the_evaluator",
    "live_dead_letters": "undecided_events",
    "live_suppressions": "suppressions",
    "person_links": "former_ids",
}
# Columns that hold an instant in µs, and those that hold JSON as text.
_INSTANTS = ("at", "_at", "since")
_DOCUMENTS = frozenset({"traits", "properties", "document", "state", "seqs"})
_EARLIEST = 86_400_000_000 * 365  # µs; less is a number, not an instant


def personal_data(database: Engine, home: Path, user_id: str, *, at: datetime) -> dict[str, Any]:
    """Gather all that tables and datasets hold about a person, under any of their ids.

    Instants are ISO 8601. Raises UnusableInput for somebody of whom nothing is known.
    """
    names = names_of(database, home, user_id)
    with reading(database) as session:
        rows = personal_rows.rows_of(session, names)
    uploaded = {
        manifest.name: found
        for manifest in list_datasets(home)
        if (found := _in_dataset(home, manifest.name, names))
    }
    if not rows and not uploaded:
        raise UnusableInput(f"Nothing is known of anybody with the id {user_id!r}.")
    live = {
        _WORDS.get(table, table): [_readable(r) for r in found] for table, found in rows.items()
    }
    return {
        "format": FORMAT,
        "exported_at": iso(as_microseconds(at)),
        "ids": sorted(names.user_ids),
        "addresses": sorted(names.addresses),
        "consent": [_consent(one) for one in consents.consents_of(database, user_id)],
        "live": live,
        "uploaded": uploaded,
    }


def as_json(found: Mapping[str, Any]) -> str:
    """Write personal data as JSON that people and programs can read."""
    return json.dumps(found, ensure_ascii=False, indent=2, default=str)


def _in_dataset(home: Path, name: str, names: Names) -> dict[str, Any]:
    dataset = open_dataset(home, name)
    events = [event for user_id in sorted(names.user_ids) for event in dataset.user_events(user_id)]
    profiles = {user_id: dataset.profile(user_id) for user_id in sorted(names.user_ids)}
    found: dict[str, Any] = {}
    if events:
        found["events"] = [_event(event) for event in events]
    if any(profile is not None for profile in profiles.values()):
        found["profiles"] = {u: profile for u, profile in profiles.items() if profile is not None}
    return found


def _event(event: Event) -> dict[str, Any]:
    said = asdict(event)
    return {**said, "timestamp": iso(as_microseconds(event.timestamp))}


def _consent(one: consents.Consent) -> dict[str, Any]:
    return {
        "purpose": one.purpose.title,
        "state": one.state,
        "at": None if one.at is None else iso(one.at),
        "source": one.source,
        "is_mailed": one.is_reachable,
    }


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items() if value is not None}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        # SQLite gives back instants in UTC that do not say so.
        return iso(as_microseconds(value if value.tzinfo else value.replace(tzinfo=UTC)))
    is_instant = name.endswith(_INSTANTS) and isinstance(value, int)
    if is_instant and value > _EARLIEST:
        return from_microseconds(value).isoformat()
    if name in _DOCUMENTS and isinstance(value, str):
        return _parsed(value)
    return value


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
