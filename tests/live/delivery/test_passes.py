"""A pass of a sender: every message leaves once, or says why it did not."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from core.domain.consents import ConsentSource, ConsentState
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, from_microseconds
from core.domain.mail_events import MailEvent
from core.domain.values import JsonValue
from core.live.delivery.backoff import MOST_ATTEMPTS
from core.live.delivery.letters import Composed, NotComposed, Withheld
from core.live.outcome_events import MailOutcome, note_outcomes
from core.services import live_launches
from core.services.consents import consents_of, record_consent
from core.services.delivering import readied, readiness
from core.services.delivery_letters import letter_of
from core.services.delivery_settings import DeliverySettings
from core.services.live_events import save_profiles, suppress
from core.services.live_launches import LaunchMode
from core.services.live_questions import outbox
from core.store import live_launches as store_launches
from core.store.database import writing
from tests.live.delivery.post import SETTINGS, Post
from tests.live.delivery.sinks import GO_ON, HANG_UP, Said, Sink
from tests.live.launched import at


def answering(answers: dict[tuple[str, str], str]) -> Said:
    """Say something at a stage to a person's address, named by what stands before the @."""
    return lambda stage, address: answers.get((stage, address.partition("@")[0]), GO_ON)


def test_messages_leave_and_events_tell_of_it(
    database: Engine, posted: Callable[..., Post], sink: Sink
) -> None:
    post = posted(database)
    post.due("ann", "bob")

    report = post.sender().deliver_due(post.later(minutes=1))

    assert (report.claimed_count, report.sent_count) == (2, 2)
    assert post.rows() == {"ann": ("sent", ""), "bob": ("sent", "")}
    assert sink.recipients() == ["ann@example.org", "bob@example.org"]
    assert post.told() == [("email_sent", "ann"), ("email_sent", "bob")]
    event = next(one for one in post.events("email_sent") if one["user_id"] == "ann")
    assert event["at"] == as_microseconds(post.now)
    assert json.loads(event["properties"]) == {
        "campaign": "Cart",
        "step": "mail",
        "template": "cart_recovery",
        "variant": "",
        "message": post.row("ann")["key"],
    }


def test_what_was_sent_is_not_sent_again(post: Post, sink: Sink) -> None:
    post.due("ann")
    sender = post.sender()

    counts = [sender.run(post.later(minutes=1)) for _ in range(3)]

    assert counts == [1, 0, 0]
    assert len(sink.envelopes) == 1


def test_the_message_is_whole(post: Post, sink: Sink) -> None:
    post.change(reply_to="answers@shop.example", bounce_address="bounces@shop.example")
    post.due("ann")

    post.sender().run(post.now)

    (content,), (message,) = sink.contents(), sink.messages()
    assert str(message["From"]) == "Fellgrove <hello@shop.example>"
    assert str(message["To"]) == "ann@example.org"
    assert str(message["Reply-To"]) == "answers@shop.example"
    assert sink.envelopes[0].mail_from == "bounces@shop.example"
    assert message.get_content_type() == "multipart/alternative"
    # RFC 8058: one line, neither folded nor encoded.
    lines = content.split(b"\r\n")
    (link,) = [line for line in lines if b"/t/u/" in line]
    assert link.lstrip(b" ").removeprefix(b"List-Unsubscribe: ").startswith(b"<https://")
    assert link.endswith(b">")
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


@pytest.mark.parametrize("name", ["Ann\r\nBcc: eve@evil.example", "Ann\nX: y", "Ann\u2028B: c"])
def test_nobody_adds_a_header_by_a_name_or_a_subject(post: Post, sink: Sink, name: str) -> None:
    post.composer.subject = f"For {name}\r\nBcc: eve@evil.example"
    post.due("ann")
    save_profiles(post.database, {"ann": {"name": name}}, saved_at=at(0))

    post.sender().run(post.now)

    (message,) = sink.messages()
    assert message["Bcc"] is None
    assert message["X"] is None
    assert sink.recipients() == ["ann@example.org"]
    assert "Bcc: eve@evil.example" in str(message["Subject"])


def test_an_address_that_cannot_be_written_fails_alone(post: Post, sink: Sink) -> None:
    post.due("ann", "bob")
    save_profiles(
        post.database, {"ann": {"email": "ann@example.org\r\nBcc: x@y.z"}}, saved_at=at(0)
    )

    post.sender().run(post.now)

    assert post.rows() == {"ann": ("failed", "address"), "bob": ("sent", "")}
    assert "is no e-mail address" in post.row("ann")["detail"]
    assert sink.recipients() == ["bob@example.org"]


