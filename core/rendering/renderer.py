"""Renders in processes of its own, so that no template can stop, fill or crash the application."""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import chain, islice, repeat
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from core.domain.errors import CampaignError
from core.rendering.emails import Context, EmailTemplate, Mode, Outcome
from core.rendering.patience import Patience
from core.rendering.wire_emails import template_message
from core.rendering.worker_process import WorkerProcess

TIME_LIMIT = timedelta(seconds=2)
MEMORY_LIMIT = 512_000_000  # bytes
_BATCH = 32


class Renderer:
    """A pool of rendering processes, kept alive between e-mails; safe for several threads."""

    def __init__(
        self,
        *,
        workers: int = 1,
        time_limit: timedelta = TIME_LIMIT,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        seconds = time_limit.total_seconds()
        self._workers = [
            WorkerProcess(seconds=seconds, memory_limit=memory_limit) for _ in range(workers)
        ]
        self._idle: SimpleQueue[WorkerProcess] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for what is under way and end the processes; safe to repeat."""
        if self._is_closed:
            return
        self._is_closed = True
        for _ in self._workers:
            self._idle.get().close()

    def render(self, template: EmailTemplate, context: Context, mode: Mode = Mode.SEND) -> Outcome:
        """Make an e-mail for one person, or say in one sentence why there is none.

        Raises TypeError if the context holds anything but JSON values.
        """
        message = template_message(template)
        (outcome,) = self._run(_key(message), message, [context], mode=mode, patience=Patience())
        return outcome

    def render_many(
        self,
        template: EmailTemplate,
        contexts: Iterable[Context],
        mode: Mode = Mode.SEND,
        *,
        patience: int | None = None,
    ) -> Iterator[Outcome]:
        """Make an e-mail for each person, in their order; stop asking to cancel the rest.

        With `patience` it ends by itself after so many e-mails in a row that took too long: a
        template that hangs for everybody would otherwise take the time limit for each of them.
        """
        message = template_message(template)
        key = _key(message)
        people = iter(contexts)
        batches = iter(lambda: list(islice(people, _BATCH)), [])
        run = partial(self._run, key, message, mode=mode, patience=Patience(patience))
        count = len(self._workers)
        with ThreadPoolExecutor(count) as threads:
            pending: deque[tuple[int, Future[Sequence[Outcome]]]] = deque()
            try:
                # As many empty ones at the end push the last ones out.
                for batch in chain(batches, repeat([], count)):
                    pending.append((len(batch), threads.submit(run, batch)))
                    if len(pending) > count:
                        size, future = pending.popleft()
                        made = future.result()
                        yield from made
                        if len(made) < size:  # what others made meanwhile is of later people
                            return
            finally:
                for _, future in pending:
                    future.cancel()

    def _run(
        self,
        key: str,
        message: dict[str, Any],
        people: Sequence[Context],
        *,
        mode: Mode,
        patience: Patience,
    ) -> Sequence[Outcome]:
        if self._is_closed:
            raise CampaignError("the renderer is closed")
        worker = self._idle.get()
        try:
            return worker.run(key, message, people, mode, patience)
        finally:
            self._idle.put(worker)


def _key(message: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(message).encode()).hexdigest()
