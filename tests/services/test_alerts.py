"""Alerts: raised once per episode, told by e-mail or webhook, closed when it is over."""

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from sqlalchemy import Engine, text

from core.domain.errors import UnusableInput
from core.domain.mail_events import DELIVERY as SOURCE
from core.domain.mail_events import MailEvent
from core.domain.mail_servers import read_mail_server
from core.domain.webhook_signatures import is_signed, signing_bytes, written_secret
from core.services.alert_rules import LEAST, Rule, RuleSetting, rate_of
from core.services.alert_ways import Ways
from core.services.alerts import (
    AlertSettings,
    alert_settings,
    keep_alert_settings,
    open_alerts,
    past_alerts,
    watch,
)
from core.services.live_events import ingest
from core.services.live_launches import LaunchMode, launches, stop
from core.store.alerts import Notice
from core.store.database import migrate, open_database
from core.store.live_counts import Attempts
from tests.live.launched import Shop, at

SECRET = written_secret(b"s" * 24)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    database = open_database(f"sqlite:///{tmp_path}/live.sqlite")
    migrate(database)
    yield Shop(database, "ann")
    database.dispose()


class Told:
    """Takes down what is told; refuses as often as it should."""

    def __init__(self, refusals: int = 0) -> None:
        self.notices: list[Notice] = []
        self._refusals = refusals

    def __call__(self, notice: Notice) -> str:
        if self._refusals:
            self._refusals -= 1
            return "not now"
        self.notices.append(notice)
        return ""


def tell_by_email(database: Engine, **rules: RuleSetting) -> None:
    settings = alert_settings(database)
    for name, rule in rules.items():
        settings = replace(settings, alarms=settings.alarms.with_rule(Rule[name], rule))
    keep_alert_settings(
        database,
        replace(settings, email="me@example.com"),
        allowed=frozenset(),
        changed_at=at(0),
    )


def later(hours: float, minutes: float) -> datetime:
    return at(hours) + timedelta(minutes=minutes)


def mails(shop: Shop, hours: float, **counts: int) -> None:
    """Let so many e-mails have come to each state."""
    row = (
        "INSERT INTO live_messages (key, launch_id, version_id, enrolment_id, user_id, entered_at,"
        " step, template, variant, due_at, state, reason, is_sandbox, attempt_count, changed_at)"
        " VALUES (:key, 1, 1, 'e', 'ann', 0, 's', 't', '', :at, :state, '', false, 1, :at)"
    )
    if not launches(shop.database):
        shop.launch()
    moment = int(at(hours).timestamp() * 1_000_000)
    with shop.database.begin() as connection:
        for state, count in counts.items():
            for n in range(count):
                key = f"{hours}.{state}.{n}"
                connection.execute(text(row), {"key": key, "at": moment, "state": state})


def outcomes(shop: Shop, event: MailEvent, hours: float, count: int) -> None:
    rows = (
        "INSERT INTO live_events (user_id, event_id, event, at, properties, received_at, source,"
        " is_late) VALUES (:user, :id, :event, :at, '{}', :at, :source, false)"
    )
    moment = int(at(hours).timestamp() * 1_000_000)
    with shop.database.begin() as connection:
        for n in range(count):
            said = {"user": f"u{n}", "id": f"{event}{n}", "event": event.value}
            connection.execute(text(rows), {**said, "at": moment, "source": SOURCE})


def test_a_lag_is_told_once_and_is_over_when_all_is_decided(shop: Shop) -> None:
    tell_by_email(shop.database)
    shop.launch()
    shop.happen("ann", "view", 1)
    told = Told()

    counts = [watch(shop.database, later(1, minutes), told) for minutes in (10, 16, 17, 30)]
    during = open_alerts(shop.database)
    shop.tick(1.6)
    counts.append(watch(shop.database, later(1, 36), told))

    assert counts == [0, 1, 0, 0, 1]
    assert [(n.kind, n.way, n.target) for n in told.notices] == [
        ("raised", "email", "me@example.com"),
        ("over", "email", "me@example.com"),
    ]
    assert told.notices[0].said == "Decisions are 16 minutes behind what came in."
    assert told.notices[1].said.startswith("It is over: ")
    assert [alert.rule for alert in during] == [Rule.LAG]
    assert open_alerts(shop.database) == []
    (past,) = past_alerts(shop.database)
    assert (past.raised_at, past.closed_at) == (later(1, 16), later(1, 36))
    assert [notice.state for notice in past.notices] == ["told", "told"]


def test_nothing_is_behind_once_all_is_stopped(shop: Shop) -> None:
    launched = shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(1.1)
    stop(shop.database, launched.id, at=at(1.2))

    watch(shop.database, later(2, 30), Told())

    assert open_alerts(shop.database) == []


