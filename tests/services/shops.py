"""Small stored datasets for the tests of services, and how the files of a rehearsal read."""

import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.history.importing import import_profiles
from core.history.manifest import ImportMode
from core.history.reading import Dataset, open_dataset
from tests.history.datasets import IMPORTED_AT, event, write_events
from tests.history.written import opened

CART: dict[str, Any] = {
    "name": "Cart abandonment",
    "trigger": {
        "kind": "absence",
        "start": {"event": "add"},
        "unless": {"event": "buy"},
        "within": "24h",
    },
    "reentry": {"cooldown": "7d"},
    "goal": {"event": {"event": "buy"}, "within": "7d"},
}
VIEWED: dict[str, Any] = {
    "name": "Viewed again",
    "trigger": {
        "kind": "count",
        "match": {"event": "view"},
        "at_least": 2,
        "within": "48h",
        "key": "product",
    },
}


def campaign(written: Mapping[str, Any] = CART, **changes: Any) -> Campaign:
    return Campaign.model_validate({**written, **changes})


def stored(
    home: Path,
    events: Sequence[Event],
    profiles: Mapping[str, Mapping[str, Any]] | None = None,
    name: str = "shop",
) -> Dataset:
    """Import events, and profiles (traits by user id) if there are any; open the dataset."""
    write_events(home, name, events)
    if profiles:
        lines = [json.dumps({"user_id": u, **traits}) for u, traits in profiles.items()]
        with (
            tempfile.TemporaryDirectory() as folder,
            opened(Path(folder), "\n".join(lines) + "\n", "profiles.jsonl") as source,
        ):
            import_profiles(
                home, name, [(source, None)], mode=ImportMode.REPLACE, imported_at=IMPORTED_AT
            )
    return open_dataset(home, name)


def small_shop(home: Path) -> Dataset:
    """Store four people: ann left a cart, bob bought in time, cid viewed twice, dee only later."""
    return stored(
        home,
        [
            event("ann", "add", 0, properties={"product": "p1"}),
            event("ann", "buy", 30),
            event("bob", "add", 0),
            event("bob", "buy", 20),
            event("cid", "view", 1, properties={"product": "p1"}),
            event("cid", "view", 2, properties={"product": "p1"}),
            event("cid", "view", 3, properties={"product": "p2"}),
            event("dee", "add", 100),
            event("dee", "view", 300),
        ],
        {"ann": {"country": "DE"}, "bob": {"country": "AT"}, "dee": {"country": "AT"}},
    )


def rows_of(path: Path) -> list[list[str]]:
    """Read a CSV file as any other program would, without its header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]
