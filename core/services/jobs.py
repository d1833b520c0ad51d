"""Long tasks that run beside the pages: started once, watched from anywhere, stopped on request."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.domain.errors import CampaignError, Cancelled

logger = logging.getLogger(__name__)

UNEXPECTED = "Something went wrong that we did not foresee; the log has the details."


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(kw_only=True)
class Job:
    """A task on a thread of its own; `progress` and `result` are whatever the task hands over."""

    name: str
    state: JobState = JobState.RUNNING
    progress: Any = None
    result: Any = None
    message: str = ""
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    def report(self, progress: Any) -> None:
        """Keep the task's latest progress."""
        self.progress = progress

    def is_cancelled(self) -> bool:
        """Say whether somebody asked the task to stop."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask the task to stop; it does so at its next look at `is_cancelled`."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the task has ended, at most the given time."""
        if self._thread is not None:
            self._thread.join(seconds)


Task = Callable[[Job], Any]


class Jobs:
    """The jobs of this process by name; one name runs at most once at a time."""

    def __init__(self) -> None:
        """Start without any."""
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, name: str, task: Task) -> Job:
        """Run a task under a name; if one of that name is running, give that one instead."""
        with self._lock:
            running = self._jobs.get(name)
            if running is not None and running.state is JobState.RUNNING:
                return running
            job = self._jobs[name] = Job(name=name)
        thread = threading.Thread(target=_run, args=(job, task), name=f"job {name}", daemon=True)
        job._thread = thread
        thread.start()
        return job

    def get(self, name: str) -> Job | None:
        """Find the latest job of a name."""
        return self._jobs.get(name)

    def forget(self, name: str) -> None:
        """Drop a job that has ended, once its outcome was seen."""
        with self._lock:
            job = self._jobs.get(name)
            if job is not None and job.state is not JobState.RUNNING:
                del self._jobs[name]


def _run(job: Job, task: Task) -> None:
    """Run the task to its end: the outermost edge of its thread, where every error must land.

    Not even a library's `sys.exit` may leave the job running for ever.
    """
    try:
        job.result = task(job)
        job.state = JobState.DONE
    except Cancelled as stopped:
        job.message, job.state = str(stopped), JobState.CANCELLED
    except CampaignError as error:
        job.message, job.state = str(error), JobState.FAILED
    except BaseException:
        logger.exception("job failed", extra={"job": job.name})
        job.message, job.state = UNEXPECTED, JobState.FAILED
