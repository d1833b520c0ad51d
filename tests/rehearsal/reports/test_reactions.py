"""Recorded e-mails and who opened and clicked them, counted by hand."""

from typing import Any

import pytest

from core.rehearsal.reports.reactions import ReactionCounts, reactions_of
from tests.engine.batching import Feeder
from tests.reference.matching import Event
from tests.rehearsal.outcomes import DAY, HOUR

COLUMNS = ("message_id", "campaign", "step")


def counted(*told: tuple[str, str, int, dict[str, Any]], until: int = 30 * DAY) -> ReactionCounts:
    """Count events told as (user, kind, time, properties)."""
    events = [
        Event(
            event_id=str(n),
            user_id=user,
            event=f"email_{kind}" if kind != "purchase" else kind,
            timestamp=at,
            seq=n,
            properties=properties,
        )
        for n, (user, kind, at, properties) in enumerate(told)
    ]
    feeder = Feeder(users=sorted({e.user_id for e in events}), events=events)
    return reactions_of(feeder.batch(events, COLUMNS), until)


def figures(found: ReactionCounts) -> tuple[int, int, int]:
    return found.sent_count, found.opened_count, found.clicked_count


def test_a_reaction_belongs_to_the_mail_of_its_id() -> None:
    found = counted(
        ("ann", "sent", 0, {"message_id": "m1"}),
        ("ann", "sent", HOUR, {"message_id": "m2"}),
        ("ann", "opened", 2 * HOUR, {"message_id": "m1"}),
        ("ann", "opened", 3 * HOUR, {"message_id": "m1"}),
        ("ann", "clicked", 4 * HOUR, {"message_id": "m2"}),
    )

    assert figures(found) == (2, 2, 1)


def test_an_id_means_nothing_for_another_person() -> None:
    found = counted(
        ("ann", "sent", 0, {"message_id": "m1"}), ("bob", "opened", HOUR, {"message_id": "m1"})
    )

    assert figures(found) == (1, 0, 0)


def test_without_an_id_it_belongs_to_the_last_mail_of_its_campaign_and_step() -> None:
    news, sale = ({"campaign": name, "step": "one"} for name in ("News", "Sale"))
    found = counted(
        ("ann", "sent", 0, news),
        ("ann", "sent", HOUR, news),
        ("ann", "sent", 2 * HOUR, sale),
        ("ann", "sent", 3 * HOUR, {**news, "step": "two"}),
        ("ann", "opened", 4 * HOUR, news),
        ("ann", "opened", 5 * HOUR, news),
    )

    assert figures(found) == (4, 1, 0)


def test_a_bare_reaction_belongs_to_the_last_mail_before_it() -> None:
    found = counted(
        ("ann", "opened", 0, {}),
        ("ann", "sent", HOUR, {"message_id": "m1"}),
        ("ann", "sent", 2 * HOUR, {}),
        ("ann", "clicked", 3 * HOUR, {}),
        ("bob", "opened", 4 * HOUR, {}),
        ("bob", "purchase", 5 * HOUR, {}),
    )

    assert figures(found) == (2, 1, 1)


@pytest.mark.parametrize(("after", "opened"), [(3 * DAY, 1), (3 * DAY + 1, 0)])
def test_a_reaction_counts_for_three_days(after: int, opened: int) -> None:
    found = counted(("ann", "sent", 0, {}), ("ann", "opened", after, {}))

    assert found.opened_count == opened


def test_mails_too_young_to_tell_are_censored() -> None:
    found = counted(
        ("ann", "sent", 0, {}), ("ann", "sent", 1, {}), ("ann", "clicked", 2, {}), until=3 * DAY
    )

    assert (figures(found), found.censored_count) == ((1, 0, 0), 1)


def test_people_without_mails_count_for_nothing() -> None:
    assert figures(counted(("ann", "purchase", 0, {}))) == (0, 0, 0)
