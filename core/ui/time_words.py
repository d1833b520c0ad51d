"""What an order of day and month would make of a date, in words."""

import re
from collections.abc import Sequence
from datetime import date

from core.history.mapping import TimeShape

_DATE = re.compile(r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})")

_ORDERS = {
    TimeShape.DMY: ("day first", (2, 1, 0)),
    TimeShape.MDY: ("month first", (2, 0, 1)),
    TimeShape.YMD: ("year first", (0, 1, 2)),
}


def example(texts: Sequence[str]) -> str | None:
    """Find a date in what was shown as evidence."""
    found = next((match for text in texts if (match := _DATE.search(text))), None)
    return None if found is None else found[0]


def order(shape: TimeShape, text: str | None) -> str:
    """Say what an order means: `day first: 12/1/10 is 12 Jan 2010`."""
    words, places = _ORDERS[shape]
    found = None if text is None else _DATE.fullmatch(text)
    if found is None:
        return words.capitalize()
    year, month, day = (int(found[place + 1]) for place in places)
    return f"{words.capitalize()}: {text} is {_written(year, month, day)}"


def _written(year: int, month: int, day: int) -> str:
    century = 0 if year > 99 else 1900 if year > 68 else 2000
    try:
        return f"{date(year + century, month, day):%-d %b %Y}"
    except ValueError:
        return "no date"
