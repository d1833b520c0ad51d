"""Why a request or a message is not taken, and what is answered."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

# Write keys, not cookies, say who may send: pages of every origin may read the answer.
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


class Refused(Exception):
    """A request that is not taken: the status, a code for programs, a sentence for people.

    `is_noted` says that why is kept already, as what was not usable of it.
    """

    is_noted = False

    def __init__(
        self, status: int, code: str, message: str, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        wait = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return {**CORS, **wait}

    @property
    def response(self) -> Response:
        """The answer; the clients of Segment and RudderStack read `code` and `message`."""
        said = {"success": False, "code": self.code, "message": self.message}
        return JSONResponse(said, status_code=self.status, headers=self.headers)


class UnusableMessage(Exception):
    """One message that cannot be used, and why; the others of its batch can."""


def accepted(content: Mapping[str, object], headers: Mapping[str, str]) -> Response:
    """Answer a request that was stored."""
    return JSONResponse({"success": True, **content}, headers=dict(headers))


def invalid(message: str) -> Refused:
    """Refuse what cannot be read."""
    return Refused(400, "invalid_request", message)


def too_large(message: str) -> Refused:
    """Refuse what is larger than we take."""
    return Refused(413, "payload_too_large", message)


def unauthorized(message: str) -> Refused:
    """Refuse a request without a valid write key."""
    return Refused(401, "unauthorized", message)


def forbidden(message: str) -> Refused:
    """Refuse a page that may not use the write key that it has."""
    return Refused(403, "origin_not_allowed", message)


def too_many(message: str, retry_after: int) -> Refused:
    """Ask to send again later, because more comes than we take."""
    return Refused(429, "too_many_requests", message, retry_after=retry_after)


def unavailable(retry_after: int) -> Refused:
    """Ask to send again, because nothing could be stored just now."""
    said = "the events could not be stored just now; send them again"
    return Refused(503, "unavailable", said, retry_after=retry_after)
