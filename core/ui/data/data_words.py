"""What is said about datasets and imports, in a marketer's words."""

from collections.abc import Mapping

from core.domain.values import JsonValue
from core.history.facts import ValueType
from core.history.manifest import FileKind, ImportMode, ImportRecord
from core.history.preview import PreviewRow
from core.history.rejects import RejectReason
from core.services.oddities import Finding, Oddity, Stretch
from core.ui import formats

_MOST_MEMBERS = 5

KINDS = {
    FileKind.EVENTS: "What people did",
    FileKind.PROFILES: "Who they are",
    FileKind.CATALOGUE: "What you sell",
}

KIND_HELP = {
    FileKind.EVENTS: "One row for each thing that somebody did: a view, an order, a click.",
    FileKind.PROFILES: "One row for each person: e-mail address, consent, country, …",
    FileKind.CATALOGUE: "One row for each product: title, category, price, picture.",
}

THINGS = {
    FileKind.EVENTS: "events",
    FileKind.PROFILES: "people",
    FileKind.CATALOGUE: "products",
}

MODES = {
    ImportMode.APPEND: "Add to what is there",
    ImportMode.REPLACE: "Replace what is there",
}

MODES_DONE = {ImportMode.APPEND: "Added", ImportMode.REPLACE: "Replaced what was there"}

_REASONS: Mapping[str, str] = {
    RejectReason.NO_USER: "no person named",
    RejectReason.NO_EVENT: "no event name",
    RejectReason.NO_TIME: "no time",
    RejectReason.UNREADABLE_TIME: "a time that cannot be read",
    RejectReason.TIME_OUT_OF_RANGE: "a time before 1970 or after 2199",
    RejectReason.TIME_FAR_AHEAD: "a time more than a year in the future",
    "the properties are no JSON object": "details that cannot be read",
    "not UTF-8": "letters that cannot be read",
    RejectReason.NO_PRODUCT: "no product id",
}


def reason(text: str) -> str:
    """Say why rows were left out; reasons that name a fault of the row stay as they are."""
    return _REASONS.get(text, formats.plain(text))


def problem_of(row: PreviewRow) -> str | None:
    """Say why a row of the preview will be left out; None if it will not."""
    if row.problem is not None:
        return reason(row.problem)
    if row.user_id is None:
        return reason(RejectReason.NO_USER)
    if row.event is None:
        return reason(RejectReason.NO_EVENT)
    if row.timestamp_us is None:
        is_empty = row.timestamp_text is None
        return reason(RejectReason.NO_TIME if is_empty else RejectReason.UNREADABLE_TIME)
    return None


def left_out_title(record: ImportRecord) -> str:
    """Say how many rows were left out: `59 rows left out, 0.04% of what was read`."""
    share = formats.fine_percent(record.rejected_count / max(1, record.read_count))
    rows = "1 row" if record.rejected_count == 1 else f"{record.rejected_count:,} rows"
    return f"{rows} left out, {share} of what was read"


def reasons(record: ImportRecord) -> list[str]:
    """Say why rows were left out, the most frequent reason first."""
    counts = sorted(record.rejected_counts.items(), key=lambda pair: -pair[1])
    return [f"{count:,} × {reason(text)}" for text, count in counts]


def finding(found: Finding) -> str:
    """Say what is odd and what it means."""
    return _FINDINGS[found.oddity].format(
        count=f"{found.count:,}",
        days=_days(found.count),
        people=formats.people(found.count),
        share=formats.percent(found.share),
        weekday="" if found.weekday is None else f"{_WEEKDAYS[found.weekday]}s",
        stretch="" if found.stretch is None else _stretch(found.stretch),
    )


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_FINDINGS = {
    Oddity.GAP: "**Nothing was recorded {stretch}.** If your shop was open then, a part of the "
    "export is missing.",
    Oddity.SCATTERED_GAPS: "**On {days} nothing was recorded** ({share} of the period), the "
    "longest time {stretch}. With little traffic that is normal; otherwise a part of the export "
    "is missing.",
    Oddity.CLOSED_DAY: "**{weekday} are without events** ({days}): closed on that day?",
    Oddity.QUIET_DAYS: "**{days} had far fewer events than usual**, the longest time {stretch}: "
    "less than a fifth of what that weekday usually has. Was the shop closed, or is a part of the "
    "export missing?",
    Oddity.FUTURE: "**{count} events were dated later than the day of their import.** A clock was "
    "wrong somewhere: the data seems to end later than it does.",
    Oddity.OUT_OF_ORDER: "**{count} rows came after later ones of the same person** ({share}). "
    "They were put in order; nothing is lost.",
    Oddity.MANY_LEFT_OUT: "**Rows that were left out: {count}**, {share} of what was read. Why: "
    "see Imports.",
    Oddity.UNKNOWN_PEOPLE: "**{people} did something but have no profile** ({share}): nothing is "
    "known of their e-mail address, and no audience can ask about them.",
}


_KINDS = {
    ValueType.TEXT: "text",
    ValueType.NUMBER: "number",
    ValueType.BOOLEAN: "yes or no",
    ValueType.LIST: "list",
    ValueType.OBJECT: "group",
}


def kinds(types: Mapping[ValueType, int]) -> str:
    """Say what kinds of values there are, the most frequent first, rare ones with their share."""
    total = sum(types.values())
    main, *others = types or {ValueType.TEXT: 0}
    rare = [f"{_KINDS[kind]} ({formats.percent(types[kind] / total)})" for kind in others]
    return ", ".join([_KINDS[main], *rare])


def value(shown: JsonValue) -> str:
    """Write a value so that people can read it: lists and groups by their members."""
    match shown:
        case None:
            return "–"
        case bool():
            return "yes" if shown else "no"
        case float():
            return f"{shown:,.15g}"
        case Mapping():
            return ", ".join(f"{key} {value(member)}" for key, member in shown.items())
        case str() | int():
            return str(shown)
        case _:
            more = len(shown) - _MOST_MEMBERS
            told = [_member(member) for member in shown[:_MOST_MEMBERS]]
            return ", ".join([*told, f"and {more:,} more"] if more > 0 else told)


def details(properties: Mapping[str, JsonValue]) -> str:
    """Write the properties of an event in one line."""
    return " · ".join(f"{name}: {value(shown)}" for name, shown in properties.items())


def _member(shown: JsonValue) -> str:
    return f"({value(shown)})" if isinstance(shown, Mapping) else value(shown)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def _stretch(found: Stretch) -> str:
    first, last = formats.calendar_day(found.first_on), formats.calendar_day(found.last_on)
    if found.day_count == 1:
        return f"on {first}"
    return f"from {first} to {last} ({_days(found.day_count)})"
