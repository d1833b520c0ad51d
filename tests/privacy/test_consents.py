"""Consent by purpose: a log, the profile that follows it, and withdrawals that stand."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from core.domain.calls import Delivery, Link, Traits
from core.domain.consents import ConsentSource, ConsentState
from core.domain.errors import UnusableInput
from core.live.asking import asking_in
from core.live.people import persons
from core.services.consents import (
    consents_of,
    history_of,
    keep_purposes,
    purposes,
    record_consent,
)
from core.services.ingesting import take_in
from core.services.live_events import profile, save_profiles
from core.store.database import reading, writing

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
GIVEN, WITHDRAWN, PENDING = ConsentState.GIVEN, ConsentState.WITHDRAWN, ConsentState.PENDING
LINK, PAGE = ConsentSource.UNSUBSCRIBE_LINK.value, ConsentSource.PREFERENCE_PAGE.value


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def said(database: Engine, state: ConsentState, hours: float, source: str = LINK) -> None:
    record_consent(database, "u1", "marketing", state, at=at(hours), source=source)


def is_mailed(database: Engine, user_id: str = "u1") -> bool:
    """Ask as the evaluator does whether a send would go out (5.5)."""
    with reading(database) as session:
        reach = asking_in(session).reach_of([user_id])
    (person,) = persons([user_id], reach, [], 0)
    return not person.is_unsubscribed


def test_a_withdrawal_reaches_the_next_send_at_once(database: Engine, both_kinds: None) -> None:
    save_profiles(database, {"u1": {"email": "a@example.com", "consent": True}}, saved_at=NOON)
    before = is_mailed(database)

    said(database, WITHDRAWN, 1)

    assert before
    assert not is_mailed(database)
    assert (profile(database, "u1") or {})["consent"] is False
    assert (profile(database, "u1") or {})["unsubscribed"] is True


@pytest.mark.parametrize(
    "traits",
    [
        {"consent": True},
        {"consent": "yes", "unsubscribed": False},
        {"unsubscribed": None},
        {"unsubscribed": "no", "consent": 1},
    ],
)
def test_an_old_import_or_identify_does_not_undo_a_withdrawal(
    database: Engine, traits: dict[str, object]
) -> None:
    save_profiles(database, {"u1": {"email": "a@example.com", "consent": True}}, saved_at=NOON)
    said(database, WITHDRAWN, 1)

    save_profiles(database, {"u1": {**traits, "city": "Basel"}}, saved_at=at(2))  # type: ignore[dict-item]  # any JSON
    after_import = is_mailed(database)
    call = Traits(user_id="u1", traits=traits)  # type: ignore[arg-type]  # any JSON
    take_in(database, [Delivery(calls=[call], received_at=at(3), source="api")])

    assert not after_import
    assert not is_mailed(database)
    assert (profile(database, "u1") or {})["city"] == "Basel"


def test_the_person_lifts_their_own_withdrawal(database: Engine, both_kinds: None) -> None:
    save_profiles(database, {"u1": {"email": "a@example.com", "consent": True}}, saved_at=NOON)
    said(database, WITHDRAWN, 1)

    said(database, GIVEN, 2, PAGE)

    assert is_mailed(database)
    assert [record.state for record in history_of(database, "u1")] == [GIVEN, WITHDRAWN]


def test_what_a_shop_said_itself_it_may_take_back(database: Engine) -> None:
    save_profiles(database, {"u1": {"email": "a@example.com", "consent": False}}, saved_at=NOON)
    before = is_mailed(database)

    save_profiles(database, {"u1": {"consent": True}}, saved_at=at(1))

    assert (before, is_mailed(database)) == (False, True)


def test_a_shop_may_always_end_the_mail(database: Engine) -> None:
    said(database, GIVEN, 1, PAGE)

    save_profiles(database, {"u1": {"unsubscribed": True}}, saved_at=at(2))

    (marketing,) = consents_of(database, "u1")
    assert not is_mailed(database)
    assert (marketing.state, marketing.source) == (WITHDRAWN, ConsentSource.API.value)


def test_the_first_withdrawal_does_not_make_everybody_else_unreachable(database: Engine) -> None:
    people = {"u1": {"email": "a@example.com"}, "u2": {"email": "b@example.com"}}
    save_profiles(database, people, saved_at=NOON)

    said(database, WITHDRAWN, 1)

    assert not is_mailed(database, "u1")
    assert is_mailed(database, "u2")


def test_the_first_consent_does_not_make_everybody_else_unreachable(database: Engine) -> None:
    people = {"u1": {"email": "a@example.com"}, "u2": {"email": "b@example.com"}}
    save_profiles(database, people, saved_at=NOON)

    said(database, GIVEN, 1, PAGE)

    assert is_mailed(database, "u1")
    assert is_mailed(database, "u2")


def test_who_consented_stays_reachable_when_profiles_begin_to_say_so(
    database: Engine, both_kinds: None
) -> None:
    people = {"u1": {"email": "a@example.com"}, "u2": {"email": "b@example.com"}}
    save_profiles(database, people, saved_at=NOON)
    said(database, GIVEN, 1, PAGE)

    save_profiles(database, {"u3": {"consent": True}}, saved_at=at(2))

    assert is_mailed(database, "u1")
    assert not is_mailed(database, "u2")


def test_pending_keeps_somebody_new_from_being_mailed(database: Engine) -> None:
    said(database, PENDING, 1)
    save_profiles(database, {"u1": {"email": "a@example.com"}}, saved_at=at(2))

    before = is_mailed(database)
    said(database, GIVEN, 3)

    assert (before, is_mailed(database)) == (False, True)


def test_pending_ends_nothing_for_somebody_who_is_known(database: Engine) -> None:
    save_profiles(database, {"u1": {"email": "a@example.com"}}, saved_at=NOON)

    said(database, PENDING, 1)

    assert is_mailed(database)


def test_a_shop_cannot_confirm_what_is_pending(database: Engine) -> None:
    said(database, PENDING, 1)

    save_profiles(database, {"u1": {"consent": True, "unsubscribed": False}}, saved_at=at(2))

    assert not is_mailed(database)


def test_a_form_that_somebody_fills_in_for_a_customer_keeps_the_shop_from_nothing(
    database: Engine,
) -> None:
    save_profiles(database, {"u1": {"email": "a@example.com", "consent": False}}, saved_at=NOON)
    said(database, PENDING, 1)

    save_profiles(database, {"u1": {"consent": True}}, saved_at=at(2))

    assert is_mailed(database)


def test_a_withdrawal_that_arrives_late_does_not_undo_a_later_consent(database: Engine) -> None:
    said(database, GIVEN, 5, PAGE)

    said(database, WITHDRAWN, 1)

    assert is_mailed(database)


def test_what_was_said_before_signing_in_is_said_by_the_person(
    database: Engine, both_kinds: None
) -> None:
    save_profiles(database, {"u1": {"email": "a@example.com"}}, saved_at=NOON)
    record_consent(database, "anon:x", "marketing", WITHDRAWN, at=at(1), source=LINK)

    link = Link(previous_id="anon:x", user_id="u1")
    take_in(database, [Delivery(calls=[link], received_at=at(2), source="api")])

    assert not is_mailed(database)
    assert [record.state for record in history_of(database, "u1")] == [WITHDRAWN]


def test_the_consent_of_somebody_known_under_another_id_is_theirs(database: Engine) -> None:
    link = Link(previous_id="anon:x", user_id="u1")
    take_in(database, [Delivery(calls=[link], received_at=NOON, source="api")])

    record_consent(database, "anon:x", "marketing", WITHDRAWN, at=at(1), source=LINK)

    assert not is_mailed(database)


def test_the_same_word_again_changes_nothing(database: Engine) -> None:
    said(database, WITHDRAWN, 1)
    said(database, WITHDRAWN, 1)

    assert len(history_of(database, "u1")) == 1


def test_a_failed_transaction_records_nothing(database: Engine) -> None:
    with pytest.raises(ZeroDivisionError), writing(database) as session:  # noqa: PT012 - the block fails
        record_consent(session, "u1", "marketing", WITHDRAWN, at=at(1), source=LINK)
        1 / 0  # noqa: B018 - it fails

    assert history_of(database, "u1") == []
    assert profile(database, "u1") is None


def test_other_purposes_stand_beside_marketing(database: Engine) -> None:
    keep_purposes(database, [("Product news ", "What is new.")], changed_at=NOON)

    record_consent(database, "u1", "product_news", GIVEN, at=at(1), source=PAGE)

    found = {one.purpose.name: one.state for one in consents_of(database, "u1")}
    assert found == {"marketing": None, "product_news": GIVEN}
    assert profile(database, "u1") is None
    assert [purpose.title for purpose in purposes(database)][1:] == ["Product news"]


@pytest.mark.parametrize("titles", [["A", "a"], ["Marketing"], [""], ["1"], ["x" * 61]])
def test_purposes_that_nobody_could_tell_apart_are_refused(
    database: Engine, titles: list[str]
) -> None:
    with pytest.raises(UnusableInput):
        keep_purposes(database, [(title, "") for title in titles], changed_at=NOON)

    assert len(purposes(database)) == 1


def test_consent_to_an_unknown_purpose_is_refused(database: Engine) -> None:
    with pytest.raises(UnusableInput, match="no purpose 'parties'"):
        record_consent(database, "u1", "parties", GIVEN, at=at(1), source=PAGE)
