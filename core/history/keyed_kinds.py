"""What profiles and the catalogue are: their keys, and how their known columns are understood."""

import re
from functools import cache
from zoneinfo import available_timezones

from core.domain.values import JsonValue
from core.history.keyed_storing import KeyedKind
from core.history.manifest import FileKind
from core.history.naming import CATALOGUE_FILE, PROFILES_FILE
from core.history.rejects import RejectReason

_YES = frozenset({"true", "t", "yes", "y", "1", "1.0", "on", "x"})
_NO = frozenset({"false", "f", "no", "n", "0", "0.0", "off"})
_IN = frozenset({"subscribed", "optedin", "optin", "in", "granted", "given", "confirmed"})
_OUT = frozenset(
    {"unsubscribed", "optedout", "optout", "out", "denied", "withdrawn", "revoked", "refused"}
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def consent(value: JsonValue) -> bool | None:
    """Understand whether somebody agreed to e-mail; None where that cannot be told."""
    return _answer(value, yes=_YES | _IN, no=_NO | _OUT)


def unsubscribed(value: JsonValue) -> bool | None:
    """Understand whether somebody unsubscribed; the date on which they did is a yes."""
    if isinstance(value, str) and _DATE.match(value.strip()):
        return True
    return _answer(value, yes=_YES | _OUT, no=_NO | _IN)


def timezone(value: JsonValue) -> str | None:
    """Give the IANA name of a time zone, whatever its case; None for an unknown one."""
    return _zones().get(value.strip().lower()) if isinstance(value, str) else None


def _answer(value: JsonValue, *, yes: frozenset[str], no: frozenset[str]) -> bool | None:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | int | float):
        return None
    word = re.sub(r"[\s_-]+", "", str(value).lower())
    return True if word in yes else False if word in no else None


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in sorted(available_timezones())}


PROFILES = KeyedKind(
    kind=FileKind.PROFILES,
    key="user_id",
    file_name=PROFILES_FILE,
    no_key=RejectReason.NO_USER,
    cleaners={"consent": consent, "unsubscribed": unsubscribed, "timezone": timezone},
    typed=frozenset({"consent", "unsubscribed"}),
)
CATALOGUE = KeyedKind(
    kind=FileKind.CATALOGUE,
    key="product_id",
    file_name=CATALOGUE_FILE,
    no_key=RejectReason.NO_PRODUCT,
    takes_first_column=True,
    cleaners={},
)
