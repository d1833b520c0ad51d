"""The door of the dashboard: who reaches it at all, and what its answers allow a browser to do.

The routes of the API pass; they have keys and signatures of their own. Where none of them answers,
the dashboard does not answer either.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.domain.reachable import Reach, is_loopback

# What events, mails and other systems come by.
API_PATHS = ("/v1/", "/beacon/", "/t/")
HEALTH = "/healthz"
# How much memory each part takes, by name: nobody's business outside.
_INSIDE = ("_stcore/metrics", "_stcore/script-health-check")
_UPLOAD = "_stcore/upload_file/"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
# Nobody else's page may show ours in a frame and have people click on what they do not see; and
# were something of a customer's ever shown as markup, its scripts would not run. Images come from
# everywhere, because previews of e-mails show a shop's.
_OF_STREAMLIT = "'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='"  # one line, for robots
_POLICY = {
    "default-src": "'self' data: blob:",
    "script-src": f"'self' blob: {_OF_STREAMLIT}",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "* data: blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_NOTHING = {
    "success": False,
    "code": "not_found",
    "message": "there is nothing to get here; events are posted, such as to /v1/track or /v1/batch",
}
MEND = (
    "This dashboard is open without sign-in, and only for the computer that it runs on. "
    "Set up sign-in (docs/guide.md, “Who may come in”) to reach it from elsewhere.\n"
)


def door(reach: Reach, is_let_in: Callable[[str], bool], *, is_https: bool = False) -> Middleware:
    """Give the door, as a server puts it in front of everything; `is_let_in` knows sessions.

    With `is_https` people reach us by https alone, and no cookie ever leaves otherwise.
    """
    return Middleware(Door, reach=reach, is_let_in=is_let_in, is_https=is_https)


@dataclass(frozen=True, slots=True)
class Door:
    """Lets requests through to `app`; `is_let_in` knows sessions of people who are signed in."""

    app: ASGIApp
    reach: Reach
    is_let_in: Callable[[str], bool]
    is_https: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or say why not."""
        path = scope.get("path", "")
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif is_api(path):
            await self.app(scope, receive, _without_pages(scope, receive, send))
        elif self.reach is Reach.THIS_COMPUTER and not _is_from_here(scope):
            await _refuse(MEND, 403, scope, receive, send)
        elif self._is_closed(path):
            await _refuse("There is nothing here for you.\n", 404, scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send, is_https=self.is_https))

    def _is_closed(self, path: str) -> bool:
        """Say whether Streamlit would answer here without asking who it is."""
        if path.rstrip("/").endswith(_INSIDE):
            return True
        _, is_upload, rest = path.partition(_UPLOAD)
        session = rest.partition("/")[0]
        return bool(is_upload) and self.reach is Reach.SIGNED_IN and not self.is_let_in(session)


def is_api(path: str) -> bool:
    """Say whether a path is one of the API's."""
    return path == HEALTH or path.startswith(API_PATHS)


def _is_from_here(scope: Scope) -> bool:
    """Say whether a request came to a loopback address, by a loopback name, through no proxy.

    The name matters: a page anywhere may have its own name lead to this computer, and would then
    speak to the dashboard as if it were ours.
    """
    headers = Headers(scope=scope)
    server = scope.get("server")
    came_to = is_loopback(server[0]) if server else True
    host = headers.get("host")
    by_name = host is None or is_loopback(_name_in(host))
    return came_to and by_name and not any(name in headers for name in _FORWARDED)


def _name_in(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _refuse(said: str, status: int, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    answer = PlainTextResponse(said, status, {**HEADERS, "Cache-Control": "no-store"})
    await answer(scope, receive, send)


def _without_pages(scope: Scope, receive: Receive, send: Send) -> Send:
    """Say that nothing is there where the dashboard would show its page in place of the API.

    It does at any address, with status 200: whoever sends events would take them for stored, as
    after a redirect to https, which makes many clients ask with GET what they had posted.
    """
    is_kept_back = False

    async def send_answer(message: Message) -> None:
        nonlocal is_kept_back
        if message["type"] == "http.response.start" and _is_page_of_dashboard(message):
            is_kept_back = True
            await JSONResponse(_NOTHING, 404)(scope, receive, send)
        elif not is_kept_back:
            await send(message)

    return send_answer


def _is_page_of_dashboard(start: Message) -> bool:
    """Say whether a page is the dashboard's: each of our own says what it may do."""
    headers = Headers(raw=start["headers"])
    is_page = headers.get("content-type", "").startswith("text/html")
    return is_page and "content-security-policy" not in headers


def _with_headers(send: Send, *, is_https: bool) -> Send:
    """Add headers to an answer, where it does not set them itself, and keep its cookies to https.

    Streamlit does not mark its cookies so, because it does not know who ends TLS in front of it.
    """

    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if is_https:
                message["headers"] = [_secured(*header) for header in message["headers"]]
        await send(message)

    return send_with


def _secured(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    is_bare = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; Secure" if is_bare else value
