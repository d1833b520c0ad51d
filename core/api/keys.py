"""Where a request carries its write key."""

import base64
import binascii

from starlette.requests import Request

from core.api.refusals import unauthorized


def key_of_header(request: Request) -> str | None:
    """Give the user name of basic authorization; None without one. Raises Refused if unreadable."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise unauthorized("send the write key as the user name of basic authorization")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise unauthorized("the basic authorization cannot be read") from error
    return pair.partition(":")[0]


def key_of_query(request: Request) -> str | None:
    """Give the write key of the address, for what can send neither headers nor a body."""
    return request.query_params.get("writeKey")
