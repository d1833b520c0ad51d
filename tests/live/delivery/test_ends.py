"""Senders that end at any moment, and several at once: nothing is lost and nothing sent twice."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from core.domain.instants import as_microseconds
from core.live.delivery.letters import Composition, Letter
from core.live.delivery.pool import Pool
from core.live.delivery.verdicts import Verdict
from core.services.delivery_passes import GONE_AFTER, SILENT_FOR, Delivery
from core.settings import REPOSITORY
from core.store import live_outbox
from core.store.database import writing
from core.store.live_outbox import OutboxMessage
from tests.live.delivery.post import SETTINGS, Post
from tests.live.delivery.sinks import GO_ON, Sink

A_MOMENT = timedelta(seconds=1)


class End(BaseException):
    """Stands for the end of the process: nobody catches it, and nothing is done afterwards."""


class EndingComposer:
    """Ends the process while e-mails are composed."""

    def compose_many(
        self, messages: Sequence[OutboxMessage], now: datetime
    ) -> Sequence[Composition]:
        raise End


def ended(post: Post, sender: Delivery) -> None:
    with pytest.raises(End):
        sender.run(post.now)
    sender._answers.clear()  # what only the process knew is gone with it


def test_what_was_claimed_and_not_begun_is_sent_by_the_next_sender(
    database: Engine, posted: Callable[..., Post], sink: Sink
) -> None:
    post = posted(database)
    post.due("ann", "bob")
    first = post.sender()
    first._composer = EndingComposer()
    ended(post, first)
    claimed = post.rows()

    post.sender().run(post.later(seconds=1))
    too_early = len(sink.envelopes)
    post.now += SILENT_FOR
    post.sender().run(post.now)

    assert claimed == {"ann": ("sending", ""), "bob": ("sending", "")}
    assert too_early == 0
    assert post.rows() == {"ann": ("sent", ""), "bob": ("sent", "")}
    assert sink.recipients() == ["ann@example.org", "bob@example.org"]


class EndingPool(Pool):
    """Ends the process before or after letters are handed over."""

    is_after = False

    def hand_over(self, letters: Sequence[Letter], now: float) -> list[Verdict]:
        if self.is_after:
            super().hand_over(letters, now)
        raise End


@pytest.mark.parametrize("is_after", [False, True])
def test_what_was_begun_is_unknown_and_never_sent_again(
    database: Engine, posted: Callable[..., Post], sink: Sink, is_after: bool
) -> None:
    post = posted(database)
    people = [f"p{number}" for number in range(6)]
    post.due(*people)
    first = post.sender()
    assert post.server is not None
    pool = EndingPool(post.server, 2)
    pool.is_after = is_after
    first._way = (2, pool)
    ended(post, first)

    post.now += GONE_AFTER + A_MOMENT
    second = post.sender()
    for _ in range(3):
        second.run(post.later(seconds=1))

    begun = pool.size
    states = Counter(post.rows().values())
    assert states == {("unknown", "sender_gone"): begun, ("sent", ""): len(people) - begun}
    assert len(sink.envelopes) == len(people) - (0 if is_after else begun)
    assert max(Counter(sink.recipients()).values()) == 1


def test_a_sender_that_was_only_slow_may_tell_what_became_of_a_message(
    post: Post, sink: Sink
) -> None:
    post.due("ann")
    slow, quick = post.sender(), post.sender()

    def said(stage: str, _address: str) -> str:
        if stage == "DATA":
            post.now += GONE_AFTER + A_MOMENT
            quick.run(post.now)
        return GO_ON

    sink.said = said
    slow.run(post.now)

    assert post.rows() == {"ann": ("sent", "")}
    assert post.told() == [("email_sent", "ann")]
    assert len(sink.envelopes) == 1


def test_a_sender_that_wakes_up_late_hands_over_nothing_of_what_others_took(
    post: Post, sink: Sink
) -> None:
    post.due("ann", "bob")
    slow, quick = post.sender(), post.sender()
    composer = post.composer

    class Asleep:
        """Composes for so long that another sender takes the messages over."""

        def compose_many(
            self, messages: Sequence[OutboxMessage], now: datetime
        ) -> Sequence[Composition]:
            made = composer.compose_many(messages, now)
            post.now += SILENT_FOR + A_MOMENT
            quick.run(post.now)
            return made

    slow._composer = Asleep()

    slow.run(post.now)

    assert post.rows() == {"ann": ("sent", ""), "bob": ("sent", "")}
    assert sink.recipients() == ["ann@example.org", "bob@example.org"]


def test_what_the_server_said_is_kept_while_the_database_is_away(post: Post, sink: Sink) -> None:
    post.due("ann")
    sender = post.sender()
    is_away = threading.Event()

    def refuse(*_: object) -> None:
        if is_away.is_set() and sink.envelopes:
            raise OperationalError("settle", {}, Exception("the database is away"))

    event.listen(post.database, "before_cursor_execute", refuse)
    is_away.set()
    with pytest.raises(OperationalError):
        sender.run(post.now)
    is_away.clear()
    between = post.rows()
    post.now += GONE_AFTER + A_MOMENT
    sender.run(post.now)

    assert between == {"ann": ("sending", "")}
    assert post.rows() == {"ann": ("sent", "")}
    assert len(sink.envelopes) == 1


def test_senders_at_once_share_the_messages(
    database: Engine, posted: Callable[..., Post], sink: Sink
) -> None:
    post = posted(database)
    people = [f"p{number:02}" for number in range(24)]
    post.due(*people)
    post.change(per_second=4.0)
    senders = [post.sender() for _ in range(3)]
    now = post.now

    def send(sender: Delivery) -> int:
        return sum(sender.run(now + timedelta(seconds=number)) for number in range(8))

    with ThreadPoolExecutor(3) as threads:
        counts = list(threads.map(send, senders))

    assert sum(counts) == len(people)
    assert sink.recipients() == [f"{one}@example.org" for one in people]
    assert set(post.rows().values()) == {("sent", "")}
    assert len(post.told()) == len(people)


def test_claims_at_once_never_hold_the_same_message(
    database: Engine, posted: Callable[..., Post]
) -> None:
    post = posted(database)
    post.due(*(f"p{number:02}" for number in range(60)))
    now = as_microseconds(post.now)
    began = threading.Barrier(4)

    def take(name: str) -> list[int]:
        began.wait()
        taken: list[int] = []
        for _ in range(10):
            with writing(database) as session:
                taken += [one.id for one in live_outbox.claim(session, now, 4, sender=name)]
        return taken

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(take, "abcd"))

    ids = [one for part in found for one in part]
    assert len(ids) == 60
    assert len(set(ids)) == 60


def test_senders_killed_again_and_again_lose_nothing_and_send_nothing_twice(
    post: Post, sink: Sink
) -> None:
    people = [f"p{number:02}" for number in range(60)]
    post.due(*people)
    said_count = Counter[str]()

    def said(stage: str, address: str) -> str:
        said_count[stage] += 1
        if stage == "DATA":
            time.sleep(0.004)
        return "451 later" if (stage, said_count[stage] % 7) == ("RCPT", 3) else GO_ON

    sink.said = said
    assert post.server is not None
    url = str(post.database.url)
    program = [sys.executable, "-m", "tests.live.delivery.killed", url, str(post.server.port)]

    done = subprocess.run(
        [*program, post.now.isoformat()], cwd=REPOSITORY, capture_output=True, text=True
    )
    post.now += GONE_AFTER + A_MOMENT
    last = post.sender()
    for _ in range(8):
        last.run(post.later(minutes=10))

    kill_count = int(done.stdout or 0)
    arrived = Counter(address.partition("@")[0] for address in sink.recipients())
    rows = post.rows()
    sent = {one for one, row in rows.items() if row == ("sent", "")}
    unknown = {one for one, row in rows.items() if row == ("unknown", "sender_gone")}
    assert kill_count > 4, done.stderr
    assert sent | unknown == set(people)
    assert all(arrived[one] == 1 for one in sent)
    assert all(arrived[one] <= 1 for one in unknown)
    assert len(unknown) <= kill_count * SETTINGS.connection_count
    assert sorted(user for name, user in post.told() if name == "email_sent") == sorted(sent)
