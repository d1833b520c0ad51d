"""What came of a trigger's firings: admitted, or refused with a reason (SEMANTICS 4)."""

from enum import IntEnum


class Admission(IntEnum):
    """The outcome of one raw firing, as the engine's arrays hold it."""

    ENROLLED = 0
    REENTRY = 1
    AUDIENCE = 2
    ACTIVE = 3

    @property
    def word(self) -> str:
        """Give the word that files carry (SEMANTICS 10)."""
        return self.name.lower()
