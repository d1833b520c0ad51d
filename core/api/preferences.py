"""The routes by which people choose what they get: unsubscribe, and the page with all choices.

Asking for a page changes nothing, whoever asks: scanners follow every link of an e-mail.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.api import pages
from core.api.bodies import read_body
from core.api.limits import KILOBYTE, Limits
from core.api.pages import Sender
from core.api.refusals import Refused
from core.api.routes import Routes
from core.domain.mail_choices import Choices
from core.domain.mail_links import Said
from core.domain.signed_links import LinkPurpose

_LIMITS, _LARGEST = Limits(), 16 * KILOBYTE
_ONE_CLICK = "List-Unsubscribe"  # RFC 8058
_MOST_FIELDS = 100

Endpoint = Callable[[Request], Awaitable[Response]]
Fields = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What the routes call; all of it may wait for the database.

    `read` reads a token made for a purpose, None for a forged one; `choose` is given the names of
    the purposes that stay; `path` gives the path of the page with all choices for a link.
    """

    read: Callable[[LinkPurpose, str], Said | None]
    choices: Callable[[Said], Choices]
    unsubscribe: Callable[[Said], Choices]
    choose: Callable[[Said, Collection[str]], Choices]
    path: Callable[[Said], str]
    sender: Callable[[], Sender]


def preference_routes(preferences: Preferences) -> Routes:
    """Give the routes of the links at the foot of an e-mail, and in its List-Unsubscribe."""
    return [
        Route("/t/u/{token}", _unsubscribe(preferences), methods=["GET", "POST"]),
        Route("/t/p/{token}", _choose(preferences), methods=["GET", "POST"]),
    ]


def _unsubscribe(preferences: Preferences) -> Endpoint:
    def answer(said: Said | None, fields: Fields) -> Response:
        sender = preferences.sender()
        if said is None:
            return pages.gone(sender)
        path = preferences.path(said)
        if fields.get(_ONE_CLICK) == ["One-Click"] or "unsubscribe" in fields:
            return pages.done(sender, preferences.unsubscribe(said), path)
        return pages.ask(sender, preferences.choices(said), path)

    return _endpoint(preferences, LinkPurpose.UNSUBSCRIBE, answer)


def _choose(preferences: Preferences) -> Endpoint:
    def answer(said: Said | None, fields: Fields) -> Response:
        sender = preferences.sender()
        if said is None:
            return pages.gone(sender)
        if "save" in fields:
            choices = preferences.choose(said, frozenset(fields.get("purpose", ())))
            if not choices.is_known:
                return pages.gone(sender)
            return pages.preference_page(sender, choices, is_saved=not choices.is_test)
        return pages.preference_page(sender, preferences.choices(said))

    return _endpoint(preferences, LinkPurpose.PREFERENCES, answer)


def _endpoint(
    preferences: Preferences,
    purpose: LinkPurpose,
    answer: Callable[[Said | None, Fields], Response],
) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            fields = await _fields(request)
        except Refused as refused:
            return refused.response
        token = request.path_params["token"]
        return await run_in_threadpool(lambda: answer(preferences.read(purpose, token), fields))

    return endpoint


async def _fields(request: Request) -> Fields:
    """Read what a form or a mail program posts; nothing of what only asks for a page."""
    if request.method != "POST":
        return {}
    body = (await read_body(request, _LIMITS, most=_LARGEST)).decode("utf-8", "replace")
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        # Mail programs may post their one field this way too.
        has_field = f'name="{_ONE_CLICK}"' in body or f"name={_ONE_CLICK}" in body
        return {_ONE_CLICK: ["One-Click"]} if has_field and "One-Click" in body else {}
    try:
        return parse_qs(body, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
