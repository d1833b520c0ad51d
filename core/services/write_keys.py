"""Write keys: made and shown once, revoked, and known again when events come in."""

import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.write_keys import KeyKind, Sender, WriteKey
from core.services.remembering import Remembered
from core.store import write_keys as store
from core.store.database import reading, writing

# What leaks can be seen to be: one of these in a page is meant, one of those is not.
PREFIXES = {KeyKind.SERVER: "wk_", KeyKind.BROWSER: "wb_"}
LONGEST_NAME = 100
MOST_ORIGINS = 50
_KEY_BYTES = 32
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.?)+|\[[0-9a-f:.]+\]")
# How long somebody revoked elsewhere may go on, and how often a wrong key may ask the database.
KNOWN_FOR = timedelta(seconds=5)
ASKED_EVERY = timedelta(seconds=1)
NOTED_EVERY = timedelta(minutes=1)


def create_key(
    database: Engine,
    name: str,
    *,
    created_at: datetime,
    kind: KeyKind = KeyKind.SERVER,
    origins: Sequence[str] = (),
) -> str:
    """Make a write key and give it: only its digest is kept, so it cannot be shown again.

    Pages of other origins than `origins` may not use a browser's key; none allows all of them.
    Raises UnusableInput for a name that cannot be one, or that a key in use has, and for what is
    no origin.
    """
    named = name.strip()
    if not named or len(named) > LONGEST_NAME or not named.isprintable():
        raise UnusableInput(
            f"the name of a write key has 1 to {LONGEST_NAME} printable characters, such as shop"
        )
    pages = _pages(kind, origins)
    key = PREFIXES[kind] + secrets.token_urlsafe(_KEY_BYTES)
    with writing(database) as session:
        store.add_key(session, named, _digest(key), kind=kind, origins=pages, created_at=created_at)
    return key


def revoke_key(database: Engine, name: str, *, revoked_at: datetime) -> WriteKey:
    """Take a write key out of use within seconds; raises UnusableInput if there is none."""
    with writing(database) as session:
        revoked = store.revoke(session, name.strip(), revoked_at=revoked_at)
    if revoked is None:
        raise UnusableInput(f"no write key called {name[:LONGEST_NAME]!r} is in use")
    return revoked


def write_keys(database: Engine) -> list[WriteKey]:
    """List all write keys, the newest first."""
    with reading(database) as session:
        return store.list_keys(session)


def origin_of(address: str) -> str:
    """Give the origin of a page's address, as browsers name it: `https://shop.example`.

    Raises UnusableInput for what is no address.
    """
    wrong = UnusableInput(
        f"{address.strip()[:60]!r} is no address of a website; write it as https://shop.example"
    )
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError as error:
        raise wrong from error
    host = f"[{host}]" if ":" in host else host
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or parts.username:
        raise wrong
    is_usual = port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}" if is_usual else f"{parts.scheme}://{host}:{port}"


def _pages(kind: KeyKind, origins: Sequence[str]) -> list[str]:
    found = sorted({origin_of(address) for address in origins if address.strip()})
    if found and kind is not KeyKind.BROWSER:
        raise UnusableInput("a server's key has no websites; make one for browsers instead")
    if len(found) > MOST_ORIGINS:
        raise UnusableInput(f"a key may name {MOST_ORIGINS} websites, not {len(found)}")
    return found


class KnownKeys:
    """Knows write keys again without asking the database each time."""

    def __init__(self, database: Callable[[], Engine], clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._senders = Remembered(self._active, clock)
        self._noted: dict[str, datetime] = {}

    def sender_of(self, key: str) -> Sender | None:
        """Give who holds a key that is in use, else None; notes that it was used."""
        digest = _digest(key)
        sender = _among(self._senders.get(KNOWN_FOR), digest)
        if sender is None:
            sender = _among(self._senders.get(ASKED_EVERY), digest)
        if sender is not None:
            self._note(sender.name, self._clock())
        return sender

    def name_of(self, key: str) -> str | None:
        """Give the name of a key that is in use, else None; notes that it was used."""
        sender = self.sender_of(key)
        return None if sender is None else sender.name

    def _active(self) -> Sequence[tuple[str, Sender]]:
        with reading(self._database()) as session:
            return store.active_senders(session)

    def _note(self, name: str, now: datetime) -> None:
        noted = self._noted.get(name)
        if noted is not None and now - noted < NOTED_EVERY:
            return
        self._noted[name] = now
        with writing(self._database()) as session:
            store.note_use(session, name, used_at=now)


def _among(known: Sequence[tuple[str, Sender]], wanted: str) -> Sender | None:
    """Compare with all, each in constant time: how long it takes tells nothing of any."""
    found = [sender for digest, sender in known if hmac.compare_digest(digest, wanted)]
    return found[0] if found else None


def _digest(key: str) -> str:
    """Digest a key; it is random enough that nothing slower is needed."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
