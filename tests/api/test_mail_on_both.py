"""What comes back from e-mails, on SQLite and on PostgreSQL, and when several take it at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.domain.mail_links import Said
from core.services.bounces import take_reports
from core.services.mail_choices import choices_of, choose, unsubscribe
from core.services.report_parsing import reports_in_message
from core.services.tracking import note_hits
from tests.api.mailing import Mailing, mailing_of, send_mail
from tests.api.reported import delivery_report, id_of
from tests.live.launched import at

SHOP = "https://shop.example/a"


@pytest.fixture
def both(database: Engine, tmp_path: Path) -> Mailing:
    send_mail(database)
    return mailing_of(database, tmp_path)


def test_clicks_become_events_once_however_many_note_them_at_once(both: Mailing) -> None:
    for number in range(20):
        both.click(f"{SHOP}/{number}", 60 + 10 * number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: note_hits(both.database, at(3)), range(8)))

    events = both.events("email_clicked")
    assert len(events) == len({event["url"] for event in events}) == 20


def test_an_unsubscription_and_its_taking_back_count_on_both(both: Mailing) -> None:
    said = Said(message_key=both.message.key, user_id="ann")

    gone = unsubscribe(both.database, said, at=at(2.5))
    both.shop.tick(2.6)
    back = choose(both.database, said, {"marketing"}, at=at(3))

    assert (gone.is_subscribed, back.is_subscribed) == (False, True)
    assert choices_of(both.database, said) == back
    assert len(both.events("email_unsubscribed")) == 1


def test_one_report_that_comes_many_times_at_once_counts_once(both: Mailing) -> None:
    reports = reports_in_message(delivery_report(id_of(both), status="4.2.2"))

    def take(_: int) -> int:
        counts = take_reports(both.database, reports, source="mailbox", now=at(3))
        return sum(counts.values())

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, range(8)))

    assert sum(taken) == 1
    assert both.rows("SELECT bounce_count FROM soft_bounces") == [(1,)]
