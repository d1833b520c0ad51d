"""Somebody leaves a cart before we know who they are: the campaign reaches them all the same."""

from datetime import timedelta

import pytest

from core.domain.campaigns import Campaign
from core.services.live_launches import launch
from core.services.live_questions import outbox
from core.services.live_ticks import tick
from tests.api.asking import NOW, Shop

CART = Campaign.model_validate(
    {
        "name": "Cart",
        "trigger": {
            "kind": "absence",
            "start": {"event": "Added"},
            "unless": {"event": "Bought"},
            "within": "1h",
        },
        "steps": [{"id": "mail", "kind": "send", "template": "cart_recovery"}],
    }
)


def at(shop: Shop, minutes: int) -> None:
    """Let time come, and everything be decided that is due until then."""
    shop.clock.at = NOW + timedelta(minutes=minutes)
    tick(shop.database, shop.clock.at)


def anonymous(shop: Shop, event: str, message: str) -> None:
    call = {"anonymousId": "x", "event": event, "messageId": message}
    assert shop.post("/v1/track", call).status == 200


def identify(shop: Shop) -> None:
    call = {"userId": "ann", "anonymousId": "x", "traits": {"email": "ann@example.com"}}
    assert shop.post("/v1/identify", call).status == 200


def sent(shop: Shop) -> list[tuple[str, str]]:
    return [(message.user_id, message.state) for message in outbox(shop.database)]


@pytest.fixture
def launched(shop: Shop) -> Shop:
    launch(shop.database, CART, launched_at=NOW)
    return shop


@pytest.mark.parametrize("known_after", [0, 10, 59])
def test_a_cart_left_before_signing_in_is_the_users(launched: Shop, known_after: int) -> None:
    at(launched, 1)
    anonymous(launched, "Added", "m1")
    at(launched, 1 + known_after)
    identify(launched)

    at(launched, 90)

    assert sent(launched) == [("ann", "queued")]


def test_a_purchase_after_signing_in_undoes_the_cart_before(launched: Shop) -> None:
    at(launched, 1)
    anonymous(launched, "Added", "m1")
    at(launched, 10)
    identify(launched)
    launched.track("ann", "Bought", "m2")

    at(launched, 90)

    assert sent(launched) == []


def test_who_signs_in_with_a_history_of_their_own_gets_one_mail(launched: Shop) -> None:
    at(launched, 1)
    launched.track("ann", "Seen", "m0")
    at(launched, 5)
    anonymous(launched, "Added", "m1")
    at(launched, 10)
    identify(launched)
    anonymous(launched, "Seen", "m2")

    at(launched, 90)
    at(launched, 300)

    assert sent(launched) == [("ann", "queued")]
