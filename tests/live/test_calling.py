"""Webhooks out: signed, tried again, given up, re-sent; one slow system keeps no other waiting."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, text
from standardwebhooks.webhooks import Webhook

from core import bootstrap
from core.domain.errors import UnusableInput
from core.services.calling import (
    Caller,
    call_again,
    call_counts,
    calling_secret,
    dead_calls,
    rotate_calling_secret,
)
from core.services.live_launches import LaunchMode, pause, resume, stop
from core.store import live_calls
from core.store.database import writing
from tests.live.launched import Shop, at
from tests.live.listening import Listener, Told, after, listening

LOOPBACK = ("127.0.0.1", "localhost")
ORDER = {"kind": "event", "match": {"event": "order"}}


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def shop_calling(database: Engine, *urls: str, body: Any = None, **changes: Any) -> Shop:
    """Launch a campaign that calls an address at each order, or several."""
    shop = Shop(database, "ada", "bob")
    steps = [
        {"id": f"call{n}", "kind": "webhook", "url": url, "body": body or {}}
        for n, url in enumerate(urls)
    ]
    shop.launch(trigger=ORDER, steps=steps, reentry="always", **changes)
    return shop


def order(shop: Shop, who: str, hours: float, **values: Any) -> None:
    shop.happen(who, "order", hours, **values)
    shop.tick(hours)


def run(database: Engine, now: datetime, allowed: tuple[str, ...] = LOOPBACK) -> int:
    return Caller(database, allowed).run(now)


def test_a_call_says_what_the_step_says_and_what_led_to_it(
    database: Engine, listener: Listener
) -> None:
    fields = {
        "text": "$user.email bought $trigger.title.",
        "price": "$trigger.price",
        "tags": ["$key", "$5", "$trigger.nothing"],
    }
    shop = shop_calling(database, f"{listener.address}/hook?x=1", body=fields)
    order(shop, "ada", 1, price=12.5, title="a tent")

    assert run(database, at(2)) == 1

    (told,) = listener.told
    assert told.path == "/hook?x=1"
    assert told.headers["content-type"] == "application/json"
    said = told.said
    context = said.pop("rehearsal")
    assert said == {
        "text": "ada@example.org bought a tent.",
        "price": 12.5,
        "tags": [None, "$5", None],
    }
    assert context["id"] == told.headers["webhook-id"]
    assert (context["campaign"], context["step"], context["user_id"]) == ("Cart", "call0", "ada")
    assert context["event"] == {
        "id": "e1",
        "name": "order",
        "at": "2026-05-01T01:00:00.000000Z",
        "properties": {"price": 12.5, "title": "a tent"},
    }
    assert call_counts(database) == {"done": 1}


def test_the_signature_is_that_of_standard_webhooks_and_both_secrets_hold_for_a_day(
    own_database: Engine, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_calling(own_database, listener.address)
    order(shop, "ada", 1)
    former = calling_secret(own_database, at(1))
    fresh = rotate_calling_secret(own_database, changed_at=at(1))
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", _Standing)

    run(own_database, at(2))
    order(shop, "ada", 30)
    run(own_database, at(30))

    first, second = listener.told
    _Standing.at = at(2)
    for secret in (former, fresh):
        assert Webhook(secret).verify(first.body, dict(first.headers)) == first.said
    _Standing.at = at(30)
    assert Webhook(fresh).verify(second.body, dict(second.headers)) == second.said
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(former).verify(second.body, dict(second.headers))
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(fresh).verify(second.body + b" ", dict(second.headers))


class _Standing(datetime):
    """A clock of the verifying side."""

    at: datetime

    @classmethod
    def now(cls, tz: Any = None) -> "_Standing":
        return cls.fromtimestamp(cls.at.timestamp(), tz)


def test_a_system_that_fails_is_called_again_under_one_id_and_given_up_at_last(
    database: Engine,
) -> None:
    with listening(lambda _told: (500, {})) as listener:
        shop = shop_calling(database, listener.address)
        order(shop, "ada", 1)
        moments = [at(1)]
        for seconds in (5, 60, 300, 1_800, 7_200, 21_600):
            now = moments[-1] + timedelta(seconds=seconds)
            assert run(database, moments[-1]) == 1
            assert run(database, now - timedelta(seconds=2)) == 0
            moments.append(now + timedelta(seconds=1))
        run(database, moments[-1])

        assert run(database, at(1_000)) == 0
    assert len(listener.told) == 7
    assert len(set(listener.ids())) == 1
    (dead,) = dead_calls(database)
    assert (dead.user_id, dead.step, dead.host) == ("ada", "call0", "127.0.0.1")
    assert (dead.attempt_count, dead.reason) == (7, "It answered with status 500.")


def test_a_call_that_was_given_up_can_be_sent_again_by_hand_even_after_a_stop(
    database: Engine,
) -> None:
    status = [410]
    with listening(lambda _told: (status[0], {})) as listener:
        shop = shop_calling(database, listener.address)
        order(shop, "ada", 1)
        run(database, at(1))
        (dead,) = dead_calls(database)
        stop(database, dead.launch_id, at=at(2))
        status[0] = 204

        call_again(database, dead.id, at=at(3))
        run(database, at(3))

    assert dead.attempt_count == 1  # 410 says that trying again is no use
    assert len(set(listener.ids())) == 1
    assert call_counts(database) == {"done": 1}
    with pytest.raises(UnusableInput, match="sent again already"):
        call_again(database, dead.id, at=at(4))


@pytest.mark.parametrize(
    ("retry_after", "waited"), [("120", 120), ("999999999", 21_600), ("soon", 5), ("0", 5)]
)
def test_a_system_may_ask_for_time(own_database: Engine, retry_after: str, waited: int) -> None:
    with listening(lambda _told: (429, {"Retry-After": retry_after})) as listener:
        shop = shop_calling(own_database, listener.address)
        order(shop, "ada", 1)
        run(own_database, at(1))

        early = run(own_database, at(1) + timedelta(seconds=waited - 2))
        late = run(own_database, at(1) + timedelta(seconds=waited + 2))

    assert (early, late) == (0, 1)


def test_a_redirect_is_a_failure_and_is_not_followed(own_database: Engine) -> None:
    with (
        listening() as elsewhere,
        listening(lambda _told: (302, {"Location": elsewhere.address})) as listener,
    ):
        order(shop_calling(own_database, listener.address), "ada", 1)
        run(own_database, at(1))

    assert elsewhere.told == []
    assert call_counts(own_database) == {"queued": 1}


def test_a_slow_system_keeps_no_other_waiting(own_database: Engine) -> None:
    done: list[float] = []

    def quick(_told: Told) -> tuple[int, dict[str, str]]:
        done.append(len(slow.told))
        return 200, {}

    with listening(after(0.4)) as slow, listening(quick) as other:
        port = urlsplit(other.address).port
        shop = shop_calling(own_database, slow.address, f"http://localhost:{port}/")
        for number in range(6):
            order(shop, "ada", 1 + number / 100)

        assert run(own_database, at(2)) == 12

    assert len(slow.told) == len(other.told) == 6
    # The six quick ones were through before the third slow one had begun.
    assert max(done) <= 2


def test_somebody_who_was_killed_leaves_a_call_that_is_made_again_and_settled_once(
    database: Engine, listener: Listener
) -> None:
    order(shop_calling(database, listener.address), "ada", 1)
    now = 1 + at(1).timestamp().__int__() * 1_000_000
    with writing(database) as session:
        ids = live_calls.fresh_calls(session, 10)
        live_calls.note_hosts(session, {ids[0][0]: "127.0.0.1"}, now)
        (taken,) = live_calls.claim(session, now, now + 120_000_000, {}, 2, 10)

    during = run(database, at(1) + timedelta(seconds=60))
    afterwards = run(database, at(1) + timedelta(seconds=130))
    with writing(database) as session:
        too_late = live_calls.settle(session, taken, "queued", now=now)

    assert (during, afterwards, too_late) == (0, 1, False)
    assert call_counts(database) == {"done": 1}


def test_somebody_who_was_thought_dead_does_not_settle_a_call_that_another_makes(
    own_database: Engine, listener: Listener
) -> None:
    order(shop_calling(own_database, listener.address), "ada", 1)
    now, until = 1_000_000, 2_000_000
    with writing(own_database) as session:
        ids = live_calls.fresh_calls(session, 10)
        live_calls.note_hosts(session, {ids[0][0]: "127.0.0.1"}, now)
        (first,) = live_calls.claim(session, now, until, {}, 2, 10)
        (second,) = live_calls.claim(session, until, until * 2, {}, 2, 10)

        by_first = live_calls.settle(session, first, "queued", now=until)
        by_second = live_calls.settle(session, second, "done", now=until)

    assert (by_first, by_second) == (False, True)


def test_callers_at_once_make_each_call_once(database: Engine, listener: Listener) -> None:
    shop = shop_calling(database, listener.address)
    for number in range(12):
        order(shop, "ada" if number % 2 else "bob", 1 + number / 100)

    threads = [threading.Thread(target=run, args=(database, at(2))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(listener.ids()) == sorted(set(listener.ids()))
    assert len(listener.told) == 12
    assert call_counts(database) == {"done": 12}


def test_no_call_is_made_for_a_sandbox_for_who_is_held_out_or_after_a_stop(
    own_database: Engine, listener: Listener
) -> None:
    shop = Shop(own_database, "ada")
    step = {"id": "call", "kind": "webhook", "url": listener.address}
    shop.launch(name="A", trigger=ORDER, steps=[step], mode=LaunchMode.SANDBOX)
    shop.launch(name="B", trigger=ORDER, steps=[step], holdout=0.9999)
    launched = shop.launch(name="C", trigger=ORDER, steps=[step])
    order(shop, "ada", 1)
    stop(own_database, launched.id, at=at(1))

    run(own_database, at(2))

    with own_database.connect() as connection:
        found = connection.execute(text("SELECT state, answer FROM live_effects")).all()
    assert listener.told == []
    assert {tuple(row) for row in found} == {
        ("withheld", "sandbox"),
        ("withheld", "holdout"),
        ("withheld", "stopped"),
    }


def test_a_paused_launch_calls_nobody_until_it_is_resumed(
    own_database: Engine, listener: Listener
) -> None:
    shop = Shop(own_database, "ada")
    steps = [{"id": "call", "kind": "webhook", "url": listener.address}]
    launched = shop.launch(trigger=ORDER, steps=steps)
    order(shop, "ada", 1)
    pause(own_database, launched.id, at=at(1))

    while_paused = run(own_database, at(2))
    resume(own_database, launched.id, at=at(3))
    afterwards = run(own_database, at(3))

    assert (while_paused, afterwards) == (0, 1)


def test_an_address_in_a_private_network_is_given_up_at_once(own_database: Engine) -> None:
    with listening() as listener:
        order(shop_calling(own_database, listener.address), "ada", 1)

        run(own_database, at(1), allowed=())

    assert listener.told == []
    (dead,) = dead_calls(own_database)
    assert "Port" in dead.reason


def test_the_evaluators_process_makes_the_calls(
    home: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REHEARSAL_ALLOW_PRIVATE_WEBHOOKS", "127.0.0.1")
    order(shop_calling(bootstrap.database(), listener.address), "ada", 1)
    (calling,) = [errand for errand in bootstrap.errands() if errand.name == "calling"]

    counts = [calling.run(at(2)), calling.run(at(2))]

    assert counts == [1, 0]
    assert len(listener.told) == 1
