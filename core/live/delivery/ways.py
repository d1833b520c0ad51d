"""What every way is like by which letters leave: a mail server, or a folder."""

from collections.abc import Sequence
from typing import Protocol

from core.domain.errors import CampaignError
from core.live.delivery.letters import Letter
from core.live.delivery.verdicts import Verdict


class NoServer(CampaignError):
    """No letter can be handed over at present; the message says why in one sentence."""


class Way(Protocol):
    """A way by which letters leave; `reason` is noted for those that did.

    Where it is repeatable, handing a letter over twice is handing it over once.
    """

    is_repeatable: bool
    reason: str

    @property
    def size(self) -> int:
        """Give how many letters it hands over at once."""
        ...

    def prepare(self, count: int, now: float, /) -> None:
        """Be ready for so many letters; raises NoServer where none can be handed over."""
        ...

    def hand_over(self, letters: Sequence[Letter], now: float, /) -> list[Verdict]:
        """Hand letters over, each once, and say what became of them, in their order."""
        ...

    def close(self) -> None:
        """Leave."""
        ...
