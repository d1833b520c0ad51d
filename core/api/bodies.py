"""From the bytes of a request to JSON, bounded at every step."""

import asyncio
import json
import math
import re
import zlib
from typing import Any

from starlette.requests import ClientDisconnect, Request

from core.api.limits import Limits
from core.api.refusals import Refused, invalid, too_large

_GZIP = b"\x1f\x8b"  # no JSON begins like this
_ZLIB_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS
# Only written like this can JSON hold NUL and halves of characters, which no database takes.
_NO_TEXT_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
NO_TEXT = re.compile("[\0\ud800-\udfff]")
SUBSTITUTE = "\N{REPLACEMENT CHARACTER}"
# Nothing that lies deeper is ever kept: see `Limits.depth`.
_DEEPEST_KEPT = 100


async def read_body(request: Request, limits: Limits, *, most: int) -> bytes:
    """Read and unpack a body of at most `most` bytes; raises Refused."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise invalid(f"the content encoding {encoding[:40]!r} is not known; use gzip or none")
    try:
        async with asyncio.timeout(limits.body_wait):
            raw = await _read(request, most)
    except TimeoutError as error:
        raise Refused(408, "timeout", "the request did not arrive in time") from error
    except ClientDisconnect as error:
        raise invalid("the request ended before its body did") from error
    return _unpacked(raw, most) if encoding.endswith("gzip") or raw[:2] == _GZIP else raw


async def _read(request: Request, most: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > most:
        raise _larger_than(most)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _larger_than(most)
        parts.append(part)
    return b"".join(parts)


def _unpacked(raw: bytes, most: int) -> bytes:
    """Unpack gzip, but never more than asked: a few bytes may unfold to gigabytes."""
    unpacking = zlib.decompressobj(_ZLIB_WITH_GZIP_HEADER)
    try:
        body = unpacking.decompress(raw, most + 1)
    except zlib.error as error:
        raise invalid("the body is no valid gzip") from error
    if len(body) > most:
        raise _larger_than(most)
    if not unpacking.eof or unpacking.unused_data:
        raise invalid("the body is no valid gzip: it ends too early or too late")
    return body


def _larger_than(most: int) -> Refused:
    return too_large(f"the body is larger than {most >> 10} KB; send less at once")


def parse_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; raises Refused.

    Numbers that are infinite or none become null, a missing value; characters that are none are
    replaced: a cut-off emoji in a title must not cost a purchase.
    """
    try:
        text = body.decode("utf-8-sig")
        found = json.loads(text, parse_constant=_nothing, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise invalid("the body is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise invalid(f"the body is no JSON: {error}") from error
    except ValueError as error:  # whole numbers of thousands of digits
        raise invalid("the body holds a number that is too long") from error
    except RecursionError as error:
        raise invalid("the JSON is nested too deeply") from error
    if not isinstance(found, dict):
        raise invalid("the body is no JSON object; send one, such as a track call")
    return _mended(found, _DEEPEST_KEPT) if _NO_TEXT_ESCAPED.search(body) else found


def _nothing(_constant: str) -> None:
    return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _mended(value: Any, left: int) -> Any:
    if isinstance(value, str):
        return NO_TEXT.sub(SUBSTITUTE, value)
    if not left:
        return value
    if isinstance(value, dict):
        return {_mended(key, 0): _mended(member, left - 1) for key, member in value.items()}
    if isinstance(value, list):
        return [_mended(member, left - 1) for member in value]
    return value
