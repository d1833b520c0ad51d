"""Who is let in, how much at once, and what everybody is answered."""

import gzip
import itertools
import json
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.api.limits import Limits
from core.services.write_keys import create_key, revoke_key
from tests.api.asking import NOW, Shop, asked, awaited, basic, packed

CALL = {"userId": "ann", "event": "Bought", "messageId": "m1"}


def call_of(size: int) -> bytes:
    """Write a call of exactly so many bytes."""
    empty = len(json.dumps({**CALL, "properties": {"text": ""}}))
    return json.dumps({**CALL, "properties": {"text": "x" * (size - empty)}}).encode()


@pytest.mark.parametrize(
    "said",
    [
        {"writeKey": "KEY", **CALL},
        {"writeKey": "KEY", "batch": [{"type": "track", **CALL}]},
        {"batch": [{"type": "track", "writeKey": "KEY", **CALL}]},
    ],
)
def test_browsers_write_the_key_into_the_body(shop: Shop, said: dict[str, object]) -> None:
    path = "/v1/b" if "batch" in said else "/v1/t"
    body = json.dumps(said).replace("KEY", shop.key).encode()

    answer = shop.post(path, body, key=None, headers={"content-type": "text/plain"})

    assert answer.status == 200
    assert shop.events() == [("ann", "Bought")]
    assert "writeKey" not in shop.properties()[0]


def test_beacons_write_the_key_into_the_address(shop: Shop) -> None:
    said = {"batch": [{"type": "track", **CALL}]}

    answer = shop.post(f"/beacon/v1/batch?writeKey={shop.key}", said, key=None)

    assert answer.status == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ???",
        "Basic /////",
        "Bearer KEY",
        basic(""),
        basic("nonsense"),
        basic("\N{SNOWMAN}"),
    ],
)
def test_without_a_valid_key_nothing_is_taken(shop: Shop, header: str) -> None:
    sent = {"authorization": header.replace("KEY", shop.key)} if header else {}

    answer = shop.post("/v1/track", CALL, headers=sent, key=None)

    assert (answer.status, answer.said["code"]) == (401, "unauthorized")
    assert shop.events() == []


@pytest.mark.parametrize("key", [5, None, [], "", "wk_wrong", "\ud83d"])
def test_a_wrong_key_in_the_body_opens_nothing(shop: Shop, key: object) -> None:
    assert shop.post("/v1/track", {**CALL, "writeKey": key}, key=None).status == 401


def test_a_wrong_key_in_the_header_is_not_mended_by_one_in_the_body(shop: Shop) -> None:
    answer = shop.post("/v1/track", {**CALL, "writeKey": shop.key}, key="wrong")

    assert answer.status == 401


def test_a_revoked_key_opens_nothing_within_seconds(shop: Shop) -> None:
    shop.track("ann", "Bought", "m1")
    revoke_key(shop.database, "shop", revoked_at=NOW)
    shop.clock.move(timedelta(seconds=6))

    assert shop.post("/v1/track", CALL).status == 401


def test_a_new_key_opens_within_a_second(shop: Shop) -> None:
    assert shop.post("/v1/track", CALL, key="other").status == 401
    key = create_key(shop.database, "app", created_at=NOW)
    shop.clock.move(timedelta(seconds=1))

    assert shop.post("/v1/track", CALL, key=key).status == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "image/gif"])
