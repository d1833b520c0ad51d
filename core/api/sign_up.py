"""The routes of double opt-in: a form of the shop asks, the link of an e-mail confirms."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.api import sign_up_pages
from core.api.bodies import parse_object, read_body
from core.api.keys import key_of_header, key_of_query
from core.api.limits import KILOBYTE, Limits
from core.api.origins import check_origin, origin_of, readable_by
from core.api.pages import Sender as Company
from core.api.refusals import CORS, Refused, accepted, invalid, too_many, unauthorized
from core.api.routes import Routes
from core.domain.errors import UnusableInput
from core.domain.sign_ups import AskedSignUp, SignUpForm
from core.domain.write_keys import Sender

PATH = "/v1/subscribe"
_LIMITS, _LARGEST = Limits(), 16 * KILOBYTE
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS, _MOST_HOSTS = 50, 10_000
_PREFLIGHT = {
    **CORS,
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Max-Age": "86400",
}

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUps:
    """What the routes call; all of it may wait for the database.

    `sign_up` raises UnusableInput; `asked` and `confirm` give None for a link that is none of ours.
    """

    sender_of: Callable[[str], Sender | None]
    sign_up: Callable[[SignUpForm], None]
    asked: Callable[[str], AskedSignUp | None]
    confirm: Callable[[str, str], AskedSignUp | None]
    company: Callable[[], Company]
    clock: Callable[[], datetime]


def sign_up_routes(sign_ups: SignUps) -> Routes:
    """Give the route of forms, and that of the links in the e-mails that ask."""
    return [
        Route(PATH, _taking(sign_ups), methods=["POST", "OPTIONS"]),
        Route("/t/k/{token}", _confirming(sign_ups), methods=["GET", "POST"]),
    ]


def _taking(sign_ups: SignUps) -> Endpoint:
    visitors = _Visitors(sign_ups.clock)

    async def take(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        try:
            body = await read_body(request, _LIMITS, most=_LARGEST)
            is_form = request.headers.get("content-type", "").startswith(_FORM)
            said = _form_fields(body) if is_form else parse_object(body)
            visitors.admit(_host(request))
            return await run_in_threadpool(_taken, sign_ups, request, said, is_form=is_form)
        except Refused as refused:
            return refused.response

    return take


def _taken(
    sign_ups: SignUps, request: Request, said: Mapping[str, Any], *, is_form: bool
) -> Response:
    key = key_of_header(request) or key_of_query(request) or _text(said, "writeKey")
    sender = sign_ups.sender_of(key) if key else None
    if sender is None:
        raise unauthorized("send a write key of this installation as writeKey")
    check_origin(sender, origin_of(request))
    try:
        sign_ups.sign_up(_form(request, said))
    except UnusableInput as error:
        raise invalid(str(error)) from error
    # The same answer for everybody: nobody learns who is known here.
    if is_form and "text/html" in request.headers.get("accept", ""):
        return sign_up_pages.look_into_mailbox(sign_ups.company())
    return accepted({}, readable_by(sender, origin_of(request)))


def _form(request: Request, said: Mapping[str, Any]) -> SignUpForm:
    named = said.get("purposes") or said.get("purpose") or []
    listed = [named] if isinstance(named, str) else named
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise invalid("purposes has to be a list of names")
    form = SignUpForm(
        address=_text(said, "email"),
        anonymous_id=_text(said, "anonymousId"),
        shown=_text(said, "text"),
        page=request.headers.get("referer", "").partition("?")[0],
        host=_host(request),
    )
    if not listed:
        return form
    return SignUpForm(
        address=form.address,
        purposes=tuple(listed),
        anonymous_id=form.anonymous_id,
        shown=form.shown,
        page=form.page,
        host=form.host,
    )


def _confirming(sign_ups: SignUps) -> Endpoint:
    async def answer(request: Request) -> Response:
        token = request.path_params["token"]
        company = await run_in_threadpool(sign_ups.company)
        # Scanners follow every link: only the button of the page changes anything.
        if request.method == "POST":
            asked = await run_in_threadpool(sign_ups.confirm, token, _host(request))
        else:
            asked = await run_in_threadpool(sign_ups.asked, token)
        return sign_up_pages.confirmation(company, asked)

    return answer


class _Visitors:
    """Counts what comes from one address: no person signs up more than ten times a minute."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, list[datetime]] = OrderedDict()

    def admit(self, host: str) -> None:
        """Let a visitor in, or raise Refused."""
        now = self._clock()
        since = now - timedelta(minutes=1)
        recent = [at for at in self._seen.pop(host, []) if at > since]
        self._seen[host] = [*recent, now][-11:]
        if len(self._seen) > _MOST_HOSTS:
            self._seen.popitem(last=False)
        if len(recent) >= 10:
            raise too_many("too many sign-ups from here; try again in a minute", 60)


def _form_fields(body: bytes) -> dict[str, Any]:
    try:
        found = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise invalid("the form cannot be read") from error
    many = {"purposes", "purpose"}
    return {name: values if name in many else values[0] for name, values in found.items()}


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value.replace("\0", "") if isinstance(value, str) else ""


def _host(request: Request) -> str:
    return "" if request.client is None else request.client.host
