"""How many e-mails in a row may take too long before it is no use to go on."""

from collections.abc import Iterable

from core.rendering.emails import NotRendered, Outcome, Refusal


class Patience:
    """Counts e-mails in a row that took too long; what several processes make counts together."""

    def __init__(self, most: int | None = None) -> None:
        """Bear with `most` in a row, by default with any number."""
        self._most = most
        self._in_a_row = 0
        self.is_at_its_end = False

    def see(self, outcomes: Iterable[Outcome]) -> None:
        """Count what came of further e-mails."""
        for outcome in outcomes:
            self._in_a_row = self._in_a_row + 1 if is_too_late(outcome) else 0
            if self._most is not None and self._in_a_row >= self._most:
                self.is_at_its_end = True


def is_too_late(outcome: Outcome) -> bool:
    """Say whether an e-mail took too long."""
    return isinstance(outcome, NotRendered) and outcome.reason is Refusal.TIME
