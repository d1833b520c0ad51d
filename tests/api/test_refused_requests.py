"""Requests that were refused as a whole: the latest are kept for people to find out why."""

from core.api.refusals import invalid
from core.api.refused_requests import KEPT_COUNT, RefusedRequests
from tests.api.asking import NOW, Shop

CALL = {"userId": "ann", "event": "Bought"}


def test_a_wrong_key_is_noted_with_the_page_that_has_it(shop: Shop) -> None:
    shop.post("/v1/t", CALL, key="wrong", headers={"origin": "https://shop.example"})

    (found,) = shop.refused.latest()
    assert (found.at, found.path, found.origin) == (NOW, "/v1/t", "https://shop.example")
    assert found.code == "unauthorized"
    assert "write key is not known" in found.reason
    assert "wrong" not in str(found)


def test_the_latest_come_first_and_few_are_kept() -> None:
    refused = RefusedRequests()

    for number in range(KEPT_COUNT + 5):
        refused.note(invalid(f"no. {number}"), at=NOW, path="/v1/t" * 100, origin=None)

    found = refused.latest()
    assert len(found) == KEPT_COUNT
    assert found[0].reason == f"no. {KEPT_COUNT + 4}"
    assert len(found[0].path) == 200


def test_what_was_taken_or_is_noted_elsewhere_is_not(shop: Shop) -> None:
    shop.post("/v1/t", CALL)
    shop.post("/v1/t", {"userId": "ann"})
    shop.get("/v1/snippet.js")

    assert shop.refused.latest() == []
