"""From which pages a request may come, and who may read its answer."""

from starlette.requests import Request

from core.api.refusals import CORS, forbidden
from core.domain.write_keys import Sender


def origin_of(request: Request) -> str | None:
    """Give the origin of the page that sends, if its browser names one: `https://shop.example`."""
    said = request.headers.get("origin")
    if said is not None:
        return said.strip().lower()
    page = request.headers.get("referer", "")
    parts = page.split("/", 3)
    return "/".join(parts[:3]).lower() if len(parts) > 2 and parts[0] in _SCHEMES else None


_SCHEMES = ("http:", "https:")


def check_origin(sender: Sender, origin: str | None) -> None:
    """Raise Refused for a page that may not use the sender's key.

    Whatever names no page is let through: a mail has none, and who writes a program can name any.
    """
    if sender.origins and origin is not None and origin not in sender.origins:
        raise forbidden(
            f"pages of {origin[:100]!r} may not use this write key; name them where it is made"
        )


def readable_by(sender: Sender, origin: str | None) -> dict[str, str]:
    """Give the headers with which the pages that may use a key can read the answer."""
    if not sender.origins:
        return CORS
    allowed = {} if origin is None else {**CORS, "Access-Control-Allow-Origin": origin}
    return {**allowed, "Vary": "Origin"}
