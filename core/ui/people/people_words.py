"""What is said about people, consent and erasures, in a marketer's words."""

from collections.abc import Mapping

from core.domain.consents import ConsentState
from core.domain.values import JsonValue
from core.services.consents import Consent

STATES: Mapping[ConsentState | None, str] = {
    ConsentState.GIVEN: "Agreed",
    ConsentState.WITHDRAWN: "Said no",
    ConsentState.PENDING: "Asked, not confirmed yet",
    None: "Nothing said",
}
_RECEIPT = {
    "messages_withheld": ("e-mail that waited was held back", "e-mails that waited were held back"),
    "dataset_events": ("event in your data", "events in your data"),
    "dataset_profiles": ("profile in your data", "profiles in your data"),
    "rejected_rows": ("row that an import had left out", "rows that imports had left out"),
    "rehearsals": ("rehearsal with them in it", "rehearsals with them in it"),
    "uploaded_files": ("uploaded file", "uploaded files"),
    "e-mail_files": ("e-mail in the outbox folder", "e-mails in the outbox folder"),
}
_TABLES = {
    "live_events": ("event received live", "events received live"),
    "live_profiles": ("live profile", "live profiles"),
    "live_messages": ("message", "messages"),
    "live_decisions": ("decision", "decisions"),
    "live_trace": ("step", "steps"),
    "consents": ("word about consent", "words about consent"),
}
_SOURCES = {
    "api": "your shop",
    "delivery": "our e-mails",
    "pixel": "a pixel",
    "form": "a sign-up form",
}


def is_mailed(one: Consent) -> str:
    """Say whether e-mails for a purpose go out to somebody, as far as consent goes."""
    if one.is_reachable:
        return "Yes"
    return "Not until they agree" if one.state is None else "No"


def source(name: str) -> str:
    """Say where something is known from."""
    return _SOURCES.get(name, name)


def receipt(said: Mapping[str, JsonValue]) -> list[str]:
    """Say what was erased, a line for each kind of thing."""
    rows = said.get("rows")
    tables: Mapping[str, JsonValue] = rows if isinstance(rows, Mapping) else {}
    lines = [_counted(said.get(name), words) for name, words in _RECEIPT.items()]
    lines += [_counted(tables.get(name), words) for name, words in _TABLES.items()]
    others = sum(
        count for name, count in tables.items() if name not in _TABLES and isinstance(count, int)
    )
    lines.append(_counted(others, ("other record", "other records")))
    return [line for line in lines if line] or ["Nothing was known of them."]


def _counted(count: JsonValue, words: tuple[str, str]) -> str:
    if not isinstance(count, int) or not count:
        return ""
    return f"{count:,} {words[0] if count == 1 else words[1]}"