def test_what_a_body_is_called_does_not_matter(shop: Shop, kind: str) -> None:
    answer = shop.post("/v1/track", CALL, headers={"content-type": kind} if kind else {})

    assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"content-encoding": "gzip", "content-type": "application/json"},
        {"content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded"},
        {"content-encoding": "GZIP"},
        {"content-type": "application/x-www-form-urlencoded"},
        {},
    ],
)
def test_gzip_is_unpacked_whatever_it_is_called(shop: Shop, headers: dict[str, str]) -> None:
    answer = shop.post("/v1/track", packed(CALL), headers=headers)

    assert answer.status == 200
    assert shop.events() == [("ann", "Bought")]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (packed(CALL)[:-9], "gzip"),
        (packed(CALL) + packed(CALL), "gzip"),
        (packed(CALL) + b"more", "gzip"),
        (b"\x1f\x8b nonsense", ""),
        (json.dumps(CALL).encode(), "gzip"),
        (zlib.compress(b"{}"), "deflate"),
        (b"{}", "br"),
        (b"", ""),
        (b"", "gzip"),
        (b"{", ""),
        (b"nonsense", ""),
        (b"5", ""),
        (b"[]", ""),
        (b'"text"', ""),
        (b"null", ""),
        (b'{"a": 1}{"a": 2}', ""),
        (b'{"userId": "\xff"}', ""),
        ('{"userId": "a", "event": "x"}'.encode("utf-16"), ""),
        (b'{"userId": "a\tb", "event": "x"}', ""),
        (b'{"userId": ' + b"9" * 5_000 + b', "event": "x"}', ""),
        (b"data=" + json.dumps(CALL).encode(), ""),
    ],
    ids=itertools.count(),
)
def test_a_body_that_cannot_be_read_is_refused(shop: Shop, body: bytes, encoding: str) -> None:
    answer = shop.post("/v1/track", body, headers={"content-encoding": encoding})

    assert (answer.status, answer.said["code"]) == (400, "invalid_request")
    assert len(answer.said["message"]) < 200


def test_a_byte_order_mark_is_no_obstacle(shop: Shop) -> None:
    assert shop.post("/v1/track", b"\xef\xbb\xbf" + json.dumps(CALL).encode()).status == 200


def test_a_call_may_be_32_kb_and_no_more(shop: Shop) -> None:
    most = 32 * 1024

    assert shop.post("/v1/track", call_of(most)).status == 200
    for body in (call_of(most + 1), gzip.compress(call_of(most + 1))):
        answer = shop.post("/v1/track", body)
        assert (answer.status, answer.said["code"]) == (413, "payload_too_large")


def test_a_body_that_says_it_is_too_large_is_not_read(shop: Shop) -> None:
    answer = shop.post("/v1/track", CALL, headers={"content-length": "999999"})

    assert answer.status == 413


def test_a_batch_may_be_500_kb_of_messages_of_32_kb(shop: Shop) -> None:
    small = [
        {"type": "track", "userId": "a", "event": "x", "properties": {"text": "ä" * 12_000}}
        for _ in range(20)
    ]
    batch = {"batch": small}

    assert shop.post("/v1/batch", json.dumps(batch, ensure_ascii=False).encode()).status == 200
    assert shop.post("/v1/batch", {"batch": small * 2}).status == 413


def test_a_message_of_a_batch_that_is_too_large_is_left_out(shop: Shop) -> None:
    small = {"type": "track", "userId": "a", "event": "x"}
    large = {**small, "properties": {"text": "x" * 33_000}}

    answer = shop.post("/v1/batch", {"batch": [small, large]})

    assert answer.status == 200
    assert [r["reason"] for r in answer.said["rejected"]] == ["the message is larger than 32 KB"]
    assert shop.post("/v1/batch", {"batch": [large]}).status == 413


def test_a_batch_may_hold_2500_messages_and_no_more(shop: Shop) -> None:
    one = {"type": "track", "userId": "a", "event": "x"}

    assert shop.post("/v1/batch", {"batch": [one] * 2_500}).status == 200
    assert shop.post("/v1/batch", {"batch": [one] * 2_501}).status == 413
    assert len(shop.events()) == 2_500


def test_a_gzip_bomb_is_refused_before_it_unfolds(shop: Shop) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    tracemalloc.start()

    answer = shop.post("/v1/batch", bomb)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(bomb) < 100_000
    assert answer.status == 413
    assert most < 5_000_000


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_endless_nesting_is_refused(shop: Shop, opening: str) -> None:
    closing = "]" if opening == "[" else "1}"
    depth = 5_000
    body = (opening * depth + closing.replace("1", "") * depth).encode()

    answer = shop.post("/v1/batch", b'{"batch": ' + body + b"}")

    assert answer.status == 400


