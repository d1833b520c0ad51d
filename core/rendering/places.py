"""Where in the context of an e-mail a value lies."""

import re
from typing import Any

from core.rendering.emails import Context

_NUMBER = re.compile(r"\[\d+\]")


class Places:
    """The paths of the objects and lists of one context, found by what they are, not by value.

    A template may call a member of a list whatever it likes, hand it to a partial or a macro, cut
    and sort its list: it stays the same object.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._path_by_id: dict[int, str] | None = None

    def of(self, value: object) -> str | None:
        """Give the path of an object or list, as in `cart.products[]`; None if it is none of them.

        The members of a list share one path.
        """
        if not isinstance(value, dict | list):
            return None
        if self._path_by_id is None:
            self._path_by_id = _paths(self._context)
        return self._path_by_id.get(id(value))


def joined(owner: str, field: str) -> str:
    """Write a field behind its owner; `field` may be a place in a list, as in `[0].title`."""
    return f"{owner}{field}" if field.startswith("[") or not owner else f"{owner}.{field}"


def of_any_member(path: str) -> str:
    """Write a path without the numbers of members: `cart.products[0]` is `cart.products[]`."""
    return _NUMBER.sub("[]", path)


def _paths(context: Context) -> dict[int, str]:
    found: dict[int, str] = {}
    waiting: list[tuple[str, Any]] = list(context.items())
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(joined(path, str(name)), part) for name, part in value.items()]
        elif isinstance(value, list):
            waiting += [(joined(path, "[]"), part) for part in value]
        else:
            continue
        found.setdefault(id(value), path)
    return found
