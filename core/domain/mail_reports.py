"""What mail servers and providers report of messages that were sent."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReportKind(StrEnum):
    """What is reported: a bounce for good or for now, that it waits, or what its reader said."""

    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"
    COMPLAINT = "complaint"
    DELIVERED = "delivered"


class ReportOutcome(StrEnum):
    """What came of a report."""

    BOUNCED = "bounced"  # the address gets nothing any more
    COUNTED = "counted"  # one more bounce that may pass
    COMPLAINED = "complained"  # the address gets nothing any more
    REACHED = "reached"
    WAITS = "waits"  # the mail server goes on trying
    TEST = "test"  # of a sandbox: changes nothing
    UNKNOWN = "unknown"  # of no message of ours: changes nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReport:
    """One report about one recipient; `at` None is not said.

    `message_id` is that of the message reported, `content` names the report itself, so that the
    same one is not taken twice. `status` is an enhanced code (RFC 3463) such as `5.1.1`.
    """

    kind: ReportKind
    content: str
    message_id: str = ""
    address: str = ""
    at: datetime | None = None
    status: str = ""
    diagnostic: str = ""


# Not a part of an internet address, which replies of servers often name.
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_PUT_OFF = re.compile(r"4\d\d\b")
# A full mailbox, a mail system in trouble, and what a filter refused: the address may well work.
_MAY_PASS = re.compile(r"5\.(?:2\.2|3\.\d+|7\.\d+)")


def status_in(text: str) -> str:
    """Find an enhanced status code in a text; empty where there is none."""
    found = _STATUS.search(text)
    return "" if found is None else found[0]


def telling_status(status: str, diagnostic: str) -> str:
    """Give the code that tells most: Exim's is always 5.0.0, and the server's stands in its reply.

    Where it gives up after having been put off again and again, the reply says so by a 4.
    """
    said = status_in(status)
    if said and not said.endswith(".0.0"):
        return said
    is_put_off = _PUT_OFF.match(diagnostic.partition(";")[2].strip() or diagnostic) is not None
    return status_in(diagnostic) or ("4.0.0" if is_put_off else said)


def bounce_kind(status: str) -> ReportKind:
    """Say whether a failure is for good; without a code it is, as the server gave up."""
    is_for_now = status.startswith("4") or _MAY_PASS.fullmatch(status) is not None
    return ReportKind.SOFT if is_for_now else ReportKind.HARD
