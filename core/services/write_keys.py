"""Write keys: made and shown once, revoked, and known again when events come in."""

import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Engine

from core.domain.errors import UnusableInput
from core.domain.write_keys import WriteKey
from core.services.remembering import Remembered
from core.store import write_keys as store
from core.store.database import reading, writing

PREFIX = "wk_"
LONGEST_NAME = 100
_KEY_BYTES = 32
# How long somebody revoked elsewhere may go on, and how often a wrong key may ask the database.
KNOWN_FOR = timedelta(seconds=5)
ASKED_EVERY = timedelta(seconds=1)
NOTED_EVERY = timedelta(minutes=1)


def create_key(database: Engine, name: str, *, created_at: datetime) -> str:
    """Make a write key and give it: only its digest is kept, so it cannot be shown again.

    Raises UnusableInput for a name that cannot be one, or that a key in use has.
    """
    named = name.strip()
    if not named or len(named) > LONGEST_NAME or not named.isprintable():
        raise UnusableInput(
            f"the name of a write key has 1 to {LONGEST_NAME} printable characters, such as shop"
        )
    key = PREFIX + secrets.token_urlsafe(_KEY_BYTES)
    with writing(database) as session:
        store.add_key(session, named, _digest(key), created_at=created_at)
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


class KnownKeys:
    """Knows write keys again without asking the database each time."""

    def __init__(self, database: Callable[[], Engine], clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._names = Remembered(self._active, clock)
        self._noted: dict[str, datetime] = {}

    def name_of(self, key: str) -> str | None:
        """Give the name of a key that is in use, else None; notes that it was used."""
        digest = _digest(key)
        name = _among(self._names.get(KNOWN_FOR), digest)
        if name is None:
            name = _among(self._names.get(ASKED_EVERY), digest)
        if name is not None:
            self._note(name, self._clock())
        return name

    def _active(self) -> Sequence[tuple[str, str]]:
        with reading(self._database()) as session:
            return store.active_digests(session)

    def _note(self, name: str, now: datetime) -> None:
        noted = self._noted.get(name)
        if noted is not None and now - noted < NOTED_EVERY:
            return
        self._noted[name] = now
        with writing(self._database()) as session:
            store.note_use(session, name, used_at=now)


def _among(known: Sequence[tuple[str, str]], wanted: str) -> str | None:
    """Compare with all, each in constant time: how long it takes tells nothing of any."""
    found = [name for digest, name in known if hmac.compare_digest(digest, wanted)]
    return found[0] if found else None


def _digest(key: str) -> str:
    """Digest a key; it is random enough that nothing slower is needed."""
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