@pytest.mark.parametrize("leaf", ["1", r'"\u0000"'])
def test_no_depth_of_nesting_is_asked_to_be_sent_again(shop: Shop, leaf: str) -> None:
    fine = '{"type": "track", "userId": "a", "event": "fine", "messageId": "m"}'
    padding = "x" * 33_000  # only of large ones the size is looked at

    def sent(depth: int) -> int:
        nested = "[" * depth + leaf + "]" * depth
        deep = f'{{"type": "page", "userId": "a", "properties": {nested}, "x": "{padding}"}}'
        return shop.post("/v1/batch", f'{{"batch": [{fine}, {deep}]}}'.encode()).status

    statuses = [sent(depth) for depth in (100, 300, 500, 700, *range(900, 1_000, 5))]

    assert set(statuses) <= {200, 400}
    assert statuses[:4] == [200] * 4
    assert shop.events() == [("a", "fine")]


def test_deep_nesting_refuses_the_message_alone(shop: Shop) -> None:
    def nested(depth: int) -> object:
        return {"a": [nested(depth - 2)]} if depth > 0 else 1

    deep = {"type": "track", "userId": "a", "event": "deep", "properties": nested(34)}
    fine = {"type": "track", "userId": "a", "event": "fine", "properties": nested(32)}

    answer = shop.post("/v1/batch", {"batch": [deep, fine]})

    assert [r["reason"] for r in answer.said["rejected"]] == ["'properties' is nested too deeply"]
    assert shop.events() == [("a", "fine")]


def test_pages_of_any_origin_may_ask_first(shop: Shop) -> None:
    wants = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "anonymousid,authorization,content-type,sentat",
    }
    answer = awaited(asked(shop.app, "OPTIONS", "/v1/batch", wants))

    allowed = answer.headers["access-control-allow-headers"].replace(" ", "").split(",")
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"anonymousid", "authorization", "content-type", "sentat"} <= set(allowed)
    assert "POST" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize(("key", "status"), [("", 200), ("wrong", 401)])
def test_pages_may_read_the_answer(shop: Shop, key: str, status: int) -> None:
    answer = shop.post("/v1/track", CALL, key=key)

    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, "*")


def test_the_pixel_is_an_event_and_is_never_kept(shop: Shop) -> None:
    asked = f"/v1/pixel.gif?writeKey={shop.key}&event=Seen&userId=ann&messageId=m1&plan=pro%20x"

    answer = shop.get(asked)

    assert answer.status == 200
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.startswith(b"GIF89a")
    assert shop.events("user_id, event, event_id, source") == [("ann", "Seen", "m1", "pixel")]
    assert shop.properties() == [{"plan": "pro x"}]


def test_a_pixel_without_an_event_is_a_view_of_the_page_around_it(shop: Shop) -> None:
    address = f"/v1/pixel.gif?writeKey={shop.key}&anonymousId=x"

    shop.get(address, {"referer": "https://shop.example/a"})

    assert shop.events() == [("anon:x", "page")]
    assert shop.properties() == [{"url": "https://shop.example/a"}]


@pytest.mark.parametrize(
    ("query", "status"),
    [("writeKey=wrong&userId=a", 401), ("userId=a", 401), ("writeKey=KEY", 400)],
)
def test_a_refused_pixel_is_still_an_image(shop: Shop, query: str, status: int) -> None:
    answer = shop.get(f"/v1/pixel.gif?{query.replace('KEY', shop.key)}")

    assert answer.status == status
    assert answer.body.startswith(b"GIF89a")
    assert answer.headers["cache-control"] == "no-store"
    assert shop.events() == []


def test_looking_at_the_headers_of_the_pixel_is_no_event(shop: Shop) -> None:
    path = f"/v1/pixel.gif?writeKey={shop.key}&userId=ann"

    answer = awaited(asked(shop.app, "HEAD", path, {}))

    assert answer.status == 200
    assert shop.events() == []


def test_health_is_that_of_the_database(shop: Shop) -> None:
    healthy = shop.get("/healthz")
    shop.database.dispose()
    Path(str(shop.database.url.database)).write_bytes(b"no database" * 1_000)
    broken = shop.get("/healthz")

    assert (healthy.status, healthy.said) == (200, {"status": "ok"})
    assert broken.status == 503


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
def test_a_get_takes_nothing(shop: Shop, path: str) -> None:
    assert shop.get(f"{path}?writeKey={shop.key}&userId=a&event=x").status == 405


def test_limits_may_be_set(shop_with: Callable[..., Shop]) -> None:
    shop = shop_with(limits=Limits(batch_count=1))

    assert shop.post("/v1/batch", {"batch": [1, 2]}).status == 413
