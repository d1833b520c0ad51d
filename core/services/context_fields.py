"""Which fields the contexts of a dataset have, for the completion of merge tags."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from core.domain.email_context import EmailContext
from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.services.email_context import ContextSource, Recipient, contexts_of

_LOOKED_AT = 2_000
_MOST_VALUES = 50
_LOOP: JsonValue = ("a list of objects",)  # stands for a list whose members have fields
_PARTS = ("profile", "trigger", "cart", "viewed", "orders", "recommendations", "campaign")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextField:
    """A path in the context, such as `profile.first_name` or `cart.products[].title`.

    `example` is a frequent value, None for a list to loop over (`is_list`); `share` (0 to 1) is
    that of the people looked at for whom there is one.
    """

    path: str
    example: JsonValue
    share: float
    is_list: bool


def context_fields(source: ContextSource, sample: int = _LOOKED_AT) -> list[ContextField]:
    """List the fields of people spread evenly over the dataset, as of its last event."""
    manifest = source.dataset.manifest
    if manifest.last_at is None or not manifest.users:
        return []
    count = min(sample, manifest.users)
    codes = np.unique(np.linspace(0, manifest.users - 1, count).astype(np.int64))
    ids = source.dataset.user_ids()
    at = as_microseconds(manifest.last_at)
    people = [Recipient(user_id=ids[code].as_py(), at=at) for code in codes.tolist()]
    return fields_of(context for _, context in contexts_of(source, people))


def fields_of(contexts: Iterable[EmailContext]) -> list[ContextField]:
    """List the fields that any of the contexts has, by part of the context, the most shared first.

    A field inside a list is there if any member has it. Company and links are left out: they are
    the sender's, and everybody's.
    """
    tallies: dict[str, _Tally] = {}
    total = 0
    for context in contexts:
        total += 1
        for name in _PARTS:
            for path, value in dict(_leaves(name, getattr(context, name))).items():
                tallies.setdefault(path, _Tally()).add(value)
    order = sorted(tallies, key=lambda path: (_part_of(path), -tallies[path].count, path))
    return [tallies[path].as_field(path, total) for path in order]


class _Tally:
    """Counts the people who have a field, and its first few different values."""

    def __init__(self) -> None:
        self.count = 0
        self._values: dict[str, JsonValue] = {}
        self._seen = Counter[str]()

    def add(self, value: JsonValue) -> None:
        self.count += 1
        text = repr(value)
        if text in self._values or len(self._values) < _MOST_VALUES:
            self._values[text] = value
            self._seen[text] += 1

    def as_field(self, path: str, total: int) -> ContextField:
        ((usual, _),) = self._seen.most_common(1)
        is_list = self._values[usual] is _LOOP
        example = None if is_list else self._values[usual]
        return ContextField(path=path, example=example, share=self.count / total, is_list=is_list)


def _leaves(path: str, value: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Give every path below a value with what is there; of a list the first member that has it."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}", inner)
    elif _is_loop(value):
        yield path, _LOOP
        # The first member comes last, so that it stays where several have the field.
        for member in reversed(value):
            yield from _leaves(f"{path}[]", member)
    elif value is not None and value != [] and value != "":
        yield path, value


def _is_loop(value: JsonValue) -> TypeGuard[list[JsonValue]]:
    """Say whether a value is a list of objects."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _part_of(path: str) -> int:
    return _PARTS.index(re.split(r"[.\[]", path, maxsplit=1)[0])
