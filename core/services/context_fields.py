"""Which fields the contexts of a dataset have, for the completion of merge tags."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain.email_context import EmailContext
from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.services.email_context import ContextSource, Recipient, contexts_of

_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextField:
    """A path in the context, such as `profile.first_name` or `cart.products[].title`.

    `example` is a value of somebody, the most frequent of the first seen; `share` (0 to 1) is that
    of the people looked at for whom there is one.
    """

    path: str
    example: JsonValue
    share: float


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
    counts = Counter[str]()
    examples: dict[str, Counter[str]] = {}
    values: dict[tuple[str, str], JsonValue] = {}
    total = 0
    for total, context in enumerate(contexts, start=1):
        found = dict(_leaves(context))
        counts.update(found.keys())
        for path, value in found.items():
            seen = examples.setdefault(path, Counter())
            text = repr(value)
            if text in seen or len(seen) < _MOST_EXAMPLES:
                seen[text] += 1
                values[path, text] = value
    return [
        ContextField(
            path=path, example=values[path, _usual(examples[path])], share=counts[path] / total
        )
        for path in sorted(counts, key=lambda path: (_part(path), -counts[path], path))
    ]
