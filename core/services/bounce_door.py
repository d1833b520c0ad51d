"""What comes by the route and the command of bounces: read, checked, taken."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.mail_reports import MailReport
from core.domain.values import JsonValue
from core.services.bounces import take_reports
from core.services.report_parsing import messages_in, report_in_json, reports_in_message
from core.services.signing import signing_key

_PREFIX = "sha256="


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of some files: messages read, those that were reports, and what came of these."""

    message_count: int
    report_count: int
    count_by_outcome: Mapping[str, int]


def source_secret(database: Engine, source: str, now: datetime) -> str:
    """Give the secret with which a source signs its reports; always the same."""
    key = signing_key(database, now)
    return hmac.new(key, b"bounces:" + source.encode(), hashlib.sha256).hexdigest()


def is_signed(database: Engine, source: str, body: bytes, given: str, now: datetime) -> bool:
    """Say whether a signature (`sha256=` and 64 digits) is that of a body by a source's secret."""
    secret = source_secret(database, source, now).encode()
    right = _PREFIX + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), given.strip().lower().encode("utf-8", "replace"))


def take_message(database: Engine, source: str, raw: bytes, now: datetime) -> dict[str, object]:
    """Take a report as a mail server writes it."""
    return _answer(database, reports_in_message(raw), source, now)


def take_json(
    database: Engine, source: str, objects: Sequence[Mapping[str, object]], now: datetime
) -> dict[str, object]:
    """Take reports as providers write them; those that cannot be used keep no other from its."""
    reports: list[MailReport] = []
    rejected: list[dict[str, object]] = []
    for index, said in enumerate(objects):
        try:
            reports.append(report_in_json(_plain(said)))
        except UnusableInput as unusable:
            rejected.append({"index": index, "reason": str(unusable)})
    answer = _answer(database, reports, source, now)
    return {**answer, "rejected": rejected} if rejected else answer


def take_files(database: Engine, paths: Iterable[Path], now: datetime) -> Taken:
    """Take the reports in mailboxes; raises UnusableInput for what is none, before any is taken.

    Anybody can write to a mailbox: only reports that name one of our Message-IDs change anything.
    """
    count = 0
    reports: list[MailReport] = []
    report_count = 0
    for path in paths:
        for raw in messages_in(path):
            count += 1
            found = reports_in_message(raw)
            report_count += bool(found)
            reports += found
    outcomes = take_reports(database, reports, source="mailbox", now=now)
    return Taken(
        message_count=count,
        report_count=report_count,
        count_by_outcome={outcome.value: number for outcome, number in outcomes.items()},
    )


def _answer(
    database: Engine, reports: Sequence[MailReport], source: str, now: datetime
) -> dict[str, object]:
    outcomes = take_reports(database, reports, source=source, now=now, is_trusted=True)
    return {"taken": {outcome.value: number for outcome, number in outcomes.items()}}


def _plain(said: Mapping[str, object]) -> dict[str, JsonValue]:
    kept = (str, int, float, bool)
    return {name: value for name, value in said.items() if isinstance(value, kept)}