def test_a_timer_that_is_due_counts_as_a_lag_too(shop: Shop) -> None:
    shop.launch()
    shop.happen("ann", "add", 1)
    shop.tick(1.1)

    watch(shop.database, later(2, 30), Told())

    assert [alert.rule for alert in open_alerts(shop.database)] == [Rule.LAG]


def test_an_alert_is_not_over_just_below_its_limit(shop: Shop) -> None:
    tell_by_email(shop.database, FAILURES=RuleSetting(is_on=True, limit=0.1))
    states = []

    for hours, sent, failed in ((0, 88, 12), (2, 91, 9), (4, 93, 7)):
        mails(shop, hours, sent=sent, failed=failed)
        watch(shop.database, later(hours, 5), Told())
        states.append([alert.rule for alert in open_alerts(shop.database)])

    assert states == [[Rule.FAILURES], [Rule.FAILURES], []]


def test_unknown_mails_count_as_failures(shop: Shop) -> None:
    mails(shop, 0, sent=80, failed=10, unknown=10)

    watch(shop.database, later(0, 5), Told())

    (alert,) = open_alerts(shop.database)
    assert alert.said.startswith("20 of 100 e-mails of the last 1 hour did not leave")
    assert alert.said.endswith("(20%).")


def test_a_sandbox_raises_no_alert(shop: Shop) -> None:
    shop.launch(mode=LaunchMode.SANDBOX)
    mails(shop, 0, sent=50, failed=50)

    watch(shop.database, later(0, 5), Told())

    assert open_alerts(shop.database) == []


