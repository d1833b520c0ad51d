"""The key that signs the links of e-mails: made once, kept in the database, shown nowhere."""

import secrets
from datetime import datetime

from sqlalchemy import Engine

from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing

SETTING = "signing_key"
_BYTES = 32


def signing_key(database: Engine, now: datetime) -> bytes:
    """Give the key of this installation; the first to ask makes it."""
    with reading(database) as session:
        kept = setting(session, SETTING)
    if not isinstance(kept, str):
        with writing(database) as session:
            kept = setting(session, SETTING)  # somebody may have been faster
            if not isinstance(kept, str):
                kept = secrets.token_hex(_BYTES)
                keep_setting(session, SETTING, kept, changed_at=now)
    return bytes.fromhex(str(kept))
