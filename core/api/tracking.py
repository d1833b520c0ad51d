"""The routes behind pictures and links of e-mails: opens, clicks, and the e-mail as a page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from core.api import pages
from core.api.pages import Sender
from core.api.routes import PIXEL, Routes
from core.domain.machines import Visit
from core.domain.mail_links import Said
from core.domain.signed_links import LinkPurpose

_WEB = ("http://", "https://")
_NO_STORE = {
    "Cache-Control": "no-store, private",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
# A browser shows the e-mail as a mail program does: no script, nothing of this site's.
_VIEW = {
    **_NO_STORE,
    "Content-Security-Policy": (
        "default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; "
        "font-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "Referrer-Policy": "no-referrer",
}

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What the routes call; all of it may wait for the database.

    `read` reads a token made for a purpose, None for a forged one; `note` takes an opening or a
    click down; `view` gives the e-mail of a link as HTML, None where there is none any more.
    """

    read: Callable[[LinkPurpose, str], Said | None]
    note: Callable[[LinkPurpose, Said, Visit], None]
    view: Callable[[Said], str | None]
    sender: Callable[[], Sender]


def tracking_routes(tracking: Tracking) -> Routes:
    """Give the routes behind what stands in e-mails."""
    return [
        Route("/t/c/{token}", _click(tracking), methods=["GET"]),
        Route("/t/o/{token}", _opening(tracking), methods=["GET"]),
        Route("/t/v/{token}", _view(tracking), methods=["GET"]),
    ]


def _click(tracking: Tracking) -> Endpoint:
    async def lead_on(request: Request) -> Response:
        said = await _said(tracking, LinkPurpose.CLICK, request)
        if said is None or not said.url.lower().startswith(_WEB):
            return pages.gone(await run_in_threadpool(tracking.sender))
        # Nobody waits for the database; only what was signed is led to.
        noting = BackgroundTask(tracking.note, LinkPurpose.CLICK, said, _visit(request))
        return RedirectResponse(said.url, 302, _NO_STORE, background=noting)

    return lead_on


def _opening(tracking: Tracking) -> Endpoint:
    async def show(request: Request) -> Response:
        said = await _said(tracking, LinkPurpose.OPEN, request)
        if said is None:
            return Response(PIXEL, 404, _NO_STORE, "image/gif")
        noting = BackgroundTask(tracking.note, LinkPurpose.OPEN, said, _visit(request))
        return Response(PIXEL, 200, _NO_STORE, "image/gif", background=noting)

    return show


def _view(tracking: Tracking) -> Endpoint:
    async def show(request: Request) -> Response:
        said = await _said(tracking, LinkPurpose.VIEW, request)
        html = None if said is None else await run_in_threadpool(tracking.view, said)
        if html is None:
            return pages.gone(await run_in_threadpool(tracking.sender))
        return HTMLResponse(html, headers=_VIEW)

    return show


async def _said(tracking: Tracking, purpose: LinkPurpose, request: Request) -> Said | None:
    return await run_in_threadpool(tracking.read, purpose, request.path_params["token"])


def _visit(request: Request) -> Visit:
    return Visit(method=request.method, headers=dict(request.headers))
