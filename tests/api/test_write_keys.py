"""Write keys: shown once, kept as digests, revoked, and known again."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from core.domain.errors import UnusableInput
from core.services.write_keys import KnownKeys, create_key, revoke_key, write_keys
from tests.api.asking import NOW, Clock


def known(database: Engine, clock: Clock) -> KnownKeys:
    return KnownKeys(lambda: database, clock)


def test_a_key_is_kept_as_a_digest_only(database: Engine) -> None:
    key = create_key(database, " shop ", created_at=NOW)

    with database.connect() as connection:
        kept = connection.execute(text("SELECT * FROM write_keys")).all()

    assert len(key) >= 40
    assert key not in str(kept)
    assert [(k.name, k.created_at, k.is_active) for k in write_keys(database)] == [
        ("shop", NOW, True)
    ]


def test_keys_are_never_the_same(database: Engine) -> None:
    keys = {create_key(database, f"shop {n}", created_at=NOW) for n in range(20)}

    assert len(keys) == 20


def test_a_name_is_that_of_one_key_until_it_is_revoked(database: Engine) -> None:
    clock = Clock()
    first = create_key(database, "shop", created_at=NOW)
    with pytest.raises(UnusableInput, match="'shop' already"):
        create_key(database, "shop", created_at=NOW)

    revoke_key(database, "shop", revoked_at=NOW)
    second = create_key(database, "shop", created_at=NOW + timedelta(days=1))

    keys = known(database, clock)
    assert (keys.name_of(first), keys.name_of(second)) == (None, "shop")
    assert [(k.created_at, k.revoked_at) for k in write_keys(database)] == [
        (NOW + timedelta(days=1), None)
    ]


def test_revoking_a_key_that_is_not_in_use_is_refused(database: Engine) -> None:
    create_key(database, "shop", created_at=NOW)
    revoked = revoke_key(database, "shop", revoked_at=NOW)

    assert revoked.revoked_at == NOW
    for name in ("shop", "nobody"):
        with pytest.raises(UnusableInput, match=f"no write key called '{name}'"):
            revoke_key(database, name, revoked_at=NOW)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\0b", "a\nb", "\ud83d"])
def test_a_name_that_is_none_is_refused(database: Engine, name: str) -> None:
    with pytest.raises(UnusableInput, match="1 to 100 printable characters"):
        create_key(database, name, created_at=NOW)


def test_the_last_use_is_noted_once_a_minute(database: Engine) -> None:
    clock = Clock()
    key = create_key(database, "shop", created_at=NOW)
    keys = known(database, clock)

    for seconds in (0, 30, 31):
        clock.move(timedelta(seconds=seconds))
        keys.name_of(key)
        keys.name_of("wrong")

    assert write_keys(database)[0].last_used_at == NOW + timedelta(seconds=61)


def test_known_keys_ask_the_database_seldom(database: Engine) -> None:
    clock = Clock()
    key = create_key(database, "shop", created_at=NOW)
    keys = known(database, clock)
    keys.name_of(key)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM write_keys"))

    clock.move(timedelta(seconds=4))
    before = keys.name_of(key)
    clock.move(timedelta(seconds=1))
    after = keys.name_of(key)

    assert (before, after) == ("shop", None)


def test_a_clock_that_is_put_back_does_not_keep_a_revoked_key(database: Engine) -> None:
    clock = Clock()
    key = create_key(database, "shop", created_at=NOW)
    keys = known(database, clock)
    keys.name_of(key)
    revoke_key(database, "shop", revoked_at=NOW)

    clock.move(-timedelta(hours=1))

    assert keys.name_of(key) is None
