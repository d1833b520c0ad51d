"""The routes of the Segment HTTP API, a pixel, and the health of the process."""

import base64
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.api.bodies import NO_TEXT, SUBSTITUTE, read_body
from core.api.gate import Envelope, Gate
from core.api.keys import key_of_header, key_of_query
from core.api.messages import Kind
from core.api.origins import origin_of
from core.api.refusals import CORS, Refused, accepted, unavailable
from core.api.snippet_file import snippet_route

logger = logging.getLogger(__name__)

# The whole names, and the short ones that browsers use.
PATHS: dict[str, Kind | None] = {
    **{f"/v1/{kind}": kind for kind in Kind},
    **{f"/v1/{kind[0]}": kind for kind in Kind},
    **dict.fromkeys(("/v1/batch", "/v1/b", "/beacon/v1/batch")),
}
PREFLIGHT = {
    **CORS,
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "anonymousid, authorization, content-encoding, content-type, sentat"
    ),
    "Access-Control-Max-Age": "86400",
}
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
PIXEL_HEADERS = {**CORS, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_PIXEL_FIELDS = ("userId", "anonymousId", "messageId", "timestamp", "event")

HEALTH = "/healthz"

Routes = list[Route]
Endpoint = Callable[[Request], Awaitable[Response]]


def ingest_routes(gate: Gate) -> Routes:
    """Give the routes by which events come in; `gate` takes them."""
    calls = [
        Route(path, _taking(gate, kind), methods=["POST", "OPTIONS"])
        for path, kind in PATHS.items()
    ]
    return [
        *calls,
        Route("/v1/pixel.gif", _pixel(gate), methods=["GET"]),
        snippet_route(),
        Route(HEALTH, _health(gate), methods=["GET"]),
    ]


def _taking(gate: Gate, kind: Kind | None) -> Endpoint:
    most = gate.limits.batch_size if kind is None else gate.limits.call_size

    async def take(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        envelope = Envelope(
            key=key_of_header(request) or key_of_query(request),
            received_at=gate.clock(),
            origin=origin_of(request),
        )
        with gate.place():
            body = await read_body(request, gate.limits, most=most)
            stored = await gate.take_body(body, kind, envelope)
        told = [
            {"index": one.index, "messageId": one.message_id, "reason": one.reason}
            for one in stored.rejections
        ]
        return accepted({"rejected": told} if told else {}, stored.headers)

    return _answering(gate, take, lambda refused: refused.response)


def _pixel(gate: Gate) -> Endpoint:
    async def take(request: Request) -> Response:
        if request.method == "GET":
            message = _message_of(request)
            kind = Kind.TRACK if "event" in message else Kind.PAGE
            envelope = Envelope(
                key=key_of_query(request),
                received_at=gate.clock(),
                origin=origin_of(request),
                source="pixel",
            )
            with gate.place():
                await gate.take_message(kind, message, envelope)
        return Response(PIXEL, media_type="image/gif", headers=PIXEL_HEADERS)

    def refusal(refused: Refused) -> Response:
        # An image even so: nobody wants the sign of a broken one in their mail.
        headers = {**PIXEL_HEADERS, **refused.headers, "X-Refused": refused.code}
        return Response(PIXEL, refused.status, headers, "image/gif")

    return _answering(gate, take, refusal)


def _message_of(request: Request) -> dict[str, Any]:
    """Read a message from an address: its fields, and whatever else it says as properties."""
    said = {name: NO_TEXT.sub(SUBSTITUTE, text) for name, text in request.query_params.items()}
    message: dict[str, Any] = {name: said.pop(name) for name in _PIXEL_FIELDS if said.get(name)}
    said.pop("writeKey", None)
    page = request.headers.get("referer")
    if page and "event" not in message:
        said.setdefault("url", page)
    return {**message, "properties": said}


def _health(gate: Gate) -> Endpoint:
    async def health(_request: Request) -> Response:
        if await run_in_threadpool(gate.is_healthy):
            return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
        raise unavailable(gate.limits.retry_after)

    return _answering(gate, health, lambda refused: refused.response)


def _answering(gate: Gate, endpoint: Endpoint, refusal: Callable[[Refused], Response]) -> Endpoint:
    """Answer whatever happens: a refusal as it is, and everything unforeseen by "send it again"."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refused:
            if not refused.is_noted and request.url.path != HEALTH:
                gate.refused.note(
                    refused, at=gate.clock(), path=request.url.path, origin=origin_of(request)
                )
            return refusal(refused)
        except Exception:
            logger.exception("a request failed", extra={"path": request.url.path})
            return refusal(unavailable(gate.limits.retry_after))

    return answer
