"""Why a request or a message is not taken, and what is answered."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

# Write keys, not cookies, say who may send: pages of every origin may read the answer.
CORS = {"Access-Control-Allow-Origin": "*"}


class Refused(Exception):
    """A request that is not taken: the status, a code for programs, a sentence for people."""

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


def accepted(content: Mapping[str, object]) -> Response:
    """Answer a request that was stored."""
    return JSONResponse({"success": True, **content}, headers=CORS)


def invalid(message: str) -> Refused:
    """Refuse what cannot be read."""
    return Refused(400, "invalid_request", message)


def too_large(message: str) -> Refused:
    """Refuse what is larger than we take."""
    return Refused(413, "payload_too_large", message)


def unauthorized(message: str) -> Refused:
    """Refuse a request without a valid write key."""
    return Refused(401, "unauthorized", message)


def unavailable(retry_after: int) -> Refused:
    """Ask to send again, because nothing could be stored just now."""
    said = "the events could not be stored just now; send them again"
    return Refused(503, "unavailable", said, retry_after=retry_after)