def test_data_that_break_the_making_of_an_e_mail_hold_up_nobody_else(
    post: Post, sink: Sink
) -> None:
    post.due("ann", "bob", "cid", "dan", "eve")
    post.composer.poison = frozenset({"bob", "eve"})

    post.sender().run(post.now)

    assert sink.recipients() == [f"{one}@example.org" for one in ("ann", "cid", "dan")]
    assert {who for who, row in post.rows().items() if row == ("failed", "template")} == {
        "bob",
        "eve",
    }
    assert "data broke" in post.row("bob")["detail"]


def test_a_template_that_fails_for_one_person_fails_for_them_alone(post: Post, sink: Sink) -> None:
    post.due("ann", "bob", "cid")
    post.composer.instead = {
        "ann": NotComposed(message="The e-mail 'x' for 'ann':\n no cart\x00."),
        "cid": Withheld(reason="unsubscribed"),
    }
    sender = post.sender()

    counts = [sender.run(post.now) for _ in range(2)]

    assert counts == [3, 1]
    assert post.rows() == {
        "ann": ("failed", "template"),
        "bob": ("sent", ""),
        "cid": ("withheld", "unsubscribed"),
    }
    assert post.row("ann")["detail"] == "The e-mail 'x' for 'ann': no cart ."
    assert post.told() == [("email_sent", "bob"), ("email_withheld", "cid")]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "LEAVE", "DATA"])
def test_what_is_refused_for_now_is_tried_again_and_later_each_time(
    post: Post, sink: Sink, stage: str
) -> None:
    post.due("ann")
    sender = post.sender()
    sink.said = lambda reached, _: "451 4.7.1 come again" if reached == stage else GO_ON

    sender.run(post.now)
    first = post.row("ann")
    sender.run(post.later(seconds=30))
    too_early = post.row("ann")
    sender.run(post.later(seconds=50))
    second = post.row("ann")
    sink.said = lambda _stage, _address: GO_ON
    sender.run(post.later(minutes=3))

    assert (first["state"], first["reason"]) == ("queued", "deferred")
    assert first["detail"] == "451 4.7.1 come again"
    assert too_early == first
    assert [first["attempt_count"], second["attempt_count"]] == [1, 2]
    assert post.rows() == {"ann": ("sent", "")}
    assert len(sink.envelopes) == 1
    assert post.told() == [("email_sent", "ann")]


def test_what_is_refused_too_often_fails(post: Post, sink: Sink) -> None:
    post.due("ann")
    sender = post.sender()
    sink.said = answering({("RCPT", "ann"): "452 4.2.2 full"})

    row = post.row("ann")
    tried_at: list[datetime] = []
    while row["state"] == "queued" and len(tried_at) < 20:
        tried_at.append(post.now)
        sender.run(post.now)
        row = post.row("ann")
        post.now = from_microseconds(row["try_at"])

    waits = [after - before for before, after in pairwise(tried_at)]
    assert waits[0] < timedelta(minutes=2)
    assert all(after > before for before, after in pairwise(waits))
    assert tried_at[-1] - tried_at[0] < timedelta(hours=12)
    assert (row["state"], row["reason"]) == ("failed", "deferred")
    assert row["attempt_count"] == MOST_ATTEMPTS
    assert sink.envelopes == []


@pytest.mark.parametrize("stage", ["RCPT", "LEAVE", "DATA"])
def test_what_is_refused_for_good_fails_and_is_not_tried_again(
    post: Post, sink: Sink, stage: str
) -> None:
    post.due("ann", "bob")
    sender = post.sender()
    sink.said = answering({(stage, "ann"): "550 5.7.1 not wanted"})

    sender.run(post.now)
    again = sender.run(post.later(hours=5))

    assert again == 0
    assert post.rows() == {"ann": ("failed", "bounced"), "bob": ("sent", "")}
    assert post.row("ann")["detail"] == "550 5.7.1 not wanted"


