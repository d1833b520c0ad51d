"""What is set for the whole installation, on both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from core.domain.errors import UnusableInput
from core.domain.values import JsonValue
from core.store.app_settings import keep_setting, setting
from core.store.database import reading, writing

FIRST, LATER = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "x", 1.5, [1, "a"], {"name": "Käthe \0 \U0001f389"}])
def test_a_value_comes_back_as_it_was_kept(database: Engine, value: JsonValue) -> None:
    with writing(database) as session:
        keep_setting(session, "company", value, changed_at=FIRST)

    with reading(database) as session:
        assert setting(session, "company") == value


def test_a_new_value_takes_the_place_of_the_former_and_of_no_other(database: Engine) -> None:
    with writing(database) as session:
        keep_setting(session, "company", "old", changed_at=FIRST)
        keep_setting(session, "other", "stays", changed_at=FIRST)
        keep_setting(session, "company", "new", changed_at=LATER)

    with reading(database) as session:
        assert (setting(session, "company"), setting(session, "other")) == ("new", "stays")
        assert session.execute(text("SELECT count(*) FROM settings")).scalar_one() == 2


def test_what_was_never_set_is_none(database: Engine) -> None:
    with reading(database) as session:
        assert setting(session, "company") is None


def test_a_number_that_is_none_is_refused(database: Engine) -> None:
    with writing(database) as session, pytest.raises(UnusableInput, match="'limit' holds an inf"):
        keep_setting(session, "limit", float("inf"), changed_at=FIRST)
