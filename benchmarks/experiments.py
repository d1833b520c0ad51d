"""Experiments: how soon the results of a test of a million people are ready for the page."""

import csv
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.measuring import ROUNDS, Measurement, measure
from benchmarks.places import Place
from benchmarks.report import Demand, Section
from core.domain.experiments import ExperimentSettings, settings_of
from core.domain.instants import as_microseconds
from core.engine.memory import NEVER
from core.services.experiment_files import read_results
from core.services.experiment_people import (
    ExposedPeople,
    GoalColumn,
    MailColumns,
    Origin,
    SegmentColumn,
)
from core.services.experiment_results import experiment_results

MOST_PEOPLE = 1_000_000
VARIANTS, GOALS = ("1 h", "4 h", "1 day"), ("purchase", "visit", "basket", "review", "referral")
WANTED_SECONDS = 2.0
_START = datetime(2026, 3, 2, tzinfo=UTC)
_DAYS, _WINDOW = 60, timedelta(days=7)
_MICROSECOND = timedelta(microseconds=1)
LABEL_BY_TASK = {  # of tasks in `benchmarks.work`
    "experiment_results": "All results of the page, from arrays",
    "experiment_csv": "Reading the same people from a CSV, and their results",
}


def experimenting(place: Place, rounds: int = ROUNDS) -> Section:
    """Measure the results of a test with three variants and five goals."""
    load = machine.description()
    found = measure(list(LABEL_BY_TASK), place, rounds)
    results = found["experiment_results"]
    people = next(iter(results.facts))["people"]
    return Section(
        title="Experiments",
        command=f"python -m benchmarks experiments --rounds {rounds}",
        machine=load,
        sentences=[
            f"{people:,} exposed people, {len(VARIANTS)} variants, {len(GOALS)} goals with money, "
            f"{_DAYS} days, a guardrail, three columns of groups.",
            "Counts, contrasts, always-valid intervals by day, CUPED, guardrails, group sizes per "
            "day and source, curves, groups and the verdict. The CSV has one goal.",
        ],
        demands=[_demand(results)],
        header=("", "best, s", "median, s", "processor, s"),
        rows=[[label, *_times(found[task])] for task, label in LABEL_BY_TASK.items()],
    )


def results_from_arrays(place: Place) -> Mapping[str, Any]:
    """Compute everything the page shows; drawing the people is not counted."""
    people = drawn_people(_people_count(place))
    now = _START + timedelta(days=_DAYS)
    began, began_at_work = time.perf_counter(), time.process_time()
    results = experiment_results(people, plan(), now=now)
    return {
        "people": results.people_count,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - began_at_work,
    }


def results_from_csv(place: Place) -> Mapping[str, Any]:
    """Read a CSV of as many people and compute its results; writing it is not counted."""
    path = place.root / "experiment.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_csv(path, drawn_people(_people_count(place)))
    began, began_at_work = time.perf_counter(), time.process_time()
    found = read_results(path, window=_WINDOW)
    results = experiment_results(found.people, found.settings, now=found.known_until)
    return {
        "people": results.people_count,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - began_at_work,
    }


def plan() -> ExperimentSettings:
    """Plan the test that is measured."""
    return settings_of(
        {
            "name": "Timing",
            "variants": [{"name": name, "weight": 1} for name in VARIANTS],
            "control": VARIANTS[0],
            "primary": {"name": GOALS[0], "event": {"event": GOALS[0]}, "value": "total"},
            "secondary": [
                {"name": name, "event": {"event": name}, "value": "total"} for name in GOALS[1:]
            ],
            "guardrails": [
                {"name": "unsubscribe", "event": {"event": "email_unsubscribed"}, "margin": 0.002}
            ],
            "window": _WINDOW,
            "planned_people_count": MOST_PEOPLE * 4 // 5,
        }
    )


def drawn_people(count: int) -> ExposedPeople:
    """Draw people of whom 4 % reach each goal, a little more often with later variants (seeded)."""
    draw = np.random.default_rng(20260302)
    span = timedelta(days=_DAYS) // _MICROSECOND
    exposed_at = as_microseconds(_START) + np.sort(draw.integers(0, span, count))
    variant = draw.integers(0, len(VARIANTS), count).astype(np.int8)
    source = _segment(draw, "source", 5, count)
    return ExposedPeople(
        origin=Origin.LIVE,
        variants=VARIANTS,
        variant=variant,
        exposed_at=exposed_at,
        window_ends_at=exposed_at + _WINDOW // _MICROSECOND,
        goals=tuple(_goal(draw, name, exposed_at, 0.04 * (1 + 0.05 * variant)) for name in GOALS),
        guardrails=(_goal(draw, "unsubscribe", exposed_at, np.full(count, 0.002)),),
        value_before=draw.lognormal(2, 1, count),
        mails=MailColumns(sent=draw.random(count) < 0.9, opened=draw.random(count) < 0.5),
        source=source,
        segments=(_segment(draw, "country", 8, count), _segment(draw, "device", 3, count)),
        excluded={},
        row_count=count,
    )


def _goal(
    draw: np.random.Generator,
    name: str,
    exposed_at: NDArray[np.int64],
    rate: NDArray[np.float64],
) -> GoalColumn:
    count = len(exposed_at)
    is_reached = draw.random(count) < rate
    waits = draw.integers(1, _WINDOW // _MICROSECOND, count)
    return GoalColumn(
        name=name,
        is_reached=is_reached,
        reached_at=np.where(is_reached, exposed_at + waits, NEVER),
        value=np.where(is_reached, draw.lognormal(3, 1, count).round(2), 0.0),
    )


def _segment(draw: np.random.Generator, name: str, label_count: int, count: int) -> SegmentColumn:
    labels = tuple(f"{name} {n}" for n in range(label_count))
    return SegmentColumn(
        name=name, labels=labels, code=draw.integers(0, label_count, count).astype(np.int32)
    )


def _write_csv(path: Path, people: ExposedPeople) -> None:
    goal = people.goals[0]
    exposed_at = np.datetime_as_string(people.exposed_at.astype("datetime64[us]"))
    reached_at = np.datetime_as_string(np.asarray(goal.reached_at).astype("datetime64[us]"))
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["user", "variant", "exposed_at", "goal", "value"])
        rows.writerows(
            [f"u{n:07}", VARIANTS[v], at, then if is_so else "", money]
            for n, (v, at, then, is_so, money) in enumerate(
                zip(
                    people.variant.tolist(),
                    exposed_at.tolist(),
                    reached_at.tolist(),
                    goal.is_reached.tolist(),
                    np.asarray(goal.value).tolist(),
                    strict=True,
                )
            )
        )


def _people_count(place: Place) -> int:
    return min(MOST_PEOPLE, max(2_000, place.event_count // 10))


def _times(measurement: Measurement) -> list[str]:
    """Give the seconds of the best run, of the median, and of work; without drawing people."""
    on_clock = [facts["seconds"] for facts in measurement.facts]
    at_work = min(facts["cpu_seconds"] for facts in measurement.facts)
    return [f"{seconds:.2f}" for seconds in (min(on_clock), median(on_clock), at_work)]


def _demand(results: Measurement) -> Demand:
    best, middle, at_work = (f"{seconds} s" for seconds in _times(results))
    return Demand(
        about="Results of the page, ready after",
        found=best,
        by_medians=middle,
        by_processor=at_work,
        wanted=f"≤ {WANTED_SECONDS:g} s",
        is_met=min(facts["seconds"] for facts in results.facts) <= WANTED_SECONDS,
    )
