"""Deciding: one pass for a cron or a cloud function, and the loop of a worker."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from core.domain.instants import as_microseconds
from core.live import evaluator
from core.live.evaluator import PassReport
from core.services.evaluator_switch import EvaluatorState, evaluator_state, is_on
from core.store import live_launches
from core.store.database import writing
from core.store.live_events import PARTITION_COUNT

logger = logging.getLogger(__name__)

REST = 1.0  # seconds between rounds in which nothing came
# µs of silence after which others take a worker's share: with what passes until they look, and
# with their rounds, less than 15 s after it was killed
LEASE = 12_000_000
TickReport = PassReport


def tick(
    database: Engine,
    now: datetime,
    *,
    worker: str = "tick",
    events_at_once: int = evaluator.EVENTS_AT_ONCE,
) -> TickReport:
    """Decide all that is due by `now` for the people whom no other worker looks after.

    Nothing is decided while the evaluator is paused or stopped.
    """
    at = as_microseconds(now)
    report = PassReport()
    if not is_on(database):
        return report
    with writing(database) as session:
        live_launches.prepare_partitions(session)
        held = live_launches.claim_shares(session, worker, at, LEASE, PARTITION_COUNT)
        busy = live_launches.busy_partitions(session, at - evaluator.GRACE)
    try:
        for partition in sorted(busy.intersection(held)):
            report += decide_share(database, partition, worker, at, events_at_once)
    finally:
        with writing(database) as session:
            live_launches.release(session, worker)
    return report


def work(
    database: Engine,
    *,
    worker: str,
    clock: Callable[[], datetime],
    rest: Callable[[float], object],
    is_stopping: Callable[[], bool],
    events_at_once: int = evaluator.EVENTS_AT_ONCE,
) -> PassReport:
    """Decide until told to stop, sharing the people with the other workers.

    `rest` waits some seconds between rounds. What fails is logged and tried again in the next
    round; a share that was lost meanwhile is left to whoever holds it.
    """
    total = PassReport()
    try:
        while not is_stopping():
            report = _tried_round(database, worker, clock, events_at_once)
            total += report
            if report.is_done and not report.event_count:
                rest(REST)
    finally:
        _sign_off(database, worker)
    return total


def _sign_off(database: Engine, worker: str) -> None:
    """Give the shares back; where the database does not answer, the lease ends by itself."""
    try:
        with writing(database) as session:
            live_launches.sign_off(session, worker)
    except SQLAlchemyError:
        logger.warning("a worker ended without giving back its shares", extra={"worker": worker})


def _tried_round(
    database: Engine, worker: str, clock: Callable[[], datetime], events_at_once: int
) -> PassReport:
    """Do one round; a database that does not answer now may do so later."""
    try:
        return _allowed_round(database, worker, clock, events_at_once)
    except SQLAlchemyError:
        logger.exception("a round of the worker failed", extra={"worker": worker})
        return PassReport()


def _allowed_round(
    database: Engine, worker: str, clock: Callable[[], datetime], events_at_once: int
) -> PassReport:
    """Decide, only be heard of, or be gone, as the switch says."""
    match evaluator_state(database):
        case EvaluatorState.RUNNING:
            return _round(database, worker, clock, events_at_once)
        case EvaluatorState.PAUSED:
            with writing(database) as session:
                live_launches.report_in(session, worker, as_microseconds(clock()), LEASE)
        case EvaluatorState.STOPPED:
            with writing(database) as session:
                live_launches.sign_off(session, worker)
    return PassReport()


def _round(
    database: Engine, worker: str, clock: Callable[[], datetime], events_at_once: int
) -> PassReport:
    """Pass once over each share, so that the worker is heard of again before its lease is over."""
    now = as_microseconds(clock())
    report = PassReport()
    for partition in _shared(database, worker, now):
        if not is_on(database):
            break
        report += _tried_pass(database, partition, worker, now, events_at_once)
    return report


def _tried_pass(
    database: Engine, partition: int, worker: str, now: int, events_at_once: int
) -> PassReport:
    """Pass over a partition; one that fails must not keep the worker from the others."""
    try:
        return _one_pass(database, partition, worker, now, events_at_once) or PassReport()
    except Exception:
        logger.exception("a share failed", extra={"partition": partition, "worker": worker})
        return PassReport()


def _shared(database: Engine, worker: str, now: int) -> list[int]:
    """Settle which partitions a worker looks after, as many as its equals; give the busy ones."""
    with writing(database) as session:
        live_launches.prepare_partitions(session)
        worker_count = live_launches.report_in(session, worker, now, LEASE)
        most = -(-PARTITION_COUNT // worker_count)
        held = live_launches.claim_shares(session, worker, now, LEASE, most)
        if len(held) > most:
            live_launches.release(session, worker, held[most:])
        busy = live_launches.busy_partitions(session, now - evaluator.GRACE)
        return sorted(busy.intersection(held[:most]))


def decide_share(
    database: Engine,
    partition: int,
    worker: str,
    now: int,
    events_at_once: int = evaluator.EVENTS_AT_ONCE,
) -> PassReport:
    """Pass over a partition until nothing is left up to `now` (µs), or the share is lost."""
    report = PassReport()
    while (done := _one_pass(database, partition, worker, now, events_at_once)) is not None:
        report += done
        if done.is_done:
            break
    return report


def _one_pass(
    database: Engine, partition: int, worker: str, now: int, events_at_once: int
) -> PassReport | None:
    """Pass over a partition once; None if somebody else holds it by now."""
    with writing(database) as session:
        done = evaluator.pass_over(session, partition, worker, now, events_at_once=events_at_once)
    if done is None:
        logger.warning("a share was lost", extra={"partition": partition, "worker": worker})
    return done