def test_an_address_that_nobody_has_gets_nothing_any_more(post: Post, sink: Sink) -> None:
    post.due("ann", "bob")
    sender = post.sender()
    sink.said = answering({("RCPT", "ann"): "550 5.1.1 unknown"})
    sender.run(post.now)

    post.add("ann", "bob", hours=2)
    post.later(hours=2)
    sender.run(post.now)
    sender.run(post.now)

    states = sorted((row["user_id"], row["state"], row["reason"]) for row in post.whole_rows())
    assert states == [
        ("ann", "failed", "bounced"),
        ("ann", "withheld", "suppressed"),
        ("bob", "sent", ""),
        ("bob", "sent", ""),
    ]
    assert post.told().count(("email_bounced", "ann")) == 1
    assert post.told().count(("email_withheld", "ann")) == 1


def test_a_sender_that_the_server_refuses_costs_no_message(post: Post, sink: Sink) -> None:
    post.due("ann", "bob", "cid", "dan", "eva", "fay")
    sender = post.sender()
    sink.said = lambda stage, _: "550 5.7.60 not you" if stage == "MAIL" else GO_ON

    sender.run(post.now)
    said = readiness(post.database, post.outgoing).trouble
    states = {state for state, _ in post.rows().values()}
    sink.said = lambda _stage, _address: GO_ON
    for _ in range(3):
        sender.run(post.later(minutes=3))

    assert states == {"queued"}
    assert "refuses the sender (550 5.7.60 not you)" in said
    assert {state for state, _ in post.rows().values()} == {"sent"}
    assert len(sink.envelopes) == 6
    assert readiness(post.database, post.outgoing).trouble == ""


def test_a_server_that_wants_us_to_sign_in_first_costs_no_message(post: Post, sink: Sink) -> None:
    post.due("ann", "bob", "cid", "dan", "eva", "fay")
    sender = post.sender()
    refusal = "554 5.7.1 <ann@example.org>: Relay access denied"
    sink.said = lambda stage, _: refusal if stage == "RCPT" else GO_ON

    sender.run(post.now)
    said = readiness(post.database, post.outgoing).trouble
    states = {state for state, _ in post.rows().values()}
    sink.said = lambda _stage, _address: GO_ON
    for _ in range(3):
        sender.run(post.later(minutes=3))

    assert states == {"queued"}
    assert "refuses to send for us (554 5.7.1 <a…@example.org>: Relay access denied)" in said
    assert {state for state, _ in post.rows().values()} == {"sent"}


def test_an_e_mail_that_is_too_large_fails_alone_and_is_no_trouble(post: Post, sink: Sink) -> None:
    post.due("ann")
    sink.said = lambda stage, _: "552 5.3.4 too large" if stage == "MAIL" else GO_ON

    post.sender().run(post.now)

    assert post.rows() == {"ann": ("failed", "refused")}
    assert readiness(post.database, post.outgoing).trouble == ""


def test_a_mailbox_that_is_full_for_good_is_a_bounce_that_counts(post: Post, sink: Sink) -> None:
    post.due("ann", "bob")
    sink.said = answering({("RCPT", "ann"): "552 5.2.2 over quota", ("RCPT", "bob"): "552 full"})

    post.sender().run(post.now)

    with post.database.connect() as connection:
        counted = connection.execute(text("SELECT address, bounce_count FROM soft_bounces"))
        rows = sorted(tuple(row) for row in counted)
    assert post.rows() == {"ann": ("failed", "bounced"), "bob": ("failed", "bounced")}
    assert rows == [("ann@example.org", 1), ("bob@example.org", 1)]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
def test_a_connection_lost_early_is_tried_again_later(post: Post, sink: Sink, stage: str) -> None:
    post.due("ann")
    sender = post.sender()
    sink.said = lambda reached, _: HANG_UP if reached == stage else GO_ON

    sender.run(post.now)
    state = post.rows()
    sink.said = lambda _stage, _address: GO_ON
    sender.run(post.later(minutes=3))

    assert state == {"ann": ("queued", "deferred")}
    assert post.rows() == {"ann": ("sent", "")}
    assert len(sink.envelopes) == 1


def test_an_answer_that_never_came_is_unknown_and_never_sent_again(post: Post, sink: Sink) -> None:
    post.due("ann", "bob")
    sender = post.sender()
    sink.said = answering({("DATA", "ann"): HANG_UP})

    sender.run(post.now)
    for _ in range(3):
        sender.run(post.later(hours=6))

    assert post.rows() == {"ann": ("unknown", "no_reply"), "bob": ("sent", "")}
    assert sink.recipients().count("ann@example.org") == 1
    assert post.told() == [("email_sent", "bob")]


