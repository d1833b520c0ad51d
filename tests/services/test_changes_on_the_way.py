"""What a flow writes into a profile counts for what follows in the same rehearsal (5.6)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.domain.events import Event
from core.services.rehearse import rehearse_to_files
from tests.services.shops import campaign, rows_of, stored

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
BUYERS: dict[str, Any] = {
    "name": "Buyers",
    "trigger": {"kind": "event", "match": {"event": "purchase"}},
    "steps": [{"id": "note", "kind": "update_profile", "set": {"tier": "gold"}}],
}
GOLDEN: dict[str, Any] = {
    "name": "Golden",
    "trigger": {"kind": "event", "match": {"event": "view"}},
    "audience": {"trait": "tier", "op": "eq", "value": "gold"},
}
SEND = {"id": "mail", "kind": "send", "template": "cart_recovery"}


def events(*names: str) -> list[Event]:
    return [
        Event(event_id=f"e{n}", user_id="u1", event=name, timestamp=START + timedelta(hours=n))
        for n, name in enumerate(names)
    ]


def outcomes(folder: Path, run: list[dict[str, Any]], name: str) -> list[str]:
    dataset = stored(folder, events("view", "purchase", "view"), {"u1": {"email": "a@example.org"}})
    rehearse_to_files([campaign(one) for one in run], dataset, folder / "out")
    return [row[5] for row in rows_of(folder / "out" / "firings.csv") if row[0] == name]


def test_an_audience_holds_whom_another_flow_made_a_member(tmp_path: Path) -> None:
    found = outcomes(tmp_path, [BUYERS, GOLDEN], "Golden")

    assert found == ["audience", "enrolled"]


def test_without_the_other_flow_nobody_is_a_member(tmp_path: Path) -> None:
    found = outcomes(tmp_path, [GOLDEN], "Golden")

    assert found == ["audience", "audience"]


def test_whoever_a_flow_unsubscribed_gets_nothing_more_in_that_run(tmp_path: Path) -> None:
    stop = {"id": "stop", "kind": "update_profile", "set": {"unsubscribed": True}}
    asked = {**BUYERS, "steps": [SEND, stop, {**SEND, "id": "again"}]}
    dataset = stored(tmp_path, events("purchase"), {"u1": {"email": "a@example.org"}})

    rehearse_to_files([campaign(asked)], dataset, tmp_path / "out")

    found = [row[3:7:3] for row in rows_of(tmp_path / "out" / "messages.csv")]
    assert found == [["again", "unsubscribed"], ["mail", "sent"]]


def test_the_dataset_itself_is_not_changed(tmp_path: Path) -> None:
    dataset = stored(tmp_path, events("purchase"), {"u1": {"email": "a@example.org"}})

    rehearse_to_files([campaign(BUYERS)], dataset, tmp_path / "out")

    assert dataset.profile("u1") == {"email": "a@example.org"}
