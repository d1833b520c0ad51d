"""Who cannot be reached, or calls it spam, gets nothing more; a forged report changes nothing."""

import hashlib
import hmac
import json
import mailbox
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from starlette.applications import Starlette

from core.api.bounces import BounceDoor, bounce_routes
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.mail_reports import ReportKind, bounce_kind
from core.domain.write_keys import KeyKind
from core.live.delivery.identities import message_id
from core.services.bounce_door import (
    is_signed,
    source_secret,
    take_files,
    take_json,
    take_message,
)
from core.services.bounces import latest_reports, take_reports
from core.services.live_launches import LaunchMode
from core.services.live_questions import outbox
from core.services.report_parsing import report_in_json, reports_in_message
from core.services.write_keys import KnownKeys, create_key
from tests.api.asking import Answer, asked, awaited, basic
from tests.api.mailing import SENT, Mailing, mailing_of, send_mail
from tests.api.reported import complaint, delivery_report, id_of
from tests.live.launched import at


def take(mailing: Mailing, *raws: bytes) -> dict[str, int]:
    """Take messages as they come into a mailbox, to which anybody may write."""
    reports = [report for raw in raws for report in reports_in_message(raw)]
    counts = take_reports(mailing.database, reports, source="mailbox", now=at(3))
    return {outcome.value: count for outcome, count in counts.items()}


def suppressed(mailing: Mailing) -> list[tuple[object, ...]]:
    return mailing.rows("SELECT address, reason FROM live_suppressions ORDER BY 1")


def delivery_report_of(mailing: Mailing, number: int) -> bytes:
    """Write a soft bounce of a further message to ann."""
    key = f"{mailing.message.key}.{number}"
    columns = (
        "launch_id, version_id, enrolment_id, user_id, entered_at, step, template, variant, "
        "due_at, state, reason, is_sandbox, address, attempt_count, changed_at"
    )
    mailing.change(
        f"INSERT INTO live_messages (key, {columns}) SELECT :new, {columns} FROM live_messages "
        "WHERE key = :key",
        new=key,
        key=mailing.message.key,
    )
    mailing.change("UPDATE live_messages SET step = 'other' WHERE key = :new", new=key)
    return delivery_report(message_id(key, mailing.links.key, "shop.example"), status="4.2.2")


# Bounces


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_bounce_for_good_is_an_event_and_the_address_gets_nothing_more(
    mailing: Mailing, returned: str
) -> None:
    counts = take(mailing, delivery_report(id_of(mailing), returned=returned))

    (event,) = mailing.events("email_bounced")
    assert counts == {"bounced": 1}
    assert suppressed(mailing) == [("ann@example.org", "bounce")]
    assert (event["kind"], event["status"]) == ("hard", "5.1.1")
    assert event["reply"] == "550 5.1.1 <ann@example.org>: User unknown"
    assert (event["campaign"], event["step"]) == ("Cart", "reminder")


def test_nothing_is_sent_any_more_to_an_address_that_bounced(mailing: Mailing) -> None:
    take(mailing, delivery_report(id_of(mailing)))

    mailing.shop.tick(7)

    seconds = {
        m.user_id: (m.state, m.reason) for m in outbox(mailing.database) if m.step == "second"
    }
    assert seconds == {"ann": ("withheld", "suppressed"), "bob": ("queued", "")}


def test_a_bounce_of_an_international_domain_ends_the_sending_to_it(mailing: Mailing) -> None:
    mailing.shop.know({"ann": {"email": "Ann@bücher.example"}})
    mailing.change("UPDATE live_messages SET address = 'Ann@xn--bcher-kva.example'")

    take(mailing, delivery_report(id_of(mailing), address="Ann@xn--bcher-kva.example"))

    # As profiles write it, by which sends ask.
    assert suppressed(mailing) == [("ann@bücher.example", "bounce")]


def test_the_same_report_counts_once_however_it_comes(mailing: Mailing) -> None:
    raw = delivery_report(id_of(mailing))
    take(mailing, raw)
    before = mailing.everything()

    again = take(mailing, raw, raw.replace(b"I could not", b"We could not"))
    said = {"type": "bounce", "message_id": id_of(mailing), "status": "5.1.1"}
    answer = take_json(mailing.database, "provider", [said], at(4))

    assert (again, answer) == ({}, {"taken": {}})
    assert mailing.everything() == before


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("5.1.1", ReportKind.HARD),
        ("5.0.0", ReportKind.HARD),
        ("5.4.4", ReportKind.HARD),
        ("", ReportKind.HARD),
        ("4.2.2", ReportKind.SOFT),
        ("4.4.7", ReportKind.SOFT),
        ("5.2.2", ReportKind.SOFT),
        ("5.3.4", ReportKind.SOFT),
        ("5.7.1", ReportKind.SOFT),
    ],
)
def test_only_a_failure_of_the_address_is_for_good(status: str, kind: ReportKind) -> None:
    assert bounce_kind(status) is kind


