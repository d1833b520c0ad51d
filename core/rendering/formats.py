"""How money and times are written for a reader, in their language."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, get_currency_precision

_STYLES = frozenset({"short", "medium", "long", "full"})
_ENGLISH = "en"
_ENGLISH_DATES = "en_GB"  # of English without a country: the day before the month


def money_text(amount: Decimal, currency: str, locale: str) -> str:
    """Write an amount with its currency, as in €1,234.50 or 1.234,50 €; halves are rounded up."""
    step = Decimal(1).scaleb(-get_currency_precision(currency))
    rounded = amount.quantize(step, ROUND_HALF_UP)
    return str(format_currency(rounded, currency, locale=_locale(locale)))


def date_text(moment: datetime, style: str, locale: str) -> str:
    """Write the day of a local time: short, medium, long, full, or a pattern such as `%d.%m.`."""
    if style in _STYLES:
        return str(format_date(moment, style, locale=_for_dates(locale)))
    return moment.strftime(style).removeprefix("0")


def time_text(moment: datetime, style: str, locale: str) -> str:
    """Write the time of day of a local time: short, medium, long, full, or a pattern."""
    if style in _STYLES:
        return str(format_time(moment, style, tzinfo=moment.tzinfo, locale=_for_dates(locale)))
    return moment.strftime(style)


def _for_dates(locale: str) -> Locale:
    found = _locale(locale)
    return Locale.parse(_ENGLISH_DATES) if str(found) == _ENGLISH else found


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    """Find a language by its tag; the language without its country if need be, else English."""
    tag = name.strip().replace("-", "_")
    for candidate in (tag, tag.split("_")[0]):
        try:
            return Locale.parse(candidate)
        except (UnknownLocaleError, ValueError, TypeError):
            continue
    return Locale.parse(_ENGLISH)
