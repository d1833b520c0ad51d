"""Renders in processes of its own, so that no template can stop, fill or crash the application."""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from core.domain.errors import CampaignError
from core.rendering.emails import Context, EmailTemplate, Mode, Outcome
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
        (outcome,) = self._run(_key(message), message, [context], mode)
        return outcome

    def render_many(
        self, template: EmailTemplate, contexts: Iterable[Context], mode: Mode = Mode.SEND
    ) -> Iterator[Outcome]:
        """Make an e-mail for each person, in their order; stop asking to cancel the rest."""
        message = template_message(template)
        key = _key(message)
        people = iter(contexts)
        batches = iter(lambda: list(islice(people, _BATCH)), [])
        with ThreadPoolExecutor(len(self._workers)) as threads:
            pending: deque[Future[Sequence[Outcome]]] = deque()
            try:
                for batch in batches:
                    pending.append(threads.submit(self._run, key, message, batch, mode))
                    if len(pending) > len(self._workers):
                        yield from pending.popleft().result()
                while pending:
                    yield from pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def _run(
        self, key: str, message: dict[str, Any], people: Sequence[Context], mode: Mode
    ) -> Sequence[Outcome]:
        if self._is_closed:
            raise CampaignError("the renderer is closed")
        worker = self._idle.get()
        try:
            return worker.run(key, message, people, mode)
        finally:
            self._idle.put(worker)


def _key(message: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(message).encode()).hexdigest()
