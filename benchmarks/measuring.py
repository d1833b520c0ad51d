"""Measuring: each task a few times, each time in a process of its own, in turns."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.places import Place
from core.settings import REPOSITORY

ROUNDS = 3


@dataclass(frozen=True)
class Job:
    """A task (see `benchmarks.work`) and the history it works on."""

    task: str
    place: Place


@dataclass(frozen=True)
class Run:
    """One run of a task: seconds on the clock and on the processors, peak memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_memory: int
    facts: Mapping[str, Any]


class Rates(NamedTuple):
    """How many per second: of the best run, of the median, per second of own work at best."""

    best: float
    median: float
    by_processor: float


@dataclass(frozen=True)
class Measurement:
    """All runs of a task."""

    runs: Sequence[Run]

    @property
    def best(self) -> float:
        """Give the seconds of the fastest run: the one the rest of the machine disturbed least."""
        return min(run.seconds for run in self.runs)

    @property
    def median(self) -> float:
        """Give the median of the seconds."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        """Give the fewest processor seconds of a run, all cores added up."""
        return min(run.cpu_seconds for run in self.runs)

    @property
    def peak_memory(self) -> int:
        """Give the most memory that any run had, in bytes."""
        return max(run.peak_memory for run in self.runs)

    def rates(self, counted: str) -> "Rates":
        """Give how many of what a fact counts were done per second: `facts[counted]`."""
        on_clock = [facts[counted] / facts["seconds"] for facts in self.facts]
        at_work = [facts[counted] / facts["cpu_seconds"] for facts in self.facts]
        return Rates(max(on_clock), statistics.median(on_clock), max(at_work))

    @property
    def facts(self) -> Sequence[Mapping[str, Any]]:
        """List what the runs told beside their figures."""
        return [run.facts for run in self.runs]


def measure(tasks: Sequence[str], place: Place, rounds: int = ROUNDS) -> dict[str, Measurement]:
    """Run the tasks in turns at one place; see `measure_jobs`."""
    found = measure_jobs([Job(task, place) for task in tasks], rounds)
    return {job.task: measurement for job, measurement in found.items()}


def measure_jobs(jobs: Sequence[Job], rounds: int = ROUNDS) -> dict[Job, Measurement]:
    """Run the jobs in turns, so that a busy moment of the machine hits all of them alike."""
    runs: dict[Job, list[Run]] = {job: [] for job in jobs}
    for number in range(1, rounds + 1):
        for job in jobs:
            said = f"{job.task}, {job.place.event_count:,} events, {number} of {rounds} …"
            print(said, file=sys.stderr, flush=True)
            runs[job].append(_run(job))
    return {job: Measurement(found) for job, found in runs.items()}


def _run(job: Job) -> Run:
    place = job.place
    command = [sys.executable, "-m", "benchmarks.work", job.task, place.root, place.event_count]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Run(**json.loads(done.stdout))