def test_a_server_that_is_away_costs_no_attempt(post: Post, sink: Sink) -> None:
    post.due("ann")
    away = replace(post.server, port=1) if post.server else None
    server, post.server = post.server, away
    gone = post.sender()

    for _ in range(5):
        gone.run(post.later(hours=1))
    row, said = post.row("ann"), readiness(post.database, post.outgoing).trouble
    post.server = server
    post.sender().run(post.later(minutes=10))

    assert (row["state"], row["attempt_count"]) == ("queued", 0)
    assert "cannot be reached" in said
    assert post.rows() == {"ann": ("sent", "")}


def test_a_server_that_is_away_is_let_be_for_longer_and_longer(post: Post) -> None:
    post.due("ann")
    post.server = replace(post.server, port=1) if post.server else None
    gone = post.sender()

    claimed = [gone.deliver_due(post.later(seconds=1)).claimed_count for _ in range(15)]

    assert claimed == [1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_message_that_is_too_late_is_withheld(post: Post, sink: Sink) -> None:
    post.due("ann")
    sender = post.sender()

    sender.run(post.later(hours=24, seconds=1))
    sender.run(post.now)

    assert post.rows() == {"ann": ("withheld", "stale")}
    (event,) = post.events("email_withheld")
    assert json.loads(event["properties"])["reason"] == "stale"
    assert sink.envelopes == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unsubscribed": True}, "unsubscribed"),
        ({"consent": False}, "unsubscribed"),
        ({"email": None}, "no_address"),
        ({}, "suppressed"),
    ],
)
def test_who_must_not_be_written_to_by_now_is_not(
    post: Post, sink: Sink, change: dict[str, JsonValue], reason: str
) -> None:
    post.due("ann")
    sender = post.sender()
    composer = post.composer

    class Meanwhile:
        """Something happens between composing and handing over."""

        def compose_many(self, messages, now):  # type: ignore[no-untyped-def]  # as the protocol
            made = composer.compose_many(messages, now)
            if change:
                save_profiles(post.database, {"ann": change}, saved_at=now)
            else:
                suppress(post.database, ["Ann@example.org"], reason="bounce", at=now, source="test")
            return made

    sender._composer = Meanwhile()

    sender.run(post.now)
    sender.run(post.now)

    assert post.rows() == {"ann": ("withheld", reason)}
    assert post.told() == [("email_withheld", "ann")]
    assert sink.envelopes == []


def test_an_address_that_unsubscribed_gets_nothing_under_an_id_that_comes_later(
    post: Post, sink: Sink
) -> None:
    save_profiles(post.database, {"former": {"email": "Ann@Example.org"}}, saved_at=post.now)
    no, yes = ConsentState.WITHDRAWN, ConsentState.GIVEN
    source = {"source": ConsentSource.UNSUBSCRIBE_LINK}
    record_consent(post.database, "former", "marketing", no, at=post.now, **source)
    post.due("ann", "bob")
    sender = post.sender()

    sender.run(post.now)
    consent = consents_of(post.database, "ann")[0]
    record_consent(post.database, "ann", "marketing", yes, at=post.later(hours=1), **source)
    post.add("ann", hours=2)
    post.now = at(2)
    sender.run(post.now)

    states = sorted((row["user_id"], row["state"], row["reason"]) for row in post.whole_rows())
    assert states == [
        ("ann", "sent", ""),
        ("ann", "withheld", "unsubscribed"),
        ("bob", "sent", ""),
    ]
    assert (consent.state, consent.is_reachable) == (no, False)
    assert consents_of(post.database, "ann")[0].is_reachable


def test_who_moved_to_another_address_gets_the_e_mail_there(post: Post, sink: Sink) -> None:
    post.due("ann")
    sender, composer = post.sender(), post.composer
    moved: list[bool] = []

    class Meanwhile:
        """The person changes their address between composing and handing over, once."""

        def compose_many(self, messages, now):  # type: ignore[no-untyped-def]  # as the protocol
            made = composer.compose_many(messages, now)
            if not moved:
                moved.append(True)
                save_profiles(post.database, {"ann": {"email": "ann@new.example"}}, saved_at=now)
            return made

    sender._composer = Meanwhile()

    sender.run(post.now)
    between = post.rows()
    sender.run(post.later(seconds=1))

    assert between == {"ann": ("queued", "")}
    assert post.rows() == {"ann": ("sent", "")}
    assert sink.recipients() == ["ann@new.example"]


