"""Who looks after which share of the people, and when others may take it."""

from sqlalchemy import Engine

from core.store.database import writing
from core.store.live_events import PARTITION_COUNT, partition_of
from core.store.live_launches import (
    claim_shares,
    hold,
    prepare_partitions,
    release,
    report_in,
    sign_off,
)

SECOND = 1_000_000
LEASE = 15 * SECOND


def test_everybody_has_one_share_for_ever() -> None:
    shares = [partition_of(f"user {number}") for number in range(1_000)]

    assert shares == [partition_of(f"user {number}") for number in range(1_000)]
    assert set(shares) == set(range(PARTITION_COUNT))


def test_nobody_takes_what_another_holds(database: Engine) -> None:
    one = claim(database, "one", now=0, most=5)
    two = claim(database, "two", now=SECOND)

    assert len(one) == 5
    assert sorted(one + two) == list(range(PARTITION_COUNT))


def test_a_silent_workers_shares_are_taken_after_fifteen_seconds(database: Engine) -> None:
    claim(database, "one", now=0)

    early = claim(database, "two", now=LEASE)
    late = claim(database, "two", now=LEASE + 1)

    assert early == []
    assert late == list(range(PARTITION_COUNT))
    with writing(database) as session:
        assert hold(session, 0, "one", LEASE + 2) is None
        assert hold(session, 0, "two", LEASE + 2) is not None


def test_a_worker_that_reports_in_keeps_its_shares(database: Engine) -> None:
    claim(database, "one", now=0)
    with writing(database) as session:
        report_in(session, "one", 10 * SECOND, LEASE)

    assert claim(database, "two", now=20 * SECOND) == []


def test_what_is_given_back_is_free(database: Engine) -> None:
    claim(database, "one", now=0)
    with writing(database) as session:
        release(session, "one", [2, 3])

    assert claim(database, "two", now=SECOND) == [2, 3]


def test_workers_are_counted_while_they_are_heard_of(database: Engine) -> None:
    with writing(database) as session:
        counts = [
            report_in(session, "one", 0, LEASE),
            report_in(session, "two", SECOND, LEASE),
            report_in(session, "two", LEASE + SECOND, LEASE),
        ]
        sign_off(session, "two")
        counts.append(report_in(session, "three", LEASE + SECOND, LEASE))

    assert counts == [1, 2, 1, 1]


def claim(database: Engine, owner: str, *, now: int, most: int = PARTITION_COUNT) -> list[int]:
    with writing(database) as session:
        prepare_partitions(session)
        return claim_shares(session, owner, now, LEASE, most)
