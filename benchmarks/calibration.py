"""`python -m benchmarks.calibration`: how often the statistics are wrong, by simulation.

Writes docs/calibration.md with its charts. It takes minutes and its figures do not depend on the
machine, so that it is no part of `make bench`.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks import calibration_coverage as coverage
from benchmarks.calibration_coverage import Coverage
from benchmarks.calibration_tests import LOOKS, Outcome, World, planned_people, simulate
from benchmarks.charts import Line, dot_chart, line_chart
from benchmarks.duration_calibration import NEAR, DurationCalibration, duration_calibration
from core.settings import REPOSITORY
from core.stats.sequential import CONFIDENCE

SEED = 20_260
# With 1,000 tests chance alone takes a true 4 % past 5 % too often to tell.
AA_TESTS, OTHER_AA_TESTS, OTHER_TESTS, PROCESSES = 2_000, 4_000, 1_000, 2
MOST_FALSE_ALARMS = 0.05

AA_WORLDS = (
    World(base_rate=0.01, lifts=(0,), people_count=planned_people(0.01, 0.2)),
    World(base_rate=0.05, lifts=(0,), people_count=planned_people(0.05, 0.2)),
)
# A correction for several variants, and weights that are not equal.
OTHER_AA_WORLDS = (
    World(
        base_rate=0.05,
        lifts=(0, 0, 0),
        people_count=planned_people(0.05, 0.2),
        weights=(1, 1, 1, 1),
    ),
    World(base_rate=0.05, lifts=(0,), people_count=16_000, weights=(4, 1)),
)
LIFT_WORLDS = (
    World(base_rate=0.01, lifts=(0.2,), people_count=planned_people(0.01, 0.2)),
    World(base_rate=0.05, lifts=(0.1,), people_count=planned_people(0.05, 0.1)),
    World(base_rate=0.05, lifts=(-0.2,), people_count=planned_people(0.05, 0.2)),
    # Twice the lift that was planned for: what looking every day is good for.
    World(base_rate=0.05, lifts=(0.2,), people_count=planned_people(0.05, 0.1)),
)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Something that is promised, and how it came out."""

    about: str
    found: str
    wanted: str
    is_met: bool


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """All that was simulated, each world with its outcomes."""

    tests: Mapping[str, Sequence[Outcome]]
    intervals: Sequence[Coverage]
    durations: Sequence[DurationCalibration]


def main(
    docs: Annotated[Path, typer.Option(help="Where the document goes.")] = REPOSITORY / "docs",
) -> None:
    """Simulate everything, write the document and its charts, and tell what was promised."""
    found = calibrate()
    promises = promised(found)
    write(docs, found, promises)
    print(_table(("", "found", "wanted", "met"), [_promise_row(each) for each in promises]))
    if not all(each.is_met for each in promises):
        raise typer.Exit(1)


