"""Whether an e-mail may still leave is asked again at the hand-over, and by the last word (5.5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlalchemy import Engine

from core.domain.calls import Delivery, Link
from core.domain.consents import ConsentSource, ConsentState
from core.live.delivery.letters import Composer, Composition
from core.services.consents import record_consent
from core.services.ingesting import take_in
from core.store.live_outbox import OutboxMessage
from tests.live.delivery.post import ONE_MAIL, Post
from tests.live.delivery.sinks import Sink
from tests.live.launched import at


@pytest.mark.parametrize("is_decided", [True, False])
@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("email_unsubscribed", "unsubscribed"),
        ("email_bounced", "suppressed"),
        ("email_complained", "suppressed"),
    ],
)
def test_who_objected_by_an_event_since_gets_nothing(
    database: Engine,
    posted: Callable[..., Post],
    sink: Sink,
    event: str,
    reason: str,
    is_decided: bool,
) -> None:
    post = posted(database)
    post.due("ann", "bob")
    post.shop.happen("ann", event, 1.5)
    if is_decided:
        post.shop.tick(2)

    post.sender().run(at(2))

    assert sink.recipients() == ["bob@example.org"]
    assert post.rows()["ann"] == ("withheld", reason)


def test_who_subscribes_again_gets_e_mails_again_whatever_is_launched_later(
    database: Engine, posted: Callable[..., Post], sink: Sink
) -> None:
    post = posted(database)
    post.due("ann")
    post.shop.happen("ann", "email_unsubscribed", 1.5)
    post.shop.tick(2)
    agree(post, "ann", hours=3)

    post.add("ann", hours=4)
    post.shop.launch(hours=5, **{**ONE_MAIL, "name": "Another"})
    post.add("ann", hours=6)

    states = [row["state"] for row in post.whole_rows()]
    assert states == ["queued"] * 4  # one before, one between, two of the two campaigns


def test_who_unsubscribes_after_they_agreed_gets_nothing_whatever_is_launched_later(
    post: Post,
) -> None:
    post.due("ann")
    agree(post, "ann", hours=1.2)
    post.shop.happen("ann", "email_unsubscribed", 1.5)
    post.shop.tick(2)

    post.shop.launch(hours=5, **{**ONE_MAIL, "name": "Another"})
    post.add("ann", hours=6)

    assert [row["state"] for row in post.whole_rows()] == ["queued", "withheld", "withheld"]


def test_who_signs_in_while_their_e_mail_is_made_gets_it_as_who_they_are(
    post: Post, sink: Sink
) -> None:
    post.due("anon:1")
    post.shop.know({"anon:1": {"email": "ann@example.org"}, "ann": {"email": "ann@example.org"}})
    sender = post.sender(composer=SigningIn(post.composer, post.database, post.now))

    first = sender.run(post.now)
    second = sender.run(post.later(minutes=1))

    assert (first, second) == (0, 1)
    assert sink.recipients() == ["ann@example.org"]
    assert post.rows() == {"ann": ("sent", "")}


@dataclass
class SigningIn:
    """Composes, and lets the person say who they are before anybody hands over what was made."""

    composer: Composer
    database: Engine
    now: datetime

    def compose_many(
        self, messages: Sequence[OutboxMessage], now: datetime
    ) -> Sequence[Composition]:
        made = self.composer.compose_many(messages, now)
        link = Link(previous_id="anon:1", user_id="ann")
        take_in(self.database, [Delivery(calls=[link], received_at=self.now, source="api")])
        return made


def agree(post: Post, user_id: str, *, hours: float) -> None:
    record_consent(
        post.database,
        user_id,
        "marketing",
        ConsentState.GIVEN,
        at=at(hours),
        source=ConsentSource.PREFERENCE_PAGE,
    )
