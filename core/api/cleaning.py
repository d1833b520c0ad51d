"""What of a message is kept: no denied properties, no bottomless nesting, little of its context."""

from collections.abc import Mapping
from typing import Any

from core.api.refusals import UnusableMessage
from core.domain.values import JsonValue

_PAGE = ("url", "path", "referrer", "title", "search")
_CONTEXT_TEXTS = ("locale", "timezone")


def kept(found: object, called: str, denied: frozenset[str], depth: int) -> dict[str, Any]:
    """Copy an object without its denied members, at any depth; nothing said is an empty one.

    `denied` holds names in lower case. Raises UnusableMessage for what is no object or is nested
    deeper than `depth`.
    """
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UnusableMessage(f"{called!r} has to be an object")
    pruned: dict[str, Any] = _pruned(found, called, denied, depth)
    return pruned


def _pruned(value: Any, called: str, denied: frozenset[str], left: int) -> Any:
    if not left:
        raise UnusableMessage(f"{called!r} is nested too deeply")
    if isinstance(value, list):
        return [
            _pruned(member, called, denied, left - 1) if _is_nested(member) else member
            for member in value
        ]
    return {
        name: _pruned(member, called, denied, left - 1) if _is_nested(member) else member
        for name, member in value.items()
        if name.lower() not in denied
    }


def _is_nested(value: object) -> bool:
    return type(value) is dict or type(value) is list


def kept_context(
    context: Mapping[str, Any], denied: frozenset[str], depth: int
) -> dict[str, JsonValue]:
    """Take from a context what triggers ask about: the page, its campaign, locale and zone.

    Addresses and descriptions of devices are not kept.
    """
    page = page_of(context)
    campaign = context.get("campaign")
    found: dict[str, JsonValue] = {}
    if page:
        found["page"] = {name: text for name, text in page.items() if name not in denied}
    if isinstance(campaign, dict) and campaign:
        found["campaign"] = kept(campaign, "campaign", denied, depth)
    for name in _CONTEXT_TEXTS:
        if isinstance(context.get(name), str) and name not in denied:
            found[name] = context[name]
    return found


def page_of(context: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Take the page from a context: its address, path, title, search and where one came from."""
    page = context.get("page")
    if not isinstance(page, dict):
        return {}
    return {name: page[name] for name in _PAGE if isinstance(page.get(name), str)}