@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [
        ("552-5.2.2 The account is over quota\n 552 5.2.2 see there", ReportKind.SOFT, "5.2.2"),
        ("451 4.7.1 try again", ReportKind.SOFT, "4.7.1"),
        ("450 greylisted, retry timeout exceeded", ReportKind.SOFT, "4.0.0"),
        ("550-5.1.1 no such user", ReportKind.HARD, "5.1.1"),
        ("550 unrouteable address", ReportKind.HARD, "5.0.0"),
        ("550 you are 194.2.2.21, and nobody is here", ReportKind.HARD, "5.0.0"),
    ],
)
def test_where_a_mail_server_says_only_that_it_failed_the_reply_it_quotes_counts(
    reply: str, kind: ReportKind, status: str
) -> None:
    whole = delivery_report("<id@shop.example>", status="5.0.0")
    quoted = b"550 5.0.0 <ann@example.org>: User\n unknown"
    assert quoted in whole

    (report,) = reports_in_message(whole.replace(quoted, reply.encode()))

    assert (report.kind, report.status) == (kind, status)


def test_a_bounce_that_may_pass_is_counted_and_changes_nothing_yet(mailing: Mailing) -> None:
    counts = take(mailing, delivery_report(id_of(mailing), status="4.2.2"))

    assert counts == {"counted": 1}
    assert (mailing.events("email_bounced"), suppressed(mailing)) == ([], [])


def test_five_in_a_row_end_the_sending(mailing: Mailing) -> None:
    first = delivery_report(id_of(mailing), status="4.2.2")
    raws = [first, *(delivery_report_of(mailing, number) for number in range(1, 5))]

    for raw in raws[:4]:
        take(mailing, raw)
    before = suppressed(mailing)
    take(mailing, raws[4])

    (event,) = mailing.events("email_bounced")
    assert before == []
    assert suppressed(mailing) == [("ann@example.org", "soft_bounces")]
    assert event["kind"] == "soft"


def test_an_opening_by_a_person_begins_the_row_anew(mailing: Mailing) -> None:
    raws = [delivery_report_of(mailing, number) for number in range(1, 6)]
    for raw in raws[:4]:
        take(mailing, raw)

    mailing.open(60, user_agent="Mozilla/5.0")
    mailing.noted("email_opened", 70)
    still = mailing.rows("SELECT bounce_count FROM soft_bounces")
    mailing.open(4_000)
    mailing.noted("email_opened", 5_000)
    take(mailing, raws[4])

    assert still == [(4,)]
    assert suppressed(mailing) == []
    assert mailing.rows("SELECT bounce_count FROM soft_bounces") == [(1,)]


def test_a_message_that_only_waits_is_no_bounce(mailing: Mailing) -> None:
    counts = take(mailing, delivery_report(id_of(mailing), action="delayed", status="4.4.1"))

    assert counts == {"waits": 1}
    assert mailing.rows("SELECT * FROM soft_bounces") == []


# Complaints


def test_who_calls_it_spam_gets_nothing_more(mailing: Mailing) -> None:
    counts = take(mailing, complaint(id_of(mailing)))

    assert counts == {"complained": 1}
    assert suppressed(mailing) == [("ann@example.org", "complaint")]
    assert len(mailing.events("email_complained")) == 1
    assert mailing.gets() == {"marketing": False}


def test_a_complaint_has_the_time_of_the_complaint_not_of_the_e_mail(mailing: Mailing) -> None:
    arrived = format_datetime(SENT - timedelta(days=4))
    whole = complaint(id_of(mailing)).replace(
        b"Version: 1\n", f"Arrival-Date: {arrived}\n".encode()
    )

    take(mailing, whole)

    ((when,),) = mailing.rows("SELECT at FROM live_events WHERE event = 'email_complained'")
    assert when == as_microseconds(SENT)


def test_who_says_it_is_no_spam_does_not_complain(mailing: Mailing) -> None:
    assert take(mailing, complaint(id_of(mailing), kind="not-spam")) == {}


# What is forged, or none of ours


def test_a_report_of_an_unknown_message_changes_nothing_and_is_listed(mailing: Mailing) -> None:
    forged = id_of(mailing).replace(".", ".0", 1)
    before = mailing.everything()

    counts = take(
        mailing,
        delivery_report(forged),
        delivery_report("<strange@elsewhere.example>"),
        delivery_report("", returned=""),
        complaint("<strange@elsewhere.example>"),
    )

    assert counts == {"unknown": 4}
    assert mailing.everything() == before
    assert {report.address for report in latest_reports(mailing.database)} == {"ann@example.org"}