@pytest.mark.parametrize("rule", LEAST)
def test_a_rate_of_few_is_no_rate(rule: Rule) -> None:
    few, enough = LEAST[rule] // 2, LEAST[rule]

    bad_of_few = rate_of(rule, Attempts(few, 1), few // 2, timedelta(days=1))
    bad_of_enough = rate_of(rule, Attempts(enough, enough), enough // 2, timedelta(days=1))

    assert bad_of_few.value is None
    assert bad_of_enough.value == pytest.approx(0.5)


def test_unsubscriptions_and_complaints_are_counted_against_what_was_sent(shop: Shop) -> None:
    mails(shop, 1, sent=1_000)
    outcomes(shop, MailEvent.UNSUBSCRIBED, 2, 21)
    outcomes(shop, MailEvent.COMPLAINED, 2, 4)

    watch(shop.database, at(3), Told())

    said = {alert.rule: alert.said for alert in open_alerts(shop.database)}
    assert said == {
        Rule.UNSUBSCRIPTIONS: "21 of 1,000 e-mails of the last 7 days led to an unsubscription "
        "(2.1%).",
        Rule.COMPLAINTS: "4 of 1,000 e-mails of the last 7 days were reported as spam (0.4%).",
    }


def test_what_is_longer_ago_than_the_window_counts_no_more(shop: Shop) -> None:
    mails(shop, 1, sent=1_000)
    outcomes(shop, MailEvent.UNSUBSCRIBED, 2, 30)
    watch(shop.database, at(3), Told())

    watch(shop.database, at(3 + 7 * 24), Told())

    assert open_alerts(shop.database) == []


def test_silence_is_raised_only_where_it_was_asked_for_and_mails_do_not_break_it(
    shop: Shop,
) -> None:
    shop.happen("ann", "view", 0)
    ingest(shop.database, [], received_at=at(3), source=SOURCE)
    watch(shop.database, at(9), Told())
    before = [alert.rule for alert in open_alerts(shop.database)]
    tell_by_email(
        shop.database,
        SILENCE=RuleSetting(is_on=True, limit=60),
        LAG=RuleSetting(is_on=False, limit=15),
    )

    told = Told()
    watch(shop.database, at(9), told)
    shop.happen("ann", "view", 9)
    watch(shop.database, later(9, 1), told)

    assert Rule.SILENCE not in before
    assert [n.kind for n in told.notices] == ["raised", "over"]
    assert told.notices[0].said == "No event has come in for 9 hours."


def test_a_rule_that_is_switched_off_closes_its_alert_in_silence(shop: Shop) -> None:
    tell_by_email(shop.database)
    shop.launch()
    shop.happen("ann", "view", 1)
    told = Told()
    watch(shop.database, at(2), told)

    tell_by_email(shop.database, LAG=RuleSetting(is_on=False, limit=15))
    watch(shop.database, at(2.1), told)

    assert open_alerts(shop.database) == []
    assert [n.kind for n in told.notices] == ["raised"]


def test_what_could_not_be_told_is_tried_again_and_given_up_in_the_end(shop: Shop) -> None:
    tell_by_email(shop.database)
    shop.launch()
    shop.happen("ann", "view", 1)
    patient, deaf = Told(refusals=2), Told(refusals=100)

    for minutes in (20, 22, 30, 40):
        watch(shop.database, later(1, minutes), patient)
    shop.tick(1.7)
    for hours in range(2, 10):
        watch(shop.database, at(hours), deaf)

    assert [n.attempt_count for n in patient.notices] == [3]
    (past,) = past_alerts(shop.database)
    assert [(n.state, n.attempt_count, n.reason) for n in past.notices] == [
        ("told", 3, ""),
        ("failed", 5, "not now"),
    ]


def test_two_watchers_raise_and_tell_one_alert(shop: Shop) -> None:
    tell_by_email(shop.database)
    shop.launch()
    shop.happen("ann", "view", 1)
    told = Told()

    threads = [Thread(target=watch, args=(shop.database, at(2), told)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(open_alerts(shop.database)) == 1
    assert len(told.notices) == 1


def test_settings_are_kept_and_wrong_ones_refused(shop: Shop) -> None:
    given = AlertSettings(email=" me@example.com ", webhook="https://example.com/alerts")

    kept = keep_alert_settings(shop.database, given, allowed=frozenset(), changed_at=at(0))

    assert kept == alert_settings(shop.database)
    assert kept.ways == [
        ("email", "me@example.com"),
        ("webhook", "https://example.com/alerts"),
    ]
    for wrong, said in (
        (replace(given, email="me"), "no e-mail address"),
        (replace(given, email="a@b.c\r\nBcc: d@e.f"), "no e-mail address"),
        (replace(given, webhook="http://127.0.0.1/x"), "cannot be called"),
        (replace(given, webhook="file:///etc/passwd"), "cannot be called"),
        (
            replace(
                given,
                alarms=given.alarms.with_rule(Rule.COMPLAINTS, RuleSetting(is_on=True, limit=1.5)),
            ),
            "needs a limit between",
        ),
    ):
        with pytest.raises(UnusableInput, match=said):
            keep_alert_settings(shop.database, wrong, allowed=frozenset(), changed_at=at(0))
    assert alert_settings(shop.database) == kept


def notice(way: str, target: str) -> Notice:
    return Notice(7, 3, "raised", way, target, "It is slow.", "sending", "", 1, at(0))


def ways(server: str | None = None, allowed: tuple[str, ...] = ()) -> Ways:
    return Ways(
        server=None if server is None else read_mail_server(server, "X"),
        sender="Shop <shop@example.com>",
        allowed=allowed,
        secret=lambda: SECRET,
        clock=lambda: at(0),
    )


def test_an_alert_is_sent_as_an_e_mail() -> None:
    got: list[bytes] = []

    class Inbox(Message):
        def handle_message(self, message: object) -> None:
            got.append(bytes(message))  # type: ignore[call-overload]  # a Message has bytes

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    inbox = Controller(Inbox(), hostname="127.0.0.1", port=port)
    inbox.start()
    try:
        reason = ways(f"smtp://127.0.0.1:{port}").tell(notice("email", "me@example.com"))
    finally:
        inbox.stop()

    mail = message_from_bytes(got[0])
    assert reason == ""
    assert (mail["To"], mail["Subject"]) == ("me@example.com", "Rehearsal: It is slow.")


def test_an_e_mail_without_a_server_says_so() -> None:
    assert "no mail server" in ways().tell(notice("email", "me@example.com"))


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[Mapping[str, str], bytes]]]]:
    got: list[tuple[Mapping[str, str], bytes]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((dict(self.headers.items()), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_called_signed(
    hook: tuple[str, list[tuple[Mapping[str, str], bytes]]],
) -> None:
    place, got = hook

    reason = ways(allowed=(place,)).tell(notice("webhook", f"http://{place}/alerts"))

    headers, body = got[0]
    said = {name.lower(): value for name, value in headers.items()}
    assert reason == ""
    assert json.loads(body) == {"type": "alert.raised", "alert": 3, "said": "It is slow."}
    assert is_signed(
        signing_bytes(SECRET),
        said["webhook-id"],
        int(said["webhook-timestamp"]),
        body,
        said["webhook-signature"],
    )


def test_a_webhook_into_the_own_network_is_not_called(
    hook: tuple[str, list[tuple[Mapping[str, str], bytes]]],
) -> None:
    place, got = hook

    reason = ways().tell(notice("webhook", f"http://{place}/alerts"))

    assert reason
    assert got == []
