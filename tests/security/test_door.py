"""The door of the dashboard, as somebody outside tries it."""

from typing import Any

import pytest
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api import pages
from core.api.door import Door, is_api
from core.api.pages import Sender
from core.domain.reachable import Reach, is_loopback
from tests.api.asking import awaited

LET_IN = "1b4e28ba"


async def dashboard(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer everything, as Streamlit does."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    headers = [(b"set-cookie", b"_streamlit_user=x; HttpOnly")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"dashboard"})


def knocked(
    reach: Reach,
    path: str = "/",
    *,
    headers: dict[str, str] | None = None,
    came_to: str = "127.0.0.1",
    kind: str = "http",
    method: str = "GET",
    is_https: bool = False,
    app: ASGIApp = dashboard,
) -> list[Message]:
    """Ask the door for a path, and give what it sends."""
    sent: list[Message] = []
    said = {"host": "localhost:8501", **(headers or {})}
    scope: dict[str, Any] = {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
        "server": (came_to, 8501),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    awaited(Door(app, reach, LET_IN.__eq__, is_https)(scope, receive, send))  # type: ignore[arg-type]  # a coroutine function is called
    return sent


def status(*args: Any, **kwargs: Any) -> int:
    return int(knocked(*args, **kwargs)[0]["status"])


def test_the_own_computer_comes_in() -> None:
    assert status(Reach.THIS_COMPUTER) == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "127.0.0.1.evil.example"])
def test_a_page_that_has_its_name_lead_here_does_not_come_in(host: str) -> None:
    assert status(Reach.THIS_COMPUTER, headers={"host": host}) == 403


@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host"])
def test_what_a_proxy_passes_on_from_elsewhere_does_not_come_in(name: str) -> None:
    assert status(Reach.THIS_COMPUTER, headers={name: "203.0.113.7"}) == 403


def test_a_server_bound_to_more_than_it_was_started_for_lets_nobody_in() -> None:
    assert status(Reach.THIS_COMPUTER, came_to="192.0.2.2") == 403


def test_neither_does_a_socket_of_the_same_page() -> None:
    sent = knocked(
        Reach.THIS_COMPUTER, "/_stcore/stream", kind="websocket", headers={"host": "evil.example"}
    )

    assert [message["type"] for message in sent] == ["websocket.close"]


def test_events_come_in_from_everywhere() -> None:
    for path in ("/v1/track", "/v1/pixel.gif", "/t/c/token", "/healthz"):
        assert status(Reach.THIS_COMPUTER, path, headers={"host": "shop.example"}) == 200


@pytest.mark.parametrize("path", ["/v1", "/_stcore/stream", "/vault", "/t", "//v1/track", ""])
def test_only_the_api_is_the_api(path: str) -> None:
    assert not is_api(path)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_no_page_of_the_dashboard_stands_in_for_the_api(method: str) -> None:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await HTMLResponse("dashboard")(scope, receive, send)

    sent = knocked(Reach.SIGNED_IN, "/v1/track", method=method, app=served)

    assert [message.get("status") for message in sent] == [404, None]
    assert b"events are posted" in sent[1]["body"]


def test_the_apis_own_pages_are_shown() -> None:
    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await pages.gone(Sender())(scope, receive, send)

    sent = knocked(Reach.SIGNED_IN, "/t/u/token", app=served)

    assert sent[0]["status"] == 404
    assert b"<h1>" in sent[1]["body"]


def test_who_is_asked_to_sign_in_may_come_from_everywhere() -> None:
    assert status(Reach.SIGNED_IN, headers={"host": "rehearsal.example.com"}) == 200


def test_nobody_uploads_who_was_not_let_in() -> None:
    path = "/_stcore/upload_file/{}/file"

    assert status(Reach.SIGNED_IN, path.format("somebody"), method="PUT") == 404
    assert status(Reach.SIGNED_IN, "/base" + path.format("somebody"), method="PUT") == 404
    assert status(Reach.SIGNED_IN, path.format(LET_IN), method="PUT") == 200


@pytest.mark.parametrize("reach", Reach)
def test_nobody_outside_is_told_of_the_inside(reach: Reach) -> None:
    assert status(reach, "/_stcore/metrics") == 404
    assert status(reach, "/_stcore/metrics/") == 404
    assert status(reach, "/base/_stcore/metrics") == 404


def test_no_page_elsewhere_may_show_the_dashboard_in_a_frame() -> None:
    (start, _body) = knocked(Reach.SIGNED_IN)

    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("is_https", "cookie"),
    [
        (True, b"_streamlit_user=x; HttpOnly; Secure"),
        (False, b"_streamlit_user=x; HttpOnly"),
    ],
)
def test_who_signs_in_by_https_is_not_recognised_otherwise(is_https: bool, cookie: bytes) -> None:
    (start, _body) = knocked(Reach.SIGNED_IN, is_https=is_https)

    assert dict(start["headers"])[b"set-cookie"] == cookie


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "LOCALHOST", "a.localhost"]
)
def test_a_computer_knows_its_names(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize(
    "name", ["", "0.0.0.0", "::", "192.0.2.2", "localhost.evil.example", "1", "unix:///run/r.sock"]
)
def test_a_name_of_others_is_none_of_them(name: str) -> None:
    assert not is_loopback(name)
