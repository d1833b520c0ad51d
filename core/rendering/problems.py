"""One thing that is wrong with a template: where, how bad, and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class Level(StrEnum):
    """An error keeps an e-mail from being made; a warning spoils it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a template."""

    file: str
    line: int
    level: Level
    message: str

    def __str__(self) -> str:
        """Write the problem as one line."""
        return f"{self.file}:{self.line}: {self.level}: {self.message}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Propose what was probably meant, as the end of a sentence, or nothing."""
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.65)
    return f"; did you mean {near[0]}?" if near else ""
