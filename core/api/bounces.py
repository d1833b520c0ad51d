"""The route by which providers and mail servers report bounces and complaints.

Whoever can report a bounce can end the sending to somebody: a key that every browser can read does
not do, only a server's write key, or the signature of a secret of the source.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.api.bodies import parse_object, read_body
from core.api.keys import key_of_header, key_of_query
from core.api.limits import KILOBYTE, Limits
from core.api.refusals import Refused, invalid, unauthorized
from core.api.routes import Routes
from core.domain.write_keys import Sender

SIGNATURE = "x-rehearsal-signature"
_LIMITS, _LARGEST = Limits(), 1_000 * KILOBYTE
_LONGEST_SOURCE = 40
_LISTS = ("events", "reports", "records")


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceDoor:
    """What the route calls.

    `is_signed` checks the signature of a body by the secret of a source; `take_message` takes a
    report as a mail server writes it, `take_reports` JSON objects. Both give what came of them.
    """

    sender_of: Callable[[str], Sender | None]
    is_signed: Callable[[str, bytes, str], bool]
    take_message: Callable[[str, bytes], Mapping[str, object]]
    take_reports: Callable[[str, list[Mapping[str, object]]], Mapping[str, object]]


def bounce_routes(door: BounceDoor) -> Routes:
    """Give the route of bounces and complaints."""

    async def take(request: Request) -> Response:
        try:
            body = await read_body(request, _LIMITS, most=_LARGEST)
            return await run_in_threadpool(_taken, door, request, body)
        except Refused as refused:
            return refused.response

    return [Route("/v1/bounces/{source}", take, methods=["POST"])]


def _taken(door: BounceDoor, request: Request, body: bytes) -> Response:
    source = _source(request)
    _check_sender(door, request, source, body)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "message/rfc822":
        return _answer(door.take_message(source, body))
    return _answer(door.take_reports(source, _objects(body)))


def _answer(content: Mapping[str, object]) -> Response:
    return JSONResponse({"success": True, **content}, headers={"Cache-Control": "no-store"})


def _source(request: Request) -> str:
    source: str = request.path_params["source"]
    is_plain = all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in source)
    if not is_plain or len(source) > _LONGEST_SOURCE:
        raise invalid("the name of a source is up to 40 letters, digits, - and _")
    return source


def _check_sender(door: BounceDoor, request: Request, source: str, body: bytes) -> None:
    signature = request.headers.get(SIGNATURE)
    if signature is not None:
        if not door.is_signed(source, body, signature):
            raise unauthorized("the signature is not that of this body by this source's secret")
        return
    key = key_of_header(request) or key_of_query(request)
    sender = door.sender_of(key) if key else None
    if sender is None:
        raise unauthorized("send a server's write key, or sign the body with the source's secret")
    if sender.is_public:
        raise Refused(403, "forbidden", "the key of a web page may not report bounces")


def _objects(body: bytes) -> list[Mapping[str, object]]:
    """Read one report, a list of them, or an object that holds one."""
    text = body.lstrip()
    found = parse_object(b'{"reports":' + text + b"}" if text.startswith(b"[") else text)
    held = next((found[name] for name in _LISTS if isinstance(found.get(name), list)), [found])
    objects: list[Mapping[str, object]] = [one for one in held if isinstance(one, dict)]
    if len(objects) < len(held):
        raise invalid("a report has to be an object")
    if len(objects) > _LIMITS.batch_count:
        raise invalid(f"send at most {_LIMITS.batch_count:,} reports at once")
    return objects