def test_a_report_about_a_test_mail_changes_nothing(own_database: Engine, tmp_path: Path) -> None:
    send_mail(own_database, LaunchMode.SANDBOX)
    mailing = mailing_of(own_database, tmp_path)
    before = mailing.everything()

    counts = take(mailing, delivery_report(id_of(mailing)))

    assert counts == {"test": 1}
    assert mailing.everything() == before


@given(raw=st.binary(max_size=300), cut=st.integers(0, 1_200), put=st.binary(max_size=6))
def test_no_message_whatsoever_breaks_the_reading(raw: bytes, cut: int, put: bytes) -> None:
    whole = delivery_report("<id@shop.example>")

    for message in (raw, whole[:cut], whole[:cut] + put + whole[cut:], whole[:cut] + raw):
        for report in reports_in_message(message):
            assert report.kind in ReportKind


def test_parts_in_parts_without_end_are_no_report() -> None:
    deep = b"".join(
        b'Content-Type: multipart/report; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(3_000)
    )

    assert reports_in_message(deep) == []


# Where reports come from


def test_a_mailbox_is_read_whole_and_what_is_no_report_is_passed_over(
    mailing: Mailing, tmp_path: Path
) -> None:
    box = mailbox.mbox(tmp_path / "bounces")
    box.add(b"From: x@example.org\nSubject: I am on holiday\n\nBack on Monday.\n")
    box.add(delivery_report(id_of(mailing)))
    box.close()

    taken = take_files(mailing.database, [tmp_path / "bounces"], at(3))

    assert (taken.message_count, taken.report_count) == (2, 1)
    assert taken.count_by_outcome == {"bounced": 1}


def test_a_maildir_and_a_single_message_are_read_too(mailing: Mailing, tmp_path: Path) -> None:
    folder = mailbox.Maildir(tmp_path / "Maildir")
    folder.add(delivery_report(id_of(mailing)))
    (tmp_path / "one.eml").write_bytes(complaint(id_of(mailing)))

    taken = take_files(mailing.database, [tmp_path / "Maildir", tmp_path / "one.eml"], at(3))

    assert taken.count_by_outcome == {"bounced": 1, "complained": 1}


def test_a_file_that_is_not_there_is_said_so(mailing: Mailing, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="is no file; name a mailbox"):
        take_files(mailing.database, [tmp_path / "none"], at(3))


def test_a_provider_may_name_the_address_alone(mailing: Mailing) -> None:
    said = {"event": "hardBounce", "email": "Ann@Example.org", "reason": "550 5.1.1 unknown"}

    answer = take_json(mailing.database, "provider", [said], at(3))

    assert answer == {"taken": {"bounced": 1}}
    assert suppressed(mailing) == [("ann@example.org", "bounce")]


@pytest.mark.parametrize("address", ["stranger@example.org", "' OR 1=1 --@example.org"])
def test_a_provider_that_names_nobody_we_wrote_to_changes_nothing(
    mailing: Mailing, address: str
) -> None:
    before = mailing.everything()

    answer = take_json(mailing.database, "x", [{"type": "bounce", "email": address}], at(3))

    assert "bounced" not in str(answer.get("taken"))
    assert mailing.everything() == before


def test_a_provider_may_hand_on_the_report_of_the_mail_server(mailing: Mailing) -> None:
    answer = take_message(mailing.database, "mta", delivery_report(id_of(mailing)), at(3))

    assert answer == {"taken": {"bounced": 1}}


def test_what_arrived_is_an_event_and_ends_the_row_of_bounces(mailing: Mailing) -> None:
    take(mailing, delivery_report(id_of(mailing), status="4.2.2"))
    ours = id_of(mailing).strip("<>")
    said = {"type": "delivered", "message_id": ours, "at": SENT.isoformat()}

    take_json(mailing.database, "provider", [said], at(3))

    ((when,),) = mailing.rows("SELECT at FROM live_events WHERE event = 'email_delivered'")
    assert when == as_microseconds(SENT)
    assert mailing.rows("SELECT * FROM soft_bounces") == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"type": "bounce"}, "needs an address or our Message-ID"),
        ({"type": "bounce", "email": "nobody"}, "needs an address or our Message-ID"),
        ({"type": "party", "email": "a@example.org"}, "the type 'party' is not known"),
        ({}, "the type '' is not known"),
    ],
)
def test_a_report_that_says_too_little_is_refused_with_the_reason(
    said: dict[str, str], why: str
) -> None:
    with pytest.raises(UnusableInput, match=why):
        report_in_json(said)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"event": "bounce", "type": "blocked", "email": "a@b.org"}, ReportKind.SOFT),
        ({"event": "bounce", "type": "bounce", "email": "a@b.org"}, ReportKind.HARD),
        ({"RecordType": "Bounce", "Type": "SoftBounce", "Email": "a@b.org"}, ReportKind.SOFT),
        ({"RecordType": "Bounce", "Type": "HardBounce", "Email": "a@b.org"}, ReportKind.HARD),
        ({"RecordType": "SpamComplaint", "Type": "x", "Email": "a@b.org"}, ReportKind.COMPLAINT),
        ({"event": "failed", "severity": "temporary", "recipient": "a@b.org"}, ReportKind.SOFT),
        (
            {"RecordType": "Bounce", "Type": "AutoResponder", "Email": "a@b.org"},
            ReportKind.DELIVERED,
        ),
        (
            {"RecordType": "Bounce", "Type": "VirusNotification", "Email": "a@b.org"},
            ReportKind.SOFT,
        ),
        ({"RecordType": "Bounce", "Type": "BadEmailAddress", "Email": "a@b.org"}, ReportKind.HARD),
    ],
)
def test_a_bounce_that_a_provider_calls_passing_is_not_for_good(
    said: dict[str, str], kind: ReportKind
) -> None:
    assert report_in_json(said).kind is kind


