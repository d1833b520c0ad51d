"""Rows that an import could not use: the reasons, and the file that lists them."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Writer


class RejectReason(StrEnum):
    """Why a row was left out; the text is shown to people and written to the rejects file."""

    NO_USER = "no user_id"
    NO_EVENT = "no event name"
    NO_TIME = "no time"
    UNREADABLE_TIME = "unreadable time"
    TIME_OUT_OF_RANGE = "time before 1970 or after 2199"
    TIME_FAR_AHEAD = "time more than a year ahead"
    NO_PRODUCT = "no product_id"


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was left out: its line in the file, why, and its text."""

    line: int
    reason: str
    text: str


class RejectsFile:
    """The CSV file that lists rejected rows; it comes into being with the first of them."""

    def __init__(self, path: Path) -> None:
        """Prepare to write to `path`, whose folder exists."""
        self.path = path
        self.count_by_reason: dict[str, int] = {}
        self._first_by_reason: dict[str, str] = {}

    @property
    def count(self) -> int:
        """Count the rows written."""
        return sum(self.count_by_reason.values())

    def first_with(self, reason: str) -> str:
        """Name the file and line of the first row rejected for `reason`."""
        return self._first_by_reason[reason]

    def add(self, file_name: str, rows: Iterable[RejectedRow]) -> None:
        """Append rows of one imported file."""
        with ExitStack() as stack:
            writer = None
            for row in rows:
                if writer is None:
                    writer = self._writer(stack)
                writer.writerow([file_name, row.line, row.reason, row.text])
                self._first_by_reason.setdefault(row.reason, f"{file_name} line {row.line:,}")
                seen = self.count_by_reason.get(row.reason, 0)
                self.count_by_reason[row.reason] = seen + 1

    def _writer(self, stack: ExitStack) -> "Writer":
        is_new = not self.path.exists()
        # Text that is no UTF-8 must not keep a row from being listed.
        file = self.path.open("a", newline="", encoding="utf-8", errors="replace")
        writer = csv.writer(stack.enter_context(file))
        if is_new:
            writer.writerow(["file", "line", "reason", "row"])
        return writer
