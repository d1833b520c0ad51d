"""One call of another system: to the address that was looked at, in bounded time, once."""

import http.client
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from core.live.calling.addresses import NotAllowed, NotFound, Target, found, read_target

TIMEOUT = 10.0  # seconds, for all of a call
MOST_READ = 64 << 10
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a system answered; `retry_after` as it said it."""

    status: int
    retry_after: str | None = None

    @property
    def is_taken(self) -> bool:
        """Say whether the system took what it was told."""
        return 200 <= self.status < 300

    @property
    def said(self) -> str:
        """Say in a sentence what was wrong with it."""
        if self.status in _REDIRECTS:
            return f"It sent us elsewhere (status {self.status}); give the address itself."
        return f"It answered with status {self.status}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Why a call did not come through; `is_final` if it never will."""

    said: str
    is_final: bool = False


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was looked up and found fit, whatever the name says now."""

    def __init__(self, target: Target, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT)
        # The name of the Host header leaves out the port that is usual.
        self.default_port = 443 if context else 80
        self.is_cut = False
        self._address = address
        self._context = context

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), TIMEOUT)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)

    def cut(self) -> None:
        """End the call from another thread: a trickle of bytes never meets a timeout."""
        self.is_cut = True
        if self.sock is not None:
            try:
                # Not the method of TLS, which would take the state away that the reader uses.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
            except OSError:
                return


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Collection[str],
    context: ssl.SSLContext | None = None,
) -> Answered | Failed:
    """Post a body and wait for the answer; `context` replaces the trust in known authorities."""
    try:
        target = read_target(url, allowed)
        address = found(target)
    except NotAllowed as refusal:
        return Failed(said=str(refusal), is_final=True)
    except NotFound as nothing:
        return Failed(said=str(nothing))
    trust = (context or ssl.create_default_context()) if target.scheme == "https" else None
    return _posted(_Connection(target, address, trust), target, body, headers)


def _posted(
    connection: _Connection, target: Target, body: bytes, headers: Mapping[str, str]
) -> Answered | Failed:
    timer = threading.Timer(TIMEOUT, connection.cut)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        response = connection.getresponse()
        if connection.is_cut:
            raise TimeoutError  # what was cut off in its headers looks like an answer
        response.read(MOST_READ)
        return Answered(status=response.status, retry_after=response.getheader("retry-after"))
    except TimeoutError:
        return Failed(said=f"{target.host} did not answer within {TIMEOUT:.0f} seconds.")
    except ssl.SSLCertVerificationError:
        return Failed(said=f"The certificate of {target.host} is not valid for that name.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = f"{target.host} did not answer within {TIMEOUT:.0f} seconds."
        gone = f"{target.host} could not be reached ({type(error).__name__})."
        return Failed(said=late if connection.is_cut else gone)
    finally:
        timer.cancel()
        connection.close()