# Who may report


@pytest.fixture
def app(mailing: Mailing) -> Starlette:
    database, clock = mailing.database, mailing.clock
    return Starlette(
        routes=bounce_routes(
            BounceDoor(
                sender_of=KnownKeys(lambda: database, clock).sender_of,
                is_signed=lambda source, body, mark: is_signed(
                    database, source, body, mark, clock()
                ),
                take_message=lambda source, raw: take_message(database, source, raw, clock()),
                take_reports=lambda source, said: take_json(database, source, said, clock()),
            )
        )
    )


def post(app: Starlette, body: bytes, path: str = "/v1/bounces/mta", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return awaited(asked(app, "POST", path, named, body))


def reported(mailing: Mailing) -> bytes:
    return json.dumps({"type": "bounce", "message_id": id_of(mailing)}).encode()


def signed(mailing: Mailing, source: str, body: bytes) -> str:
    secret = source_secret(mailing.database, source, SENT)
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_servers_write_key_may_report(mailing: Mailing, app: Starlette) -> None:
    key = create_key(mailing.database, "mta", created_at=SENT)

    answer = post(app, reported(mailing), authorization=basic(key))

    assert (answer.status, answer.said) == (200, {"success": True, "taken": {"bounced": 1}})


def test_a_signature_may_report_too_and_also_a_whole_message(
    mailing: Mailing, app: Starlette
) -> None:
    body = delivery_report(id_of(mailing))
    mark = signed(mailing, "mta", body)

    answer = post(app, body, content_type="message/rfc822", x_rehearsal_signature=mark)

    assert answer.said == {"success": True, "taken": {"bounced": 1}}


def test_what_a_list_cannot_use_keeps_no_other_from_its(mailing: Mailing, app: Starlette) -> None:
    body = b'[{"type": "party"}, ' + reported(mailing) + b"]"

    answer = post(app, body, x_rehearsal_signature=signed(mailing, "mta", body))

    assert answer.said["taken"] == {"bounced": 1}
    assert [rejected["index"] for rejected in answer.said["rejected"]] == [0]


def test_nobody_else_may_report(mailing: Mailing, app: Starlette) -> None:
    body, before = reported(mailing), mailing.everything()
    public = create_key(mailing.database, "page", created_at=SENT, kind=KeyKind.BROWSER)
    other = signed(mailing, "another", body)

    answers = [
        post(app, body),
        post(app, body, authorization=basic("wk_forged")),
        post(app, body, authorization=basic(public)),
        post(app, body, path=f"/v1/bounces/mta?writeKey={public}"),
        post(app, body, x_rehearsal_signature=other),
        post(app, body + b" ", x_rehearsal_signature=signed(mailing, "mta", body)),
        post(app, body, x_rehearsal_signature=""),
    ]

    assert [answer.status for answer in answers] == [401, 401, 403, 403, 401, 401, 401]
    assert mailing.everything() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[1]", 400),
        (b"[" * 50_000, 400),
        (b'{"type": "bounce"', 400),
        (b"a" * 2_000_000, 413),
    ],
)
def test_what_cannot_be_read_is_refused(
    mailing: Mailing, app: Starlette, body: bytes, status: int
) -> None:
    before = mailing.everything()

    answer = post(app, body, x_rehearsal_signature=signed(mailing, "mta", body))

    assert answer.status == status
    assert mailing.everything() == before


@pytest.mark.parametrize("source", ["%2e%2e", "a b", "a" * 41, "<b>"])
def test_a_source_has_a_plain_name(mailing: Mailing, app: Starlette, source: str) -> None:
    assert post(app, reported(mailing), path=f"/v1/bounces/{source}").status == 400