def test_a_paused_launch_keeps_its_messages_and_a_stopped_one_withholds_them(
    post: Post, sink: Sink
) -> None:
    launched = post.due("ann")
    sender = post.sender()
    live_launches.pause(post.database, launched.id, at=post.now)

    sender.run(post.later(minutes=1))
    while_paused = post.rows()
    live_launches.stop(post.database, launched.id, at=post.later(minutes=1))
    sender.run(post.later(minutes=1))

    assert while_paused == {"ann": ("queued", "")}
    assert post.rows() == {"ann": ("withheld", "stopped")}
    assert post.told() == [("email_withheld", "ann")]
    assert sink.envelopes == []


@pytest.mark.parametrize("end", [live_launches.pause, live_launches.stop])
def test_a_launch_that_ends_while_its_e_mail_is_composed_sends_nothing(
    post: Post, sink: Sink, end: Callable[..., object]
) -> None:
    launched = post.due("ann")
    sender, composer = post.sender(), post.composer

    class Meanwhile:
        """The launch is paused or stopped between composing and handing over."""

        def compose_many(self, messages, now):  # type: ignore[no-untyped-def]  # as the protocol
            end(post.database, launched.id, at=now)
            return composer.compose_many(messages, now)

    sender._composer = Meanwhile()

    sender.run(post.now)
    sender.run(post.later(seconds=1))

    is_stopped = end is live_launches.stop
    assert post.rows() == {"ann": ("withheld", "stopped") if is_stopped else ("queued", "")}
    assert sink.envelopes == []


def test_what_the_evaluator_withheld_is_told_once(
    database: Engine, posted: Callable[..., Post]
) -> None:
    post = posted(database)
    post.due("ann", "bob")
    with database.begin() as connection:
        connection.execute(
            text("UPDATE live_messages SET state = 'withheld', reason = 'frequency_cap'")
        )
    senders = [post.sender(), post.sender()]

    for _ in range(2):
        for sender in senders:
            sender.run(post.later(seconds=1))

    assert post.told() == [("email_withheld", "ann"), ("email_withheld", "bob")]
    assert all(row["told_at"] is not None for row in post.whole_rows())
    assert post.events("email_withheld")[0]["at"] == post.row("ann")["changed_at"]


