"""The check of a past day: does the rehearsal decide what live decided, and if not, why?"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, from_microseconds, iso
from core.live.evaluator import GRACE
from core.services.drift_causes import Cause, Causes, Difference, cause_finder
from core.services.drift_replay import DriftProgress, Watch, decided_again
from core.services.live_launches import Launch, launches
from core.services.safe_cells import as_text
from core.store import drift_rows, live_counts
from core.store.database import reading
from core.store.drift_rows import DecidedRow

MOST = 10_000  # differences that are explained and listed
_SETTLING = 2_000_000  # µs until what is due by the watermark is decided, if nothing is amiss
_ALWAYS = (-(2**62), 2**62)
_HEADER = (
    *("user_id", "what", "live_at", "live", "again_at", "again", "cause"),
    *("cause_event", "cause_at", "cause_known_at"),
)


class Same(StrEnum):
    """How a check ended."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """What a check found: how much was compared, and the differences with their causes.

    `until` may be earlier than asked for, where not all was decided yet. `difference_count` counts
    also those that are not listed, because there are more than MOST. `notes` are sentences.
    """

    launch: Launch
    since: datetime
    until: datetime
    decision_count: int
    mail_count: int
    people_count: int
    differences: Sequence[Difference]
    difference_count: int
    notes: Sequence[str]

    @property
    def same(self) -> Same:
        """Say in a word how it ended."""
        if self.difference_count:
            return Same.DIFFERENT
        return Same.EQUAL if self.decision_count + self.mail_count else Same.NOTHING


def check_drift(
    database: Engine,
    home: Path,
    launch_id: int,
    since: datetime,
    until: datetime,
    *,
    now: datetime,
    watch: Watch | None = None,
) -> DriftReport:
    """Decide a launch's time from `since` up to `until` again and compare it with live.

    Decisions are who entered and who was not let in; e-mails are those due and those held back. All
    of the launch up to then is decided again, by the engine of the rehearsal, with each event at
    its own time. Raises UnusableInput where there is no such launch or nothing decided yet in that
    time, and Cancelled.
    """
    launch = _launch(database, launch_id)
    watched = watch or Watch()
    last = min(as_microseconds(until) - 1, _decided_until(database, as_microseconds(now)))
    period = (max(as_microseconds(since), as_microseconds(launch.launched_at)), last)
    if period[0] > last:
        raise UnusableInput(
            f"Nothing of {launch.name!r} was decided in that time; choose a day after its launch."
        )
    with decided_again(database, home, launch.mode, last, watched) as (scratch, notes):
        live, again = (_rows(each, launch_id, period) for each in (database, scratch))
        users = sorted({d.user_id for d in _differences(live, again)})
        finder = cause_finder(database, launch_id, last)
        found = [
            difference
            for part in _parts(users[:MOST])
            for difference in _explained(database, scratch, launch_id, last, part, finder)
            if period[0] <= difference.at <= last
        ]
    watched.tell(DriftProgress(done_rate=1.0))
    return DriftReport(
        launch=launch,
        since=from_microseconds(period[0]),
        until=from_microseconds(last + 1),
        decision_count=sum(not row.step for row in live),
        mail_count=sum(bool(row.step) for row in live),
        people_count=len({row.user_id for row in (*live, *again)}),
        differences=sorted(found, key=lambda each: (each.at, each.user_id))[:MOST],
        difference_count=len(found) if len(users) <= MOST else len(_differences(live, again)),
        notes=notes,
    )


def differences_csv(report: DriftReport) -> str:
    """Write the differences as a CSV file, times in UTC."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_HEADER)
    for each in report.differences:
        writer.writerow(
            [
                as_text(each.user_id),
                as_text(each.step or "entry"),
                _time(each.live_at),
                each.live or "",
                _time(each.again_at),
                each.again or "",
                each.cause,
                as_text(each.cause_event),
                _time(each.cause_at),
                _time(each.known_at),
            ]
        )
    return written.getvalue()


