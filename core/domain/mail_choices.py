"""What somebody gets by e-mail, as the pages behind the links of an e-mail show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.consents import MARKETING_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A purpose, and whether somebody gets e-mails for it."""

    name: str
    title: str
    description: str
    is_given: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What somebody gets; `address` is theirs, veiled. In a test nothing can be changed.

    `is_subscribed` says whether campaigns reach them, as far as they have a say. Who was erased is
    not known any more, and has nothing to choose.
    """

    address: str
    choices: Sequence[Choice]
    is_test: bool
    is_known: bool = True

    @property
    def is_subscribed(self) -> bool:
        """Say whether campaigns reach this person."""
        return any(choice.is_given for choice in self.choices if choice.name == MARKETING_NAME)
