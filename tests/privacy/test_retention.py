"""What is older than somebody wants to keep goes; what is still needed stays."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from core.domain.errors import UnusableInput
from core.domain.hooks import Preset
from core.domain.instants import as_microseconds
from core.domain.mail_reports import MailReport, ReportKind
from core.services import audit, hook_sources, retention
from core.services.bounces import take_reports
from core.services.live_launches import LaunchMode
from core.services.live_questions import decisions, outbox, trace
from core.services.retention import Retention, forget_old, keep_retention
from core.store import hooks, live_events, mail_reports, sign_ups
from core.store.database import reading, writing
from core.store.live_outbox import SENT, claim, settle
from tests.live.launched import START, Shop, at

YEAR = START + timedelta(days=365)


@pytest.fixture
def shop(database: Engine) -> Shop:
    return Shop(database, "ann", "bob", "cleo")


def event_names(shop: Shop, *people: str) -> list[str]:
    with reading(shop.database) as session:
        found = live_events.events_named(session, people, ["*"])
    return [f"{event.user_id} {event.event}" for event in found]


def test_by_default_everything_is_kept(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "buy", 1)
    shop.tick(30)

    assert forget_old(shop.database, YEAR) == 0
    assert event_names(shop, "ann") == ["ann buy"]


def test_old_events_go_and_new_ones_stay(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "buy", 1)
    shop.happen("ann", "view", 24 * 40)
    shop.tick(24 * 41)
    keep_retention(shop.database, Retention(events=30), changed_at=START)

    count = forget_old(shop.database, at(24 * 41))

    assert count == 1
    assert event_names(shop, "ann") == ["ann view"]


def test_what_the_evaluator_still_needs_stays_however_old(shop: Shop, both_kinds: None) -> None:
    shop.launch(trigger={"kind": "inactivity", "for": "300d"})
    shop.happen("ann", "view", 1)
    shop.tick(24 * 200)
    shop.happen("bob", "view", 2)
    keep_retention(shop.database, Retention(events=30), changed_at=START)

    count = forget_old(shop.database, at(24 * 200))
    shop.tick(24 * 320)

    assert count == 0
    assert ("ann", "enrolled") in shop.firings()


def test_people_under_way_keep_their_steps_and_their_mail_goes_out(shop: Shop) -> None:
    shop.launch(steps=[
        {"id": "reminder", "kind": "send", "template": "cart_recovery"},
        {"id": "pause", "kind": "delay", "for": "200d"},
        {"id": "second", "kind": "send", "template": "cart_discount"},
    ])  # fmt: skip
    shop.happen("ann", "add", 1)
    shop.tick(3)
    keep_retention(shop.database, Retention(events=30, messages=90), changed_at=START)

    forget_old(shop.database, at(24 * 150))
    shop.tick(24 * 202)

    assert event_names(shop, "ann") == ["ann add"]
    assert sorted(message.step for message in outbox(shop.database)) == ["reminder", "second"]


def test_old_messages_steps_and_decisions_go_once_they_are_done_with(
    shop: Shop, both_kinds: None
) -> None:
    shop.launch(steps=[{"id": "reminder", "kind": "send", "template": "cart_recovery"}])
    for person in ("ann", "bob"):
        shop.happen(person, "add", 1)
    shop.tick(3)
    with writing(shop.database) as session:
        first = claim(session, 10**18, 1)[0]
        settle(session, first.key, SENT, now=10**15, address="x")
    keep_retention(shop.database, Retention(messages=90), changed_at=START)

    forget_old(shop.database, YEAR)

    assert [message.state for message in outbox(shop.database)] == ["queued"]
    assert trace(shop.database) == []
    assert decisions(shop.database) == []
    assert len(event_names(shop, "ann", "bob")) == 2


def test_what_a_sandbox_would_have_sent_goes_as_if_it_had(shop: Shop) -> None:
    shop.launch(mode=LaunchMode.SANDBOX)
    shop.happen("ann", "add", 1)
    shop.tick(3)
    shop.tick(8)
    kept = Retention(events=90, messages=90)
    keep_retention(shop.database, kept, changed_at=START)
    assert [message.state for message in outbox(shop.database)] == ["queued", "queued"]

    forget_old(shop.database, YEAR)

    assert outbox(shop.database) == []
    assert event_names(shop, "ann") == []


def test_what_mail_servers_said_and_old_sign_ups_go_with_the_messages(
    shop: Shop, both_kinds: None
) -> None:
    for day in (0, 360):
        now = START + timedelta(days=day)
        at_us = as_microseconds(now)
        report = MailReport(
            kind=ReportKind.SOFT, content=f"report {day}", address="ann@example.org"
        )
        take_reports(shop.database, [report], source="mailbox", now=now)
        with writing(shop.database) as session:
            mail_reports.count_soft(session, f"p{day}@example.org", at_us)
            sign_ups.add_sign_up(session, f"p{day}", f"p{day}@example.org", [], "", at_us)
    keep_retention(shop.database, Retention(messages=90), changed_at=START)

    count = forget_old(shop.database, YEAR)

    with shop.database.connect() as connection:
        left = [
            connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("mail_reports", "soft_bounces", "sign_ups")
        ]
    assert (count, left) == (3, [1, 1, 1])


def test_what_webhooks_told_long_ago_is_forgotten_and_may_be_told_again(
    shop: Shop, both_kinds: None
) -> None:
    source = hook_sources.add_source(
        shop.database, name="crm", preset=Preset.GENERIC, created_at=START
    )
    with writing(shop.database) as session:
        hooks.note_new(session, source.id, ["old", "older"], seen_at=START)
        hooks.note_new(session, source.id, ["new"], seen_at=at(24 * 40))
    keep_retention(shop.database, Retention(events=30), changed_at=START)

    count = forget_old(shop.database, at(24 * 41))

    with writing(shop.database) as session:
        new = hooks.note_new(session, source.id, ["old", "new"], seen_at=at(24 * 41))
    assert (count, new) == (2, {"old"})


def test_files_of_e_mails_go_as_the_messages_do(shop: Shop, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    for name, hours in (("old.eml", 0), ("new.eml", 24 * 80), ("notes.txt", 0)):
        (outbox / name).write_text("x")
        os.utime(outbox / name, times=(at(hours).timestamp(),) * 2)
    keep_retention(shop.database, Retention(messages=90), changed_at=START)

    count = forget_old(shop.database, at(24 * 100), outbox=outbox)

    assert count == 1
    assert sorted(path.name for path in outbox.iterdir()) == ["new.eml", "notes.txt"]


def test_it_runs_once_a_day_and_in_bounded_pieces(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    for number in range(5):
        audit.note(shop.database, actor="x", action="y", subject=str(number), at=START)
    keep_retention(shop.database, Retention(audit=30), changed_at=START)

    first = forget_old(shop.database, YEAR)
    audit.note(shop.database, actor="x", action="y", subject="late", at=START)
    again = forget_old(shop.database, YEAR + timedelta(hours=23))
    tomorrow = forget_old(shop.database, YEAR + timedelta(hours=24))

    assert (first, again, tomorrow) == (5, 0, 1)


@pytest.mark.parametrize("given", [{"events": 29}, {"messages": 0}, {"audit": -1}, {"rejected": 0}])
def test_times_that_would_take_what_is_needed_are_refused(
    shop: Shop, given: dict[str, int]
) -> None:
    with pytest.raises(UnusableInput, match="cannot be kept for"):
        keep_retention(shop.database, Retention(**given), changed_at=START)

    assert retention.retention(shop.database) == Retention()
