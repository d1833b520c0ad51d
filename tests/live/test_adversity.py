"""Whatever goes wrong on the way, live decides as the plain reading says, or at least one thing.

REHEARSAL_HISTORIES draws more histories than the everyday run does.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from core.domain.calls import anonymous
from core.domain.campaigns import Campaign
from core.domain.events import Event as DomainEvent
from core.domain.instants import from_microseconds, iso
from core.engine.versions import UnderWay
from core.live.evaluator import GRACE
from core.services.live_events import ingest, save_profiles
from core.services.live_launches import Launch, launch, pause, publish_version, resume
from core.services.live_ticks import tick
from tests.api.asking import Shop
from tests.engine.test_against_reference import _watermarks
from tests.live.feeding import Files, told
from tests.live.test_drawn_histories import (
    FOR_EVER,
    HISTORIES,
    _batches,
    _rows,
    brief,
    fresh,
)
from tests.reference.flow import rehearse
from tests.reference.flows import FlowCase, flow_cases
from tests.reference.matching import Event, in_order
from tests.rehearsal.worlds import as_domain

NEW = "another_one"
WHOLE = 10_000


@brief
@given(case=flow_cases(), data=st.data())
def test_clients_and_people_who_interfere_change_nothing_but_what_they_mean_to(
    migrated_file: Path, case: FlowCase, data: st.DataObject
) -> None:
    events = in_order([e for e in case.events if e.timestamp <= case.watermark])
    assume(events and is_live(case))
    batches = _batches(events, case.cuts)
    marks = _watermarks(data, batches, case.watermark)
    draw = data.draw

    with fresh(migrated_file) as database:
        launches = launched(database, case, events[0].timestamp - 1)
        door = Door(Shop(database), draw)
        changes = Changes(database, launches, draw)
        # Clocks that go back undo nothing: what was decided by then stays decided.
        reached = accumulate((max(mark, 0) for mark in marks), max)
        for batch, mark, at in zip(batches, marks, reached, strict=True):
            door.take(batch)
            tick(database, from_microseconds(max(mark, 0) + GRACE))
            changes.maybe(at)
        found = told(database)

    expected = rehearse(case.campaigns, events, case.profiles, case.watermark)
    firings, messages, trace = _rows(expected)
    wanted = {"firings": firings, "messages": changes.applied(messages), "trace": trace}
    assert found == wanted


@settings(brief, max_examples=max(5, HISTORIES // 3))
@given(case=flow_cases(), data=st.data())
def test_who_is_named_midway_is_one_person_from_the_beginning(
    migrated_file: Path, case: FlowCase, data: st.DataObject
) -> None:
    events = in_order([e for e in case.events if e.timestamp <= case.watermark])
    # Chance is drawn by id: who is held out, and gets which variant, another id cannot say.
    campaigns = [without_chance(written) for written in case.campaigns]
    assume(events and is_live(case))
    batches = _batches(events, case.cuts)
    marks = _watermarks(data, batches, case.watermark)
    users = sorted({*(case.profiles or {}), *(e.user_id for e in events)})
    named = {user: data.draw(st.integers(0, len(batches))) for user in users}

    with fresh(migrated_file) as database:
        shop = Shop(database)
        profiles = {nobody(u) if named[u] else u: p for u, p in (case.profiles or {}).items()}
        save_profiles(database, profiles, saved_at=from_microseconds(0))
        launched(database, replace(case, campaigns=campaigns, profiles={}), events[0].timestamp - 1)
        for number, (batch, mark) in enumerate(zip(batches, marks, strict=True)):
            shop.clock.at = from_microseconds(batch[-1].timestamp)
            name_all(shop, [u for u in users if named[u] == number > 0])
            told_by = [
                e.user_id if named[e.user_id] <= number else nobody(e.user_id) for e in batch
            ]
            came = [replace(as_domain(e), user_id=u) for e, u in zip(batch, told_by, strict=True)]
            ingest(database, came, received_at=shop.clock.at)
            tick(database, from_microseconds(max(mark, 0) + GRACE))
        name_all(shop, [u for u in users if named[u] == len(batches)])
        tick(database, from_microseconds(case.watermark + GRACE))
        found = told(database)

    firings, messages, trace = _rows(rehearse(campaigns, events, case.profiles, case.watermark))
    refused = [row for row in found["firings"] if row[1].startswith("anon:")]
    assert all(row[5] != "enrolled" for row in refused)
    found["firings"] = [row for row in found["firings"] if row not in refused]
    assert found == {"firings": firings, "messages": messages, "trace": trace}


def nobody(user_id: str) -> str:
    return anonymous(f"someone {user_id}")


def name_all(shop: Shop, user_ids: Sequence[str]) -> None:
    for user_id in user_ids:
        call = {"userId": user_id, "anonymousId": f"someone {user_id}"}
        assert shop.post("/v1/identify", call).status == 200


def without_chance(written: dict[str, Any]) -> dict[str, Any]:
    """Hold nobody out, and let all variants but one weigh next to nothing."""
    steps = [
        {
            **step,
            "variants": [
                {**v, "weight": 1 if v == step["variants"][0] else 1e-9} for v in step["variants"]
            ],
        }
        if step["kind"] == "split"
        else step
        for step in written["steps"]
    ]
    return {**written, "holdout": 0, "steps": steps}


@settings(brief, max_examples=max(5, HISTORIES // 3))
@given(case=flow_cases(), data=st.data())
def test_late_events_are_decided_alike_in_passes_of_any_size(
    migrated_file: Path, case: FlowCase, data: st.DataObject
) -> None:
    events = in_order([e for e in case.events if e.timestamp <= case.watermark])
    assume(events and is_live(case))
    batches = _batches(events, case.cuts)
    marks = [max(mark, 0) for mark in _watermarks(data, batches, case.watermark)]
    delays = [data.draw(st.sampled_from((0, 0, 0, 1, 2, 3))) for _ in events]
    arriving = late(batches, delays)
    sizes = [WHOLE, data.draw(st.integers(1, 4))]

    found = []
    for size in sizes:
        with fresh(migrated_file) as database:
            launched(database, case, events[0].timestamp - 1)
            found.append(list(fed(database, arriving, marks, size)))

    assert found[0] == found[1]
    for before, after in zip(found[0], found[0][1:], strict=False):
        assert is_part(before["firings"], after["firings"])
        assert is_part(before["messages"], after["messages"])


def fed(
    database: Engine, arriving: Sequence[Sequence[Event]], marks: Sequence[int], size: int
) -> Iterator[Files]:
    """Receive and decide; tell after each tick what was decided by then."""
    for number, batch in enumerate(arriving):
        mark = marks[min(number, len(marks) - 1)]
        received_at = from_microseconds(max([mark, *(e.timestamp for e in batch)]))
        ingest(database, [as_domain(e) for e in batch], received_at=received_at)
        tick(database, from_microseconds(mark + GRACE), events_at_once=size)
        yield told(database)


def late(batches: Sequence[Sequence[Event]], delays: Sequence[int]) -> list[list[Event]]:
    """Let events arrive some batches late."""
    arriving: list[list[Event]] = [[] for _ in range(len(batches) + 3)]
    waits = iter(delays)
    for number, batch in enumerate(batches):
        for one in batch:
            arriving[number + next(waits)].append(one)
    return arriving


def is_part(before: list[list[str]], after: list[list[str]]) -> bool:
    """Say whether nothing was retracted (8.1)."""
    left = [tuple(row) for row in after]
    return all(tuple(row) in left for row in before)


def is_live(case: FlowCase) -> bool:
    """Say whether live asks what the plain reading asks: see `test_drawn_histories`."""
    consents = [p.get("consent") for p in (case.profiles or {}).values() if "consent" in p]
    return case.profiles is not None and (not consents or any(consents))


def launched(database: Engine, case: FlowCase, at: int) -> list[Launch]:
    save_profiles(database, case.profiles or {}, saved_at=from_microseconds(0))
    return [
        launch(database, campaign_of(written), launched_at=from_microseconds(at))
        for written in case.campaigns
    ]


def campaign_of(written: dict[str, Any]) -> Campaign:
    return Campaign.model_validate({**written, **FOR_EVER})


@dataclass
class Door:
    """Clients who send some things twice, and people who say only later who they are."""

    shop: Shop
    draw: Callable[..., Any]
    _sent: list[list[dict[str, Any]]] = field(default_factory=list)
    _count: int = 0

    def take(self, batch: Sequence[Event]) -> None:
        self.shop.clock.at = from_microseconds(batch[-1].timestamp)
        by_user: dict[str, list[DomainEvent]] = {}
        for one in batch:
            by_user.setdefault(one.user_id, []).append(as_domain(one))
        messages = [m for user, own in by_user.items() for m in self._messages(user, own)]
        self._post(messages)
        self._sent.append(messages)
        if self.draw(st.booleans()):
            self._post(self.draw(st.sampled_from(self._sent)))

    def _messages(self, user: str, events: Sequence[DomainEvent]) -> Iterator[dict[str, Any]]:
        nameless = self.draw(st.integers(0, len(events))) if self.draw(st.booleans()) else 0
        self._count += 1
        nobody = f"someone {self._count}"
        for number, event in enumerate(events):
            if nameless and number == nameless:
                yield {"type": "identify", "userId": user, "anonymousId": nobody}
            who = {"anonymousId": nobody} if number < nameless else {"userId": user}
            yield {
                **who,
                "type": "track",
                "event": event.event,
                "messageId": event.event_id,
                "timestamp": event.timestamp.isoformat(),
                "properties": event.properties,
            }
        if nameless == len(events):
            yield {"type": "alias", "userId": user, "previousId": nobody}

    def _post(self, messages: Sequence[dict[str, Any]]) -> None:
        size = self.draw(st.integers(1, 20))
        for first in range(0, len(messages), size):
            part = messages[first : first + size]
            answer = self.shop.post("/v1/batch", json.dumps({"batch": part}).encode())
            assert (answer.status, answer.said) == (200, {"success": True})


@dataclass
class Changes:
    """A marketer who pauses and resumes campaigns, and publishes versions with another e-mail."""

    database: Engine
    launches: Sequence[Launch]
    draw: Callable[..., Any]
    published: dict[str, tuple[UnderWay, int]] = field(default_factory=dict)

    def maybe(self, mark: int) -> None:
        """Do something after all was decided up to an instant (µs), or nothing."""
        at = from_microseconds(mark)
        one = self.draw(st.sampled_from(self.launches))
        match self.draw(st.sampled_from(("nothing", "pause", "resume", "publish"))):
            case "pause":
                pause(self.database, one.id, at=at)
            case "resume":
                resume(self.database, one.id, at=at)
            case "publish" if one.name not in self.published:
                choice = self.draw(st.sampled_from((UnderWay.STAY, UnderWay.MOVE)))
                self.published[one.name] = (choice, mark)
                publish_version(
                    self.database,
                    one.id,
                    with_new_emails(one.campaign),
                    under_way=choice,
                    at=at,
                    version_number=2,
                )

    def applied(self, messages: list[list[str]]) -> list[list[str]]:
        """Write the new e-mails where they are to be expected."""
        return sorted([*row[:-1], self._email(row)] for row in messages)

    def _email(self, row: Sequence[str]) -> str:
        name, entered_at, due_at = row[0], row[2], row[5]
        if name not in self.published:
            return row[-1]
        choice, mark = self.published[name]
        since = entered_at if choice is UnderWay.STAY else due_at
        return NEW if since > iso(mark) else row[-1]


def with_new_emails(campaign: Campaign) -> Campaign:
    written = campaign.model_dump(mode="json", by_alias=True)
    for step in written["steps"]:
        if step["kind"] == "send":
            step["template"] = NEW
    return Campaign.model_validate(written)
