"""How long what was received and decided live is kept; the errand that deletes what is older."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.store import old_rows
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing

SETTING, _LAST = "retention", "retention_last_run"
EVERY = timedelta(days=1)
ROWS_AT_ONCE = 2_000
LONGEST = 36_500  # days
# Less would take what windows of triggers, cooldowns and links of e-mails still need.
SHORTEST = {"events": 30, "messages": 90, "rejected": 1, "audit": 30}
CALLED = {
    "events": "Events",
    "messages": "Messages and steps",
    "rejected": "Unusable calls",
    "audit": "Log of changes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how many days things are kept; None is for ever."""

    events: int | None = None
    messages: int | None = None
    rejected: int | None = None
    audit: int | None = None


_FORGETTING: Mapping[str, Sequence[old_rows.Forget]] = {
    "events": (old_rows.forget_events, old_rows.forget_heard),
    "messages": (
        old_rows.forget_messages,
        old_rows.forget_steps,
        old_rows.forget_decisions,
        old_rows.forget_effects,
        old_rows.forget_reports,
        old_rows.forget_soft_bounces,
        old_rows.forget_sign_ups,
    ),
    "rejected": (old_rows.forget_rejections,),
    "audit": (old_rows.forget_audit,),
}


def retention(database: Engine) -> Retention:
    """Give for how long things are kept; for ever until somebody says otherwise."""
    with reading(database) as session:
        kept = setting(session, SETTING)
    said = kept if isinstance(kept, Mapping) else {}
    return Retention(**{name: _days(said.get(name)) for name in SHORTEST})


def keep_retention(database: Engine, given: Retention, *, changed_at: datetime) -> Retention:
    """Keep how long things are kept; raises UnusableInput for a time too short or too long."""
    for name, days in asdict(given).items():
        if days is not None and not SHORTEST[name] <= days <= LONGEST:
            raise UnusableInput(
                f"{CALLED[name]} cannot be kept for {days:,} days; take {SHORTEST[name]} to "
                f"{LONGEST:,}, or leave it empty to keep them for ever."
            )
    with writing(database) as session:
        keep_setting(session, SETTING, dict(asdict(given)), changed_at=changed_at)
        keep_setting(session, _LAST, None, changed_at=changed_at)
    return given


def forget_old(database: Engine, now: datetime, *, outbox: Path | None = None) -> int:
    """Delete once a day what is older than it is kept, in small transactions; give how much.

    E-mails that were written as files into a folder `outbox` are kept as long as messages. Killed
    midway it goes on the next time it is run.
    """
    kept = retention(database)
    if kept == Retention() or not _is_due(database, now):
        return 0
    count = 0
    for name, days in asdict(kept).items():
        if days is not None:
            before = as_microseconds(now - timedelta(days=days))
            count += sum(_all(database, forget, before) for forget in _FORGETTING[name])
    if outbox is not None and kept.messages is not None:
        count += _forget_files(outbox, now - timedelta(days=kept.messages))
    with writing(database) as session:
        keep_setting(session, _LAST, as_microseconds(now), changed_at=now)
    return count


def _all(database: Engine, forget: old_rows.Forget, before: int) -> int:
    count = 0
    while True:
        with writing(database) as session:
            gone = forget(session, before, ROWS_AT_ONCE)
        count += gone
        if gone < ROWS_AT_ONCE:
            return count


def _forget_files(outbox: Path, before: datetime) -> int:
    old = [path for path in outbox.glob("*.eml") if path.stat().st_mtime < before.timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _is_due(database: Engine, now: datetime) -> bool:
    with reading(database) as session:
        last = setting(session, _LAST)
    return not isinstance(last, int) or as_microseconds(now - EVERY) >= last


def _days(kept: JsonValue) -> int | None:
    return kept if isinstance(kept, int) and not isinstance(kept, bool) else None
