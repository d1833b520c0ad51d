"""The queue before the store: short, and stored together, so that many small requests are few."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from core.api.limits import Limits
from core.api.refusals import Refused, unavailable
from core.domain.calls import Delivery

logger = logging.getLogger(__name__)

Store = Callable[[Sequence[Delivery]], None]
_LONGEST_SECOND_TRY = 5.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: Delivery
    key_name: str
    count: int
    stored: asyncio.Future[None]


class Intake:
    """Hands deliveries to `store`, one group at a time, in the order in which they came.

    A group holds whatever came while the one before was stored.
    """

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._waiting = deque[_Waiting]()
        self._counts = Counter[str]()
        self._storing: asyncio.Task[None] | None = None
        self._writer = ThreadPoolExecutor(1, "intake")

    async def take(self, delivery: Delivery, key_name: str) -> None:
        """Wait until a delivery is stored; raises Refused when it is not, and may be sent again."""
        count = max(1, len(delivery.calls) + len(delivery.rejections))
        self._make_room(count, key_name)
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(delivery, key_name, count, stored))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_all())
        await stored

    def _make_room(self, count: int, key_name: str) -> None:
        is_full = self._counts.total() + count > self._limits.waiting_count
        has_share = self._counts[key_name] + count <= self._limits.waiting_count_per_key
        if is_full or not has_share:
            said = "more events wait to be stored than we keep; send these again in a moment"
            raise Refused(429, "too_many_requests", said, retry_after=self._limits.retry_after)
        self._counts[key_name] += count

    async def _store_all(self) -> None:
        while self._waiting:
            group = self._next_group()
            try:
                await self._store_group(group)
            finally:
                for one in group:
                    self._counts[one.key_name] -= one.count

    def _next_group(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        count = group[0].count
        while self._waiting and count + self._waiting[0].count <= self._limits.stored_at_once:
            group.append(self._waiting.popleft())
            count += group[-1].count
        return group

    async def _store_group(self, group: Sequence[_Waiting]) -> None:
        if await self._is_stored(group):
            return
        # One delivery that cannot be stored must not keep those beside it from it.
        clock = asyncio.get_running_loop().time
        deadline = clock() + _LONGEST_SECOND_TRY
        for one in group:
            is_tried = len(group) > 1 and clock() < deadline
            if not (is_tried and await self._is_stored([one])) and not one.stored.done():
                one.stored.set_exception(unavailable(self._limits.retry_after))

    async def _is_stored(self, group: Sequence[_Waiting]) -> bool:
        deliveries = [one.delivery for one in group]
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._writer, self._store, deliveries)
        except Exception:
            logger.exception("deliveries were not stored", extra={"count": len(deliveries)})
            return False
        for one in group:
            if not one.stored.done():
                one.stored.set_result(None)
        return True
