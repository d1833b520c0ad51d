"""Whatever is sent: an answer that says what was wrong with it, and never a failure of ours."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.api.routes import PATHS
from tests.api.asking import Shop, asked, awaited, basic

EXPECTED = {200, 400, 401, 413}
SLOW = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
paths = st.sampled_from(sorted(PATHS))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["2026-09-01T00:00:00Z", "0001-01-01", "9999-12-31T23:59:59.999999Z", ""])
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
known = st.sampled_from(
    [
        *("type", "userId", "anonymousId", "previousId", "groupId", "event", "properties"),
        *("traits", "context", "timestamp", "originalTimestamp", "sentAt", "receivedAt"),
        *("messageId", "name", "category", "writeKey", "integrations", "batch"),
    ]
)
contexts = st.dictionaries(
    st.sampled_from(["page", "campaign", "traits", "locale", "timezone"]), values, max_size=5
)
# Some fields as they should be, so that what is wrong with the others is reached.
messages = st.builds(
    lambda fields, kind, some: {**some, **fields, "type": kind},
    st.dictionaries(known, values, max_size=6),
    st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]) | values,
    st.fixed_dictionaries(
        {"userId": st.just("ann") | scalars, "event": st.just("Seen")},
        optional={
            "anonymousId": scalars,
            "previousId": scalars,
            "groupId": scalars,
            "context": contexts,
            "traits": st.dictionaries(
                st.sampled_from(["email", "consent", "timezone", "unsubscribed", "x"]), values
            ),
            "properties": st.dictionaries(st.text(max_size=8), values, max_size=4),
        },
    ),
)


def written(said: object) -> bytes:
    return json.dumps(said).encode()


bodies = (
    st.builds(written, messages)
    | st.builds(lambda batch: written({"batch": batch}), st.lists(messages | values, max_size=5))
    | st.builds(written, values)
    | st.binary(max_size=200)
)


def asks(shop: Shop, path: str, headers: dict[str, str], body: bytes) -> int:
    return awaited(asked(shop.app, "POST", path, headers, body)).status


@SLOW
@given(path=paths, body=bodies)
def test_any_body_gets_an_answer(shop: Shop, path: str, body: bytes) -> None:
    assert asks(shop, path, {"authorization": basic(shop.key)}, body) in EXPECTED


latin = st.text(st.characters(max_codepoint=255, blacklist_characters="\0\r\n"), max_size=40)


@SLOW
@given(
    path=paths,
    headers=st.dictionaries(
        st.sampled_from(
            ["authorization", "content-type", "content-encoding", "content-length", "origin"]
        ),
        latin | st.sampled_from(["Basic Og==", "gzip", "-5", "9" * 30, "\u00b2"]),
    ),
    body=st.binary(max_size=50),
)
def test_any_headers_get_an_answer(
    shop: Shop, path: str, headers: dict[str, str], body: bytes
) -> None:
    assert asks(shop, path, headers, body) in EXPECTED


@settings(SLOW, max_examples=30)
@given(
    query=st.dictionaries(
        st.sampled_from(["userId", "anonymousId", "event", "messageId", "timestamp", "x"]),
        st.text(max_size=20),
    )
)
def test_any_pixel_gets_an_image(shop: Shop, query: dict[str, str]) -> None:
    from urllib.parse import urlencode

    said = urlencode({**query, "writeKey": shop.key}, errors="surrogatepass")

    answer = shop.get(f"/v1/pixel.gif?{said}")

    assert answer.status in EXPECTED
    assert answer.body.startswith(b"GIF89a")