def _time(at: int | None) -> str:
    return "" if at is None else iso(at)


def _launch(database: Engine, launch_id: int) -> Launch:
    found = next((one for one in launches(database) if one.id == launch_id), None)
    if found is None:
        raise UnusableInput(f"There is no launch number {launch_id} any more; choose another one.")
    return found


def _decided_until(database: Engine, now: int) -> int:
    """Give the time (µs) up to which live has decided everything."""
    with reading(database) as session:
        waiting = live_counts.oldest_waiting(session)
        timer = live_counts.next_timer(session, 0)
    bounds = [at - 1 for at in (waiting, timer) if at is not None]
    return min([now - GRACE - _SETTLING, *bounds])


def _rows(database: Engine, launch_id: int, period: tuple[int, int]) -> list[DecidedRow]:
    with reading(database) as session:
        return drift_rows.decided_rows(session, launch_id, period)


def _parts(users: Sequence[str], size: int = 2_000) -> Iterable[Sequence[str]]:
    return (users[first : first + size] for first in range(0, len(users), size))


def _explained(
    database: Engine,
    scratch: Engine,
    launch_id: int,
    until: int,
    users: Sequence[str],
    finder: Causes,
) -> list[Difference]:
    """Compare all that was ever decided about some people, and name the cause of each difference.

    What followed an earlier difference of the same person is called so.
    """
    both = []
    for each in (database, scratch):
        with reading(each) as session:
            period = (_ALWAYS[0], until)
            both.append(drift_rows.decided_rows(session, launch_id, period, users))
    known = finder.known(users)
    found: list[Difference] = []
    former: set[str] = set()
    for difference in sorted(_differences(*both), key=lambda d: (d.user_id, d.at, d.step)):
        explained = known.explained(difference, is_later=difference.user_id in former)
        former.add(difference.user_id)
        found.append(explained)
    return found


def _differences(live: Sequence[DecidedRow], again: Sequence[DecidedRow]) -> list[Difference]:
    """Pair what both sides decided; what has no equal is a difference."""
    ours, theirs = set(map(_said, live)), set(map(_said, again))
    only_live = _by_place([row for row in live if _said(row) not in theirs])
    only_again = _by_place([row for row in again if _said(row) not in ours])
    found = []
    for place in sorted({*only_live, *only_again}):
        found += _paired(only_live.get(place, []), only_again.get(place, []))
    return found


def _said(row: DecidedRow) -> tuple[object, ...]:
    return row[:5]  # when it was decided is no difference


def _by_place(rows: Sequence[DecidedRow]) -> dict[tuple[str, str], list[DecidedRow]]:
    places: dict[tuple[str, str], list[DecidedRow]] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.reference)):
        places.setdefault((row.user_id, row.step), []).append(row)
    return places


def _paired(live: list[DecidedRow], again: list[DecidedRow]) -> list[Difference]:
    """Pair rows of one person and step: those of the same moment first, the others in order."""
    left = list(again)
    pairs: list[tuple[DecidedRow | None, DecidedRow | None]] = []
    rest = []
    for row in live:
        same = next((other for other in left if other[2:4] == row[2:4]), None)
        if same is None:
            rest.append(row)
        else:
            left.remove(same)
            pairs.append((row, same))
    pairs.extend(zip_longest(rest, left))
    return [_difference(*pair) for pair in pairs]


def _difference(live: DecidedRow | None, again: DecidedRow | None) -> Difference:
    one = live or again
    assert one is not None  # one of both is there
    return Difference(
        user_id=one.user_id,
        step=one.step,
        live=None if live is None else live.outcome,
        live_at=None if live is None else live.at,
        decided_at=None if live is None else live.decided_at,
        again=None if again is None else again.outcome,
        again_at=None if again is None else again.at,
        cause=Cause.UNKNOWN,
    )
