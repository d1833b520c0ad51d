"""The queue before the store: bounded, stored together, and nothing is said to be stored before."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from core.api.limits import Limits
from core.domain.calls import Delivery
from core.services.ingesting import take_in
from core.services.write_keys import create_key
from tests.api.asking import NOW, Answer, Shop, awaited


def call(message: str, event: str = "x") -> dict[str, str]:
    return {"userId": "ann", "event": event, "messageId": message}


class Store:
    """Stores when it is let; remembers how much at once."""

    def __init__(self) -> None:
        self.shop: Shop | None = None
        self.open = threading.Event()
        self.reached = threading.Event()
        self.sizes: list[int] = []

    def __call__(self, deliveries: Sequence[Delivery]) -> None:
        assert self.shop is not None
        self.reached.set()
        assert self.open.wait(10)
        self.sizes.append(len(deliveries))
        take_in(self.shop.database, deliveries)


@pytest.fixture
def store() -> Store:
    return Store()


def shut(store: Store, shop_with: Callable[..., Shop], limits: Limits) -> Shop:
    shop = shop_with(store=store, limits=limits)
    store.shop = shop
    return shop


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


def test_what_comes_while_another_is_stored_is_stored_together(
    store: Store, shop_with: Callable[..., Shop]
) -> None:
    shop = shut(store, shop_with, Limits())

    async def scenario() -> list[Answer]:
        first = asyncio.create_task(shop.posted("/v1/track", call("m0")))
        await until(store.reached.is_set)
        others = [
            asyncio.create_task(shop.posted("/v1/track", call(f"m{n}"))) for n in range(1, 21)
        ]
        await asyncio.sleep(0.3)
        assert not first.done()
        store.open.set()
        return await asyncio.gather(first, *others)

    answers = awaited(scenario())

    assert [answer.status for answer in answers] == [200] * 21
    assert store.sizes[0] == 1
    assert len(store.sizes) < 10
    assert len(shop.events()) == 21


def test_a_full_queue_asks_to_come_again(store: Store, shop_with: Callable[..., Shop]) -> None:
    shop = shut(store, shop_with, Limits(waiting_count=3, waiting_count_per_key=3))

    async def scenario() -> tuple[Answer, list[Answer]]:
        taken = [asyncio.create_task(shop.posted("/v1/track", call("m0")))]
        await until(store.reached.is_set)
        taken += [asyncio.create_task(shop.posted("/v1/track", call(f"m{n}"))) for n in (1, 2)]
        await asyncio.sleep(0.3)
        refused = await shop.posted("/v1/track", call("m3"))
        store.open.set()
        return refused, await asyncio.gather(*taken)

    refused, answers = awaited(scenario())

    assert (refused.status, refused.said["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) >= 1
    assert [answer.status for answer in answers] == [200] * 3
    assert shop.post("/v1/track", call("m3")).status == 200
    assert len(shop.events()) == 4


def test_one_key_cannot_take_all_the_room(store: Store, shop_with: Callable[..., Shop]) -> None:
    shop = shut(store, shop_with, Limits(waiting_count=10, waiting_count_per_key=1))
    other = create_key(shop.database, "other", created_at=NOW)

    async def scenario() -> tuple[Answer, Answer]:
        taken = asyncio.create_task(shop.posted("/v1/track", call("m0")))
        await until(store.reached.is_set)
        refused = await shop.posted("/v1/track", call("m1"))
        beside = asyncio.create_task(shop.posted("/v1/track", call("m2"), key=other))
        await asyncio.sleep(0.1)
        store.open.set()
        await taken
        return refused, await beside

    refused, beside = awaited(scenario())

    assert (refused.status, beside.status) == (429, 200)


def test_too_many_requests_at_once_are_asked_to_come_again(
    store: Store, shop_with: Callable[..., Shop]
) -> None:
    shop = shut(store, shop_with, Limits(requests_at_once=1))

    async def scenario() -> Answer:
        taken = asyncio.create_task(shop.posted("/v1/track", call("m0")))
        await until(store.reached.is_set)
        refused = await shop.posted("/v1/track", call("m1"))
        store.open.set()
        await taken
        return refused

    assert awaited(scenario()).status == 429


def test_what_cannot_be_stored_now_is_sent_again_and_counts_once(
    shop_with: Callable[..., Shop],
) -> None:
    is_broken = True

    def store(deliveries: Sequence[Delivery]) -> None:
        if is_broken:
            raise OSError("the disk is full")
        take_in(shop.database, deliveries)

    shop = shop_with(store=store)

    failed = shop.post("/v1/track", call("m1"))
    is_broken = False
    again = [shop.post("/v1/track", call("m1")) for _ in range(2)]

    assert (failed.status, failed.said["code"]) == (503, "unavailable")
    assert "disk" not in failed.said["message"]
    assert int(failed.headers["retry-after"]) >= 1
    assert [answer.status for answer in again] == [200, 200]
    assert shop.events() == [("ann", "x")]


def test_one_delivery_that_cannot_be_stored_does_not_stop_the_others(
    store: Store, shop_with: Callable[..., Shop]
) -> None:
    def picky(deliveries: Sequence[Delivery]) -> None:
        store.reached.set()
        assert store.open.wait(10)
        for delivery in deliveries:
            if any(getattr(call, "event", "") == "poison" for call in delivery.calls):
                raise ValueError("cannot")
        take_in(shop.database, deliveries)

    shop = shop_with(store=picky)

    async def scenario() -> list[Answer]:
        first = asyncio.create_task(shop.posted("/v1/track", call("m0")))
        await until(store.reached.is_set)
        others = [
            asyncio.create_task(
                shop.posted("/v1/track", call(f"m{n}", "poison" if n == 2 else "x"))
            )
            for n in range(1, 5)
        ]
        await asyncio.sleep(0.3)
        store.open.set()
        return await asyncio.gather(first, *others)

    answers = awaited(scenario())

    assert [answer.status for answer in answers] == [200, 200, 503, 200, 200]
    assert len(shop.events()) == 4


def test_a_failing_list_of_keys_asks_to_come_again(shop: Shop) -> None:
    shop.track("ann", "x", "m0")
    shop.clock.move(timedelta(minutes=1))
    with shop.database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE write_keys RENAME TO hidden")

    answer = shop.post("/v1/track", call("m1"))

    assert answer.status == 503
    assert "write_keys" not in answer.said["message"]
