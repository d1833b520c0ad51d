"""Jobs run beside the pages, one of a name at a time, and every end is told in a sentence."""

import logging
import threading
from typing import Any

import pytest

from core.domain.errors import Cancelled, UnusableInput
from core.services.jobs import UNEXPECTED, Job, Jobs, JobState

SECONDS = 20.0


def finished(job: Job) -> Job:
    job.wait(SECONDS)
    assert job.state is not JobState.RUNNING
    return job


def test_a_job_hands_over_what_its_task_gives() -> None:
    job = finished(Jobs().start("import", lambda job: 6 * 7))

    assert (job.state, job.result, job.message) == (JobState.DONE, 42, "")


def test_a_job_shows_the_latest_progress_while_it_runs() -> None:
    reported, go_on = threading.Event(), threading.Event()

    def task(job: Job) -> None:
        job.report(1)
        job.report(2)
        reported.set()
        go_on.wait(SECONDS)

    job = Jobs().start("import", task)
    assert reported.wait(SECONDS)
    state, progress = job.state, job.progress
    go_on.set()

    assert (state, progress) == (JobState.RUNNING, 2)
    assert finished(job).progress == 2


def test_a_job_of_the_same_name_is_not_started_twice_while_it_runs() -> None:
    jobs, go_on, starts = Jobs(), threading.Event(), []

    def task(job: Job) -> str:
        starts.append(job)
        go_on.wait(SECONDS)
        return "first"

    first = jobs.start("import", task)
    second = jobs.start("import", lambda job: "second")
    go_on.set()

    assert second is first
    assert finished(first).result == "first"
    assert starts == [first]


def test_many_who_start_the_same_job_at_once_start_it_once() -> None:
    jobs, go_on, starts = Jobs(), threading.Event(), []
    everybody = threading.Barrier(8)
    started: list[Job] = []

    def task(job: Job) -> None:
        starts.append(job)
        go_on.wait(SECONDS)

    def press() -> None:
        everybody.wait(SECONDS)
        started.append(jobs.start("import", task))

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    go_on.set()

    assert len({id(job) for job in started}) == 1
    finished(started[0])
    assert len(starts) == 1


def test_jobs_of_different_names_run_side_by_side() -> None:
    jobs, both = Jobs(), threading.Barrier(2)

    one = jobs.start("one", lambda job: both.wait(SECONDS))
    two = jobs.start("two", lambda job: both.wait(SECONDS))

    assert finished(one).state is JobState.DONE
    assert finished(two).state is JobState.DONE


def test_a_job_that_ended_can_be_started_anew() -> None:
    jobs = Jobs()
    first = finished(jobs.start("import", lambda job: 1))

    second = finished(jobs.start("import", lambda job: 2))

    assert second is not first
    assert second.result == 2
    assert jobs.get("import") is second


def test_a_cancelled_job_ends_with_the_words_of_its_task() -> None:
    def task(job: Job) -> None:
        while not job.is_cancelled():
            threading.Event().wait(0.01)
        raise Cancelled("The import was cancelled; nothing was changed.")

    job = Jobs().start("import", task)
    job.cancel()

    assert finished(job).state is JobState.CANCELLED
    assert job.message == "The import was cancelled; nothing was changed."
    assert job.result is None


def test_a_job_that_was_done_before_it_looked_is_done() -> None:
    job = Jobs().start("import", lambda job: "done")
    finished(job)

    job.cancel()

    assert job.state is JobState.DONE
    assert job.result == "done"


def test_bad_input_is_told_as_it_is() -> None:
    def task(job: Job) -> None:
        raise UnusableInput("events.csv has no column of times; choose one.")

    job = finished(Jobs().start("import", task))

    assert job.state is JobState.FAILED
    assert job.message == "events.csv has no column of times; choose one."


def test_an_unforeseen_error_is_logged_and_told_in_a_sentence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def task(job: Job) -> None:
        raise ZeroDivisionError("secret detail")

    with caplog.at_level(logging.ERROR, logger="core.services.jobs"):
        job = finished(Jobs().start("import of shop", task))

    assert job.state is JobState.FAILED
    assert job.message == UNEXPECTED
    assert "secret detail" not in job.message
    (record,) = [r for r in caplog.records if r.name == "core.services.jobs"]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    assert record.__dict__["job"] == "import of shop"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_no_error_leaves_a_job_running_for_ever(error: BaseException) -> None:
    jobs = Jobs()

    def task(job: Job) -> Any:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", lambda _: None)
        job = jobs.start("import", task)
        job.wait(SECONDS)

    assert job.state is JobState.FAILED
    assert jobs.start("import", lambda job: "again") is not job


def test_a_job_is_forgotten_once_it_ended_but_not_before() -> None:
    jobs, go_on = Jobs(), threading.Event()
    job = jobs.start("import", lambda job: go_on.wait(SECONDS))

    jobs.forget("import")
    while_running = jobs.get("import")
    go_on.set()
    finished(job)
    jobs.forget("import")
    jobs.forget("never started")

    assert while_running is job
    assert jobs.get("import") is None
    assert jobs.get("never started") is None
