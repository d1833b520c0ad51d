"""The script that pages load: built once, named by its content, kept by browsers for an hour."""

import gzip
from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/v1/snippet.js"
BUILT = Path(__file__).resolve().parent / "snippet" / "built" / "snippet.js"
_HEADERS = {
    "Access-Control-Allow-Origin": "*",  # for pages that name its hash
    "Cache-Control": "public, max-age=3600",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


def snippet_route() -> Route:
    """Give the route of the script."""
    return Route(PATH, _serve, methods=["GET"])


async def _serve(request: Request) -> Response:
    plain, packed, tag = _read()
    headers = {**_HEADERS, "ETag": tag}
    if tag in [one.strip().removeprefix("W/") for one in _asked(request, "if-none-match")]:
        return Response(status_code=304, headers=headers)
    encodings = [one.partition(";")[0].strip() for one in _asked(request, "accept-encoding")]
    if "gzip" in encodings:
        headers, plain = {**headers, "Content-Encoding": "gzip"}, packed
    return Response(plain, headers=headers, media_type="text/javascript")


def _asked(request: Request, header: str) -> list[str]:
    return request.headers.get(header, "").split(",")


@cache
def _read() -> tuple[bytes, bytes, str]:
    plain = BUILT.read_bytes()
    return plain, gzip.compress(plain, mtime=0), f'"{sha256(plain).hexdigest()[:24]}"'
