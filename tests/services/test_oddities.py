"""What is pointed out about a dataset: gaps, closed days, clocks, rows left out, unknown people."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from core.history.facts import ClockProblems, QuietDay
from core.history.manifest import FileKind, ImportMode, ImportRecord, Manifest
from core.services.datasets import left_out_rate, people_without_profile
from core.services.oddities import Finding, Oddity, Stretch, findings, stretches
from tests.history.datasets import event
from tests.services.shops import stored

MONDAY = date(2025, 6, 2)
FINE = ClockProblems(future_count=0, out_of_order_count=0)


def manifest(days: int = 60, **changes: object) -> Manifest:
    first_at = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 8, tzinfo=UTC)
    return Manifest(
        name="shop",
        generation=1,
        rows=1000,
        users=100,
        first_at=first_at,
        last_at=first_at + timedelta(days=days - 1),
    ).model_copy(update=changes)


def empty(*places: int) -> list[QuietDay]:
    return [QuietDay(day=MONDAY + timedelta(days=n), count=0, usual_count=20) for n in places]


def found(quiet: list[QuietDay], clocks: ClockProblems = FINE, unknown: int = 0) -> list[Finding]:
    return findings(manifest(), quiet, clocks, unknown)


def test_a_history_without_oddities_has_no_findings() -> None:
    assert found([]) == []


def test_days_in_a_row_are_one_gap() -> None:
    (gap,) = found(empty(10, 11, 12))

    assert (gap.oddity, gap.count, gap.share) == (Oddity.GAP, 3, 0.05)
    assert gap.stretch == Stretch(first_on=date(2025, 6, 12), last_on=date(2025, 6, 14))


def test_several_gaps_are_one_finding_with_the_longest() -> None:
    (gap,) = found(empty(3, 10, 11, 30))

    assert (gap.oddity, gap.count) == (Oddity.SCATTERED_GAPS, 4)
    assert gap.stretch == Stretch(first_on=date(2025, 6, 12), last_on=date(2025, 6, 13))


def test_a_weekday_without_events_is_a_closed_day_and_no_gap() -> None:
    saturdays = empty(*range(5, 60, 7))

    (closed,) = found(saturdays)

    assert (closed.oddity, closed.weekday, closed.count) == (Oddity.CLOSED_DAY, 5, 8)
    assert closed.is_harmless


def test_a_gap_around_closed_days_is_told_in_full() -> None:
    closed, gap = found(sorted(empty(*range(5, 60, 7), 18, 20), key=lambda quiet: quiet.day))

    assert closed.oddity is Oddity.CLOSED_DAY
    assert gap.stretch == Stretch(first_on=date(2025, 6, 20), last_on=date(2025, 6, 22))
    assert not gap.is_harmless


def test_a_history_with_few_days_is_not_taken_for_closed_weekdays() -> None:
    (gap,) = found(empty(*range(1, 59)))

    assert (gap.oddity, gap.count) == (Oddity.GAP, 58)


def test_days_with_few_events_are_told_apart_from_days_without() -> None:
    few = QuietDay(day=MONDAY + timedelta(days=9), count=1, usual_count=50)

    (finding,) = found([few])

    assert (finding.oddity, finding.count) == (Oddity.QUIET_DAYS, 1)


def test_clock_problems_are_told_with_their_share() -> None:
    future, late = found([], ClockProblems(future_count=5, out_of_order_count=20))

    assert (future.oddity, future.count, future.is_harmless) == (Oddity.FUTURE, 5, False)
    assert (late.oddity, late.share, late.is_harmless) == (Oddity.OUT_OF_ORDER, 0.02, True)


def test_many_rows_left_out_are_told_and_few_are_not() -> None:
    def with_left_out(count: int) -> Manifest:
        record = ImportRecord(
            imported_at=datetime(2025, 8, 1, tzinfo=UTC),
            kind=FileKind.EVENTS,
            mode=ImportMode.APPEND,
            files=(),
            read_count=1000,
            added_count=1000 - count,
            duplicate_count=0,
            rejected_counts={"no time": count},
        )
        return manifest(imports=(record,))

    assert findings(with_left_out(50), [], FINE, 0) == []
    (finding,) = findings(with_left_out(51), [], FINE, 0)
    assert (finding.oddity, finding.count, finding.share) == (Oddity.MANY_LEFT_OUT, 51, 0.051)


def test_nothing_was_left_out_of_nothing() -> None:
    assert left_out_rate(manifest()) is None


def test_people_without_a_profile_are_counted(tmp_path: Path) -> None:
    events = [event("ann", "view", 1), event("bob", "view", 2), event("cid", "view", 3)]
    dataset = stored(tmp_path, events, {"ann": {"country": "DE"}, "bob": {"language": "fr"}})

    assert people_without_profile(dataset) == 1


def test_without_profiles_nobody_lacks_one(tmp_path: Path) -> None:
    assert people_without_profile(stored(tmp_path, [event("ann", "view", 1)])) == 0


def test_days_in_a_row_join() -> None:
    days = [MONDAY, MONDAY + timedelta(days=1), MONDAY + timedelta(days=3)]

    assert [part.day_count for part in stretches(days)] == [2, 1]
