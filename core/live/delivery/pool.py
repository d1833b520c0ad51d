"""Several connections to a mail server that are used again, each by one thread at a time."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from core.domain.mail_servers import MailServer
from core.live.delivery.letters import Letter
from core.live.delivery.smtp import SECONDS, Connection
from core.live.delivery.verdicts import NotTaken, Verdict
from core.live.delivery.ways import NoServer

# Servers close connections that carried many letters, or rest for long.
MOST_LETTERS = 200
LONGEST_REST = 30.0  # seconds


class Pool:
    """Hands letters over by several connections at once; not to be shared by threads."""

    is_repeatable = False
    reason = ""

    def __init__(self, server: MailServer, size: int, *, seconds: float = SECONDS) -> None:
        """Connect to nothing yet."""
        self._server = server
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="smtp")
        self._lines: list[_Line] = [_Line(server, seconds) for _ in range(size)]

    @property
    def size(self) -> int:
        """Give the number of connections."""
        return len(self._lines)

    def prepare(self, count: int, now: float) -> None:
        """Have connections ready for so many letters; raises NoServer if there is none at all."""
        wanted = self._lines[: max(1, min(count, self.size))]
        is_one_ready = any(line.is_ready(now) for line in self._lines)
        # A server that allows fewer connections than we want is used with those that it gave.
        shut = [
            line
            for line in wanted
            if not line.is_ready(now) and not (is_one_ready and line.was_refused(now))
        ]
        troubles = list(self._threads.map(lambda line: line.open(now), shut)) if shut else []
        self._lines.sort(key=lambda line: not line.is_open)
        trouble = next((one for one in troubles if one is not None), None)
        if trouble is not None and not self._lines[0].is_open:
            raise trouble

    def hand_over(self, letters: Sequence[Letter], now: float) -> list[Verdict]:
        """Hand letters over, each once, by the connections that are ready; in their order."""
        lines = [line for line in self._lines if line.is_open] or self._lines[:1]
        shares = [letters[start :: len(lines)] for start in range(len(lines))]
        found = list(
            self._threads.map(
                lambda line, share: [line.hand_over(letter, now) for letter in share],
                lines,
                shares,
            )
        )
        verdicts: list[Verdict] = [NotTaken(said="")] * len(letters)
        for start, part in enumerate(found):
            verdicts[start :: len(lines)] = part
        return verdicts

    def close(self) -> None:
        """Say good-bye on all connections."""
        list(self._threads.map(lambda line: line.close(), self._lines))
        self._threads.shutdown()


class _Line:
    """A place for a connection, made anew where the former one is gone or old."""

    def __init__(self, server: MailServer, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        self._connection: Connection | None = None
        self._letter_count = 0
        self._used_at = 0.0
        self._refused_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self._connection is not None and self._connection.is_open

    def is_ready(self, now: float) -> bool:
        """Say whether there is a connection that can be trusted to be there still."""
        is_worn = self._letter_count >= MOST_LETTERS or now - self._used_at > LONGEST_REST
        return self.is_open and not is_worn

    def was_refused(self, now: float) -> bool:
        """Say whether the server gave no connection here a moment ago."""
        return self._refused_at is not None and 0 <= now - self._refused_at < LONGEST_REST

    def open(self, now: float) -> NoServer | None:
        """Have a connection that is ready; give the reason if there is none."""
        if self.is_ready(now):
            return None
        self.close()
        try:
            self._connection = Connection(self._server, self._seconds)
        except NoServer as error:
            self._refused_at = now
            return error
        self._letter_count, self._used_at, self._refused_at = 0, now, None
        return None

    def hand_over(self, letter: Letter, now: float) -> Verdict:
        """Hand a letter over; on a new connection where the former was lost before it counted."""
        verdict = self._tried(letter, now)
        if isinstance(verdict, NotTaken):
            verdict = self._tried(letter, now)
        return verdict

    def _tried(self, letter: Letter, now: float) -> Verdict:
        trouble = self.open(now)
        if trouble is not None or self._connection is None:
            return NotTaken(said=str(trouble))
        self._letter_count += 1
        self._used_at = now
        return self._connection.hand_over(letter)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.leave()