def calibrate() -> Calibration:
    """Simulate on two processes; the figures are the same each time."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        tests = {
            world.name: pool.submit(simulate, world, tests=count, seed=SEED + place)
            for place, (world, count) in enumerate(_worlds())
        }
        intervals = [
            pool.submit(coverage.means, is_heavy=False, seed=SEED),
            pool.submit(coverage.means, is_heavy=True, seed=SEED),
            pool.submit(coverage.several_variants, tests=OTHER_TESTS * 3, seed=SEED),
            pool.submit(coverage.rates),
        ]
        durations = pool.submit(duration_calibration, seed=SEED)
        outcomes = {name: _told(name, future) for name, future in tests.items()}
        means, heavy, several, rates = (_told("intervals", future) for future in intervals)
        return Calibration(
            tests=outcomes,
            intervals=[*rates, *several, *_of_tests(outcomes), *means, *heavy],
            durations=_told("durations", durations),
        )


def promised(found: Calibration) -> list[Promise]:
    """Hold what came out against what is promised."""
    alarms = [
        Promise(
            about=f"False alarms of the hybrid rule, {world.name}",
            found=_share([each.hybrid for each in found.tests[world.name]]),
            wanted=f"≤ {MOST_FALSE_ALARMS:.0%}",
            is_met=_mean([each.hybrid for each in found.tests[world.name]]) <= MOST_FALSE_ALARMS,
        )
        for world in (*AA_WORLDS, *OTHER_AA_WORLDS)
    ]
    intervals = [
        Promise(
            about=each.about,
            found=f"{each.worst:.2%}",
            wanted=f"≥ {each.promised - 0.005:.1%}",
            is_met=each.is_kept,
        )
        for each in found.intervals
        if each.is_demanded
    ]
    return alarms + intervals


def write(docs: Path, found: Calibration, promises: Sequence[Promise]) -> None:
    """Write the document and its charts."""
    docs.mkdir(parents=True, exist_ok=True)
    charts = {
        "calibration-looks.svg": _chart_of_looks(found),
        "calibration-coverage.svg": _chart_of_coverage(found),
    }
    for name, chart in charts.items():
        (docs / name).write_text(chart, encoding="utf-8")
    (docs / "calibration.md").write_text(_document(found, promises), encoding="utf-8")


def _worlds() -> list[tuple[World, int]]:
    groups = (
        (AA_WORLDS, AA_TESTS),
        (OTHER_AA_WORLDS, OTHER_AA_TESTS),
        (LIFT_WORLDS, OTHER_TESTS),
    )
    return [(world, tests) for worlds, tests in groups for world in worlds]


def _told(name: str, future: Future[Any]) -> Any:
    found = future.result()
    print(f"{name} …", file=sys.stderr, flush=True)
    return found


def _of_tests(tests: Mapping[str, Sequence[Outcome]]) -> list[Coverage]:
    """Tell how often the intervals of the simulated tests held the truth."""
    kinds: Sequence[tuple[str, bool, Callable[[Outcome], bool]]] = (
        ("Lift at all 40 looks (always valid), 96 %", True, lambda each: each.anytime_holds),
        ("Lift shown with the verdict, beside", False, lambda each: each.verdict_holds),
    )
    found = []
    for about, is_demanded, holds in kinds:
        shares = [_mean([holds(each) for each in outcomes]) for outcomes in tests.values()]
        found.append(
            Coverage(
                about=about,
                promised=CONFIDENCE,
                worst=min(shares),
                average=_mean(shares),
                error=float(2 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / OTHER_TESTS)),
                is_demanded=is_demanded,
            )
        )
    return found


def _document(found: Calibration, promises: Sequence[Promise]) -> str:
    parts = [
        "# Calibration",
        "Written by `python -m benchmarks.calibration`; the seed is fixed, so that the figures are"
        " the same on every machine. Simulated people pass through the same functions as those of"
        " a real test.",
        _table(("Promise", "found", "wanted", "met"), [_promise_row(each) for each in promises]),
        "## Looking every day",
        f"Tests of two or more arms with a look on each of {LOOKS} days, planned for a power of"
        " 80 % of a fixed test at 5 %. *Hybrid* is our rule: an e-value of 100 at any time, or z"
        " at 4 % at the planned end. *Fixed, read once* is z at 5 % at the planned end, *fixed,"
        " read daily* the same at any look. ± are two standard errors.",
        "![Share of tests with a false winner by day](calibration-looks.svg)",
        _table(
            (
                "False winners, nothing differs",
                "hybrid",
                "of these early",
                "fixed, read once",
                "fixed, read daily",
                "tests",
            ),
            [_alarm_row(found, world) for world in (*AA_WORLDS, *OTHER_AA_WORLDS)],
        ),
        _table(
            (
                "Found, where there is a difference",
                "hybrid",
                "of these early",
                "fixed, read once",
                "wrong way round",
                "of the planned people",
                "tests",
            ),
            [_power_row(found, world) for world in LIFT_WORLDS],
        ),
        "## Intervals",
        "How often an interval holds the truth. Those of rates, differences and lifts are counted"
        " over all possible outcomes at rates of 1 to 20 % and 1,000 to 20,000 people per arm, the"
        " worst place beside the average; the others are simulated (± two standard errors)."
        " *Beside* are figures that nothing rests on: Wald's interval is only shown because other"
        " tools do; all three corrected intervals at once promise no more than each by itself; the"
        " interval shown with a verdict is the always-valid one or the fixed one, whichever"
        " decided; values with a log-normal spread of 2.5 are what the page warns of as heavy"
        " tails.",
        "![How often the intervals hold the truth](calibration-coverage.svg)",
        _table(
            ("Interval", "promised", "worst", "average", "±"),
            [_coverage_row(each) for each in found.intervals],
        ),
        "## Forecast of the duration",
        f"Simulated tests whose days were forecast from eight weeks of history: the share whose"
        f" forecast was within {NEAR:.0%} of the days that they then needed, and the share that"
        " needed as many days as the forecast's range of 90 % says.",
        _table(
            ("World", f"within {NEAR:.0%}", "in the range", "median error", "tests"),
            [_duration_row(each) for each in found.durations],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _promise_row(promise: Promise) -> list[str]:
    met = "yes" if promise.is_met else "**no**"
    return [promise.about, f"**{promise.found}**", promise.wanted, met]


def _alarm_row(found: Calibration, world: World) -> list[str]:
    outcomes = found.tests[world.name]
    return [
        world.name,
        _share([each.hybrid for each in outcomes]),
        _share([each.any_look for each in outcomes]),
        _share([each.fixed for each in outcomes]),
        _share([each.naive_looks < LOOKS for each in outcomes]),
        f"{len(outcomes):,}",
    ]


def _power_row(found: Calibration, world: World) -> list[str]:
    outcomes = found.tests[world.name]
    return [
        world.name,
        _share([each.hybrid for each in outcomes]),
        _share([each.any_look for each in outcomes]),
        _share([each.fixed for each in outcomes]),
        _share([not each.right_direction for each in outcomes]),
        f"{_mean([each.waited for each in outcomes]):.0%}",
        f"{len(outcomes):,}",
    ]


def _coverage_row(each: Coverage) -> list[str]:
    error = f"{each.error:.2%}" if each.error else "exact"
    return [each.about, f"{each.promised:.0%}", f"{each.worst:.2%}", f"{each.average:.2%}", error]


def _duration_row(each: DurationCalibration) -> list[str]:
    return [
        each.world,
        f"{each.near.value:.0%} ({each.near.low:.0%} to {each.near.high:.0%})",
        f"{each.in_range.value:.0%} ({each.in_range.low:.0%} to {each.in_range.high:.0%})",
        f"{each.median_error:.1%}",
        f"{each.tests:,}",
    ]


def _chart_of_looks(found: Calibration) -> str:
    outcomes = found.tests[AA_WORLDS[0].name]
    days = list(range(1, LOOKS + 1))
    naive = np.array([each.naive_looks for each in outcomes])
    hybrid = np.array([each.hybrid_looks for each in outcomes])
    by_day = [float((hybrid < day).mean()) for day in days]
    by_day[-1] = _mean([each.hybrid for each in outcomes])
    lines = [
        Line(name="fixed, daily", xs=days, ys=[float((naive < day).mean()) for day in days]),
        Line(name="hybrid", xs=days, ys=by_day),
    ]
    return line_chart(
        f"Tests with a false winner by now ({AA_WORLDS[0].name})",
        lines,
        x_label="day of the test, one look each",
        y_max=0.4,
        limit=MOST_FALSE_ALARMS,
    )


def _chart_of_coverage(found: Calibration) -> str:
    rows = [(each.about, each.worst, each.promised) for each in found.intervals]
    return dot_chart("How often the intervals hold the truth", rows, x_min=0.9, x_max=1.0)


def _share(values: Sequence[bool]) -> str:
    share = _mean(values)
    return f"{share:.1%} ± {2 * np.sqrt(share * (1 - share) / len(values)):.1%}"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


if __name__ == "__main__":
    typer.run(main)
