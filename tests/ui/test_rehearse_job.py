"""How a running rehearsal is told: its share, its speed, its rounds."""

from datetime import UTC, datetime, timedelta

from core.services.jobs import Job
from core.services.rehearse import RehearsalProgress
from core.services.stored_rehearsals import NamedVersion
from core.ui.rehearse.rehearse_job import Setup, Status, Watch, told
from tests.services.shops import CART, campaign

BEGAN = datetime(2026, 9, 1, tzinfo=UTC)
WAITS = [
    {"id": "mail", "kind": "send", "template": "hello"},
    {"id": "clicked", "kind": "wait_for", "event": {"event": "email_clicked"}, "timeout": "24h"},
]
ONE_ROUND = Setup(dataset="shop", campaigns=[NamedVersion(campaign=campaign(CART))])
TWO_ROUNDS = Setup(dataset="shop", campaigns=[NamedVersion(campaign=campaign(CART, steps=WAITS))])


def progress(done: int, people: int) -> RehearsalProgress:
    return RehearsalProgress(done_count=done, total_count=100, people_count=people)


def seen(setup: Setup, *reports: RehearsalProgress) -> Status:
    job = Job(name="rehearse")
    watch = Watch(job, setup)
    for report in reports:
        watch.saw(report)
    status: Status = job.progress
    return status


def test_one_round_is_the_whole() -> None:
    assert seen(ONE_ROUND, progress(50, 10)).share == 0.5


def test_a_flow_that_asks_for_reactions_is_walked_twice() -> None:
    assert seen(TWO_ROUNDS, progress(50, 10)).share == 0.25
    assert seen(TWO_ROUNDS, progress(50, 10), progress(100, 20), progress(50, 10)).share == 0.75


def test_the_second_round_of_a_single_batch_is_known_by_its_same_report() -> None:
    assert seen(TWO_ROUNDS, progress(100, 20), progress(100, 20)).share == 1.0


def test_a_batch_without_events_is_no_new_round() -> None:
    status = seen(TWO_ROUNDS, progress(50, 10), progress(50, 0))

    assert status.round_number == 1


def test_the_speed_counts_the_people_of_this_round() -> None:
    status = Status(
        setup=ONE_ROUND,
        round_count=1,
        round_number=1,
        started_at=BEGAN,
        progress=progress(50, 3_000),
    )

    assert (
        told(status, BEGAN + timedelta(seconds=2)) == "3,000 people done, 1,500 people per second"
    )
    assert told(status, BEGAN) == "3,000 people done"


def test_before_the_first_report_it_says_what_is_done() -> None:
    assert told(None, BEGAN) == "Opening the data and walking the first people through"
