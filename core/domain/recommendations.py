"""What is recommended to somebody, and why: the values that pass between model and e-mail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class WhyKind(StrEnum):
    """What speaks for a product."""

    BOUGHT_TOGETHER = "bought_together"
    VIEWED_TOGETHER = "viewed_together"
    POPULAR = "popular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A product, and what speaks for it; `because_of` is the product it goes with, if any."""

    product_id: str
    kind: WhyKind
    because_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interests:
    """The products of one person by what they did, the last first; `focus` is the e-mail's own."""

    bought: Sequence[str] = ()
    cart: Sequence[str] = ()
    viewed: Sequence[str] = ()
    focus: Sequence[str] = ()


Recommend = Callable[[Interests, int], Sequence[Recommendation]]


def nothing_recommended(interests: Interests, count: int) -> Sequence[Recommendation]:
    """Recommend nothing, where there is no model."""
    return ()
