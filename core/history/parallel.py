"""Working on several items side by side, with few of them in memory at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# More workers than this only wait for the disk and for memory.
_MOST_WORKERS = 4


def mapped_in_order(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """Apply a function to items in threads; give the results in the order of the items.

    An item is fetched only when one of the threads is about to be free for it.
    """
    workers = min(os.cpu_count() or 1, _MOST_WORKERS)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[R]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