def test_without_a_mail_server_e_mails_are_files(post: Post, tmp_path: Path) -> None:
    post.server = None
    post.change(public_url="")
    post.due("ann", "bob")
    sender = post.sender()

    for _ in range(2):
        sender.run(post.later(seconds=1))

    files = sorted((tmp_path / "outbox").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert any(b"To: ann@example.org\r\n" in file.read_bytes() for file in files)
    assert post.rows() == {"ann": ("sent", "folder"), "bob": ("sent", "folder")}
    assert post.told() == [("email_sent", "ann"), ("email_sent", "bob")]


def test_a_folder_that_cannot_be_written_costs_no_message(post: Post, tmp_path: Path) -> None:
    post.server = None
    (tmp_path / "outbox").write_text("a file in its place")
    post.due("ann")
    sender = post.sender()

    sender.run(post.now)
    before, said = post.rows(), readiness(post.database, post.outgoing).trouble
    (tmp_path / "outbox").unlink()
    sender.run(post.later(minutes=1))

    assert before == {"ann": ("queued", "")}
    assert "cannot be made" in said
    assert post.rows() == {"ann": ("sent", "folder")}


def test_without_a_seed_list_no_letter_of_a_sandbox_is_written_to_the_person(post: Post) -> None:
    post.due("ann", mode=LaunchMode.SANDBOX)
    (message,) = outbox(post.database)
    (composed,) = post.composer.compose_many([message], post.now)
    prepared = readied(post.database, post.outgoing)
    assert isinstance(composed, Composed)
    assert prepared is not None

    with pytest.raises(UnusableInput, match="no seed list"):
        letter_of(message, composed, prepared, b"secret", post.now)


def test_a_sandbox_sends_to_the_seed_list_alone_and_into_no_statistic(
    post: Post, sink: Sink
) -> None:
    post.due("ann", mode=LaunchMode.SANDBOX)
    sender = post.sender()

    sender.run(post.now)
    without = post.rows()
    post.change(seed_addresses=("a@shop.example", "b@shop.example"))
    sender.run(post.later(seconds=1))

    assert without == {"ann": ("queued", "")}
    assert sink.recipients() == ["a@shop.example", "b@shop.example"]
    (message,) = sink.messages()
    assert str(message["Subject"]) == "[Sandbox] Your basket"
    assert str(message["To"]) == "a@shop.example"
    assert post.rows() == {"ann": ("sent", "")}
    assert post.told() == []


def test_nothing_leaves_while_anything_is_missing(post: Post, sink: Sink) -> None:
    post.change(public_url="")
    post.due("ann")
    sender = post.sender()

    sender.run(post.now)
    before, ready = post.rows(), readiness(post.database, post.outgoing)
    post.set(SETTINGS)
    sender.run(post.later(seconds=1))

    assert before == {"ann": ("queued", "")}
    assert not ready.is_ready
    assert "set the public address" in ready.missing[0]
    assert post.rows() == {"ann": ("sent", "")}


def test_the_limit_of_one_domain_does_not_hold_up_the_others(
    database: Engine, posted: Callable[..., Post], sink: Sink
) -> None:
    post = posted(database)
    post.change(per_domain_per_second=2.0)
    big = [f"big{number}" for number in range(9)]
    post.due(*big, domain="big.example")
    post.shop.know({one: {"email": f"{one}@small.example"} for one in ("ann", "bob")})
    post.add("ann", "bob")
    sender = post.sender()

    waves = []
    for _ in range(5):
        waves.append(sender.deliver_due(post.now).sent_count)
        post.later(seconds=1)

    assert waves == [4, 2, 2, 2, 1]
    assert len(sink.envelopes) == 11
    assert {row["state"] for row in post.whole_rows()} == {"sent"}
    assert post.composer.composed_count == 11


def test_the_limit_over_all_holds(post: Post, sink: Sink) -> None:
    post.change(per_second=3.0)
    post.due(*(f"p{number}" for number in range(8)))
    sender = post.sender()

    waves = []
    for _ in range(4):
        waves.append(sender.deliver_due(post.now).sent_count)
        post.later(seconds=0.5)

    assert waves == [3, 1, 2, 1]


def test_an_outcome_that_is_told_again_is_one_event(post: Post) -> None:
    post.due("ann")
    post.sender().run(post.now)
    row = post.row("ann")
    again = MailOutcome(
        event=MailEvent.SENT,
        key=row["key"],
        user_id="ann",
        at=1,
        campaign="Cart",
        step="mail",
        template="cart_recovery",
    )

    with writing(post.database) as session:
        count = note_outcomes(session, [again], now=2)

    assert count == 0


def test_settings_of_the_marketer_count_from_the_next_pass_on(post: Post, sink: Sink) -> None:
    post.due("ann", "bob", "cid")
    sender = post.sender()
    post.set(replace(SETTINGS, per_second=1.0, connection_count=1))
    sender.run(post.now)

    post.set(DeliverySettings(public_url="https://x.example", connection_count=3))
    sender.run(post.later(seconds=1))

    assert len(sink.envelopes) == 3


def test_a_cron_sends_all_that_is_due_within_the_limits_and_then_ends(
    post: Post, sink: Sink
) -> None:
    post.change(per_second=3.0)
    post.due(*(f"p{number}" for number in range(8)))
    rests: list[float] = []

    def rest(seconds: float) -> None:
        rests.append(seconds)
        post.later(seconds=seconds)

    count = post.sender().run_long(timedelta(seconds=45), rest)

    assert count == len(sink.envelopes) == 8
    assert 1.5 < sum(rests) < 2.5


def test_a_cron_ends_in_time_and_where_the_server_is_away(post: Post) -> None:
    post.change(per_second=1.0)
    post.due(*(f"p{number}" for number in range(8)))
    sender = post.sender()
    began = post.now

    count = sender.run_long(timedelta(seconds=4), lambda seconds: post.later(seconds=seconds))
    lasted = post.now - began
    post.server = replace(post.server, port=1) if post.server else None
    away = post.sender().run_long(timedelta(seconds=4), lambda _: pytest.fail("nobody waits"))

    assert (count, away) == (5, 0)
    assert lasted < timedelta(seconds=5)


def test_workers_share_the_limit(post: Post, sink: Sink) -> None:
    post.change(per_second=6.0)
    post.due(*(f"p{number}" for number in range(8)))
    now = as_microseconds(post.now)
    with writing(post.database) as session:
        for name in ("one", "two"):
            store_launches.report_in(session, name, now, 15_000_000)
        store_launches.report_in(session, "gone long ago", now - 60_000_000, 3_600_000_000)

    counts = [post.sender().deliver_due(post.now).sent_count for _ in range(2)]

    assert counts == [3, 3]
