"""The filters of e-mails beside Jinja's: money, date, time, and parameters that tell campaigns."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import TemplateRuntimeError, pass_context
from jinja2.runtime import Context as JinjaContext

from core.rendering.formats import date_text, money_text, time_text
from core.rendering.missing import Missing

_CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST_AMOUNT = Decimal(10) ** 15


@pass_context
def money(
    context: JinjaContext, amount: Any, currency: str | None = None, locale: str | None = None
) -> Any:
    """Write an amount of money for the reader: `{{ cart.total | money("EUR") }}`.

    Without a currency it is the company's, else EUR.
    """
    if isinstance(amount, Missing):
        return amount
    if currency is None:
        currency = _of(context, "company", "currency") or "EUR"
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise TemplateRuntimeError("money() takes a currency of three capitals, such as EUR")
    try:
        number = Decimal(str(amount).strip())
    except InvalidOperation as error:
        raise TemplateRuntimeError(f"{_short(amount)} is no amount of money") from error
    if not number.is_finite() or abs(number) > _LARGEST_AMOUNT:
        raise TemplateRuntimeError(f"{_short(amount)} is no amount of money")
    return money_text(number, currency, locale or reader_locale(context))


@pass_context
def date(
    context: JinjaContext,
    moment: Any,
    style: str = "long",
    zone: str | None = None,
    locale: str | None = None,
) -> Any:
    """Write the day of an instant where the reader lives: `{{ trigger.at | date }}`."""
    return _moment_text(date_text, context, moment, style, zone, locale)


@pass_context
def time(
    context: JinjaContext,
    moment: Any,
    style: str = "short",
    zone: str | None = None,
    locale: str | None = None,
) -> Any:
    """Write the time of day of an instant where the reader lives: `{{ trigger.at | time }}`."""
    return _moment_text(time_text, context, moment, style, zone, locale)


@pass_context
def utm(context: JinjaContext, address: Any, **named: Any) -> Any:
    """Add parameters that tell the campaign to an address: `{{ cart.url | utm(content="top") }}`.

    Source and medium are "email", campaign the campaign's name, unless they are given.
    """
    if isinstance(address, Missing):
        return address
    unknown = named.keys() - {"source", "medium", "campaign", "content", "term", "id"}
    if unknown:
        raise TemplateRuntimeError(f"utm() does not know {sorted(unknown)[0]!r}")
    given = {"source": "email", "medium": "email", "campaign": _of(context, "campaign", "name")}
    added = {f"utm_{key}": str(value) for key, value in {**given, **named}.items() if value}
    parts = urlsplit(str(address))
    if parts.scheme not in ("http", "https"):
        return address
    kept = [pair for pair in parse_qsl(parts.query, True) if pair[0] not in added]
    return urlunsplit(parts._replace(query=urlencode([*kept, *added.items()])))


FILTERS: Mapping[str, Callable[..., Any]] = {
    "money": money,
    "date": date,
    "time": time,
    "utm": utm,
}


def reader_locale(context: JinjaContext) -> str:
    """Give the language of the reader: of the profile, else the company's, else English."""
    named = (("profile", "locale"), ("profile", "language"), ("company", "language"))
    return str(next(filter(None, (_of(context, *name) for name in named)), "en"))


def _moment_text(
    written: Callable[[datetime, str, str], str],
    context: JinjaContext,
    moment: Any,
    style: str,
    zone: str | None,
    locale: str | None,
) -> Any:
    if isinstance(moment, Missing):
        return moment
    try:
        instant = datetime.fromisoformat(str(moment).strip())
    except ValueError as error:
        raise TemplateRuntimeError(f"{_short(moment)} is no date") from error
    if instant.tzinfo is not None:
        instant = instant.astimezone(_zone(context, zone))
    return written(instant, style, locale or reader_locale(context))


def _zone(context: JinjaContext, named: str | None) -> tzinfo:
    if named is not None:
        return _known_zone(named, "the template")
    for owner in ("profile", "campaign"):
        name = _of(context, owner, "timezone")
        if name:
            return _known_zone(str(name), f"{owner}.timezone")
    return UTC


def _known_zone(name: str, whose: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"{_short(name)} in {whose} is no time zone; write it as in Europe/Berlin"
        raise TemplateRuntimeError(message) from error


def _of(context: JinjaContext, owner: str, name: str) -> Any:
    owning = context.get(owner)
    return owning.get(name) if isinstance(owning, dict) else None


def _short(value: Any) -> str:
    text = repr(str(value))
    return text if len(text) <= 60 else f"{text[:57]}…'"
