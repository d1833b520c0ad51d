"""One rendering process as its parent sees it: started, spoken to, ended when it takes too long."""

import os
import selectors
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.domain.errors import CampaignError
from core.rendering.emails import Context, Mode, NotRendered, Outcome, Refusal
from core.rendering.patience import Patience
from core.rendering.wire import BrokenFrame, frame, read_frame
from core.rendering.wire_emails import outcome_from
from core.rendering.worker import MOST_TEMPLATES

_REPOSITORY = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0

_CRASH = "making this e-mail ended its process; look for very deep nesting or far too much content"


class _TooLate(Exception):
    """No answer came in time."""


class WorkerProcess:
    """A rendering process; not for two threads at once."""

    def __init__(self, *, seconds: float, memory_limit: int) -> None:
        self._seconds = seconds
        self._memory_limit = memory_limit
        self._start()

    def run(
        self,
        key: str,
        template: dict[str, Any],
        people: Sequence[Context],
        mode: Mode,
        patience: Patience,
    ) -> list[Outcome]:
        """Render a template for each person in turn; a person that ends the process is skipped.

        Once patience is at its end, the rest of the people get nothing.
        """
        outcomes: list[Outcome] = []
        while len(outcomes) < len(people) and not patience.is_at_its_end:
            made = self._until_trouble(key, template, people[len(outcomes) :], mode)
            patience.see(made)
            outcomes += made
        return outcomes

    def close(self) -> None:
        """End the process and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)
        self._selector.close()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "core.rendering.worker"),
                *(str(self._memory_limit), str(self._seconds)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_REPOSITORY,
            env={},
            bufsize=0,
            start_new_session=True,
        )
        self._is_ready = False
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._buffer = b""
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        self._selector.register(self._output, selectors.EVENT_READ)

    def _restart(self) -> None:
        self.close()
        self._start()

    def _until_trouble(
        self, key: str, template: dict[str, Any], people: Sequence[Context], mode: Mode
    ) -> list[Outcome]:
        request = frame([key, mode, people])
        self._await_ready()
        outcomes: list[Outcome] = []
        try:
            self._send_template(key, template)
            self._send(request)
            while len(outcomes) < len(people):
                outcomes.append(self._answer())
                if _is_exhausted(outcomes[-1]):
                    self._restart()
                    break
        except _TooLate:
            outcomes.append(self._refused(Refusal.TIME, self._too_late()))
        except (BrokenFrame, BrokenPipeError, ConnectionResetError):
            outcomes.append(self._refused(Refusal.CRASH, _CRASH))
        return outcomes

    def _await_ready(self) -> None:
        if self._is_ready:
            return
        try:
            self._receive(_START_SECONDS)
        except (_TooLate, BrokenFrame) as error:
            self._restart()
            raise CampaignError("e-mails cannot be made: their process does not start") from error
        self._is_ready = True

    def _send_template(self, key: str, template: dict[str, Any]) -> None:
        if key in self._keys:
            return
        self._send(frame([key, template]))
        self._keys[key] = None
        while len(self._keys) > MOST_TEMPLATES:
            self._keys.popitem(last=False)

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        rest = memoryview(message)
        while rest:
            rest = rest[self._process.stdin.write(rest) or 0 :]

    def _answer(self) -> Outcome:
        head, texts = self._receive(self._seconds)
        return outcome_from(head, texts)

    def _receive(self, seconds: float) -> tuple[Any, list[str]]:
        deadline = time.monotonic() + seconds
        message = read_frame(lambda size: self._read(size, deadline))
        if message is None:
            raise BrokenFrame
        return message

    def _read(self, size: int, deadline: float) -> bytes:
        chunks = [self._buffer]
        left = size - len(self._buffer)
        while left > 0:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                raise _TooLate
            chunk = os.read(self._output, 1 << 20)
            if not chunk:
                break
            chunks.append(chunk)
            left -= len(chunk)
        read = b"".join(chunks)
        self._buffer = read[size:]
        return read[:size]

    def _refused(self, reason: Refusal, message: str) -> Outcome:
        self._restart()
        return NotRendered(reason=reason, message=message)

    def _too_late(self) -> str:
        return (
            f"the e-mail took longer than {self._seconds:g} s; look for loops in loops, "
            "or very long lists"
        )


def _is_exhausted(outcome: Outcome) -> bool:
    return isinstance(outcome, NotRendered) and outcome.reason is Refusal.MEMORY


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return
