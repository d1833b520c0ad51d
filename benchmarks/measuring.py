"""Measuring: each task a few times, each time in a process of its own, in turns."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.places import Place
from core.settings import REPOSITORY

ROUNDS = 3


@dataclass(frozen=True)
class Run:
    """One run of a task: seconds on the clock and on the processors, peak memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_memory: int
    facts: Mapping[str, Any]


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

    @property
    def facts(self) -> Sequence[Mapping[str, Any]]:
        """List what the runs told beside their figures."""
        return [run.facts for run in self.runs]


def measure(tasks: Sequence[str], place: Place, rounds: int = ROUNDS) -> dict[str, Measurement]:
    """Run the tasks in turns, so that a busy moment of the machine hits all of them alike."""
    runs: dict[str, list[Run]] = {task: [] for task in tasks}
    for number in range(1, rounds + 1):
        for task in tasks:
            print(f"{task}, {number} of {rounds} …", file=sys.stderr, flush=True)
            runs[task].append(_run(task, place))
    return {task: Measurement(found) for task, found in runs.items()}


def _run(task: str, place: Place) -> Run:
    command = [sys.executable, "-m", "benchmarks.work", task, place.root, place.event_count]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Run(**json.loads(done.stdout))
