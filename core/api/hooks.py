"""The route by which other systems call us; who they are is found out behind it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import BoundedSemaphore

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.api.bodies import read_body
from core.api.limits import Limits
from core.api.refusals import Refused, unavailable
from core.domain.hooks import HookAnswer, HookCall

logger = logging.getLogger(__name__)

# Bodies that are on their way, and calls that are being taken in.
READ_AT_ONCE, TAKEN_AT_ONCE = 200, 8

Routes = list[Route]


def hook_routes(
    take: Callable[[HookCall], HookAnswer],
    clock: Callable[[], datetime],
    public_url: Callable[[], str],
    limits: Limits | None = None,
) -> Routes:
    """Give the route; `public_url` is under which address we are known, or ""."""
    bounds = limits or Limits()
    arriving, taken = BoundedSemaphore(READ_AT_ONCE), BoundedSemaphore(TAKEN_AT_ONCE)

    async def called(request: Request) -> Response:
        try:
            with _place(arriving):
                body = await read_body(request, bounds, most=bounds.batch_size)
            # Whoever sends slowly must not keep those out who are ready.
            with _place(taken):
                return await run_in_threadpool(answered, request, body)
        except Refused as refused:
            return refused.response
        except Exception:
            logger.exception("a webhook failed", extra={"path": request.url.path})
            return unavailable(bounds.retry_after).response

    def answered(request: Request, body: bytes) -> Response:
        answer = take(_call(request, body, clock(), public_url()))
        headers = {"Cache-Control": "no-store"}
        return Response(answer.body, answer.status, headers, answer.media_type)

    return [Route("/v1/hooks/{source}", called, methods=["POST"])]


@contextmanager
def _place(places: BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise Refused(429, "too_many_requests", "too many calls at once", retry_after=2)
    try:
        yield
    finally:
        places.release()


def _call(request: Request, body: bytes, received_at: datetime, public_url: str) -> HookCall:
    path = request.url.path
    host = request.headers.get("host", "")
    known = [f"{public_url.rstrip('/')}{path}"] if public_url else []
    return HookCall(
        source=request.path_params["source"],
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.query_params),
        body=body,
        # Behind a proxy that ends TLS, a request looks as if it came by http.
        urls=(*known, f"https://{host}{path}", f"http://{host}{path}"),
        received_at=received_at,
    )
