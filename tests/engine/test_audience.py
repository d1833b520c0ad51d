"""Who belongs to an audience, decided for everybody at once, as for each alone (SEMANTICS 4.2)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from core.domain.campaigns import Campaign, traits_of
from core.domain.conditions import Condition
from core.engine.audience import members, segment_names
from core.engine.batches import PropertyColumn
from tests.engine.batching import Feeder, audience
from tests.reference.admission import holds
from tests.reference.histories import campaign_cases

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


@settings(max_examples=200, deadline=None)
@given(case=campaign_cases())
def test_4_2_everybody_is_decided_as_the_plain_reading_decides_each(case: Any) -> None:
    user_ids = ["123", "00123", "1234567890123456789", "ünal", "no profile"]
    written = {"segment": "VIP"} if (a := case.campaign.get("audience")) is None else a
    campaign = Campaign.model_validate({**case.campaign, "audience": written})

    found = audience(campaign, Feeder(users=user_ids, events=[]), case.profiles)

    assert found.tolist() == [holds(written, case.profiles.get(u, {})) for u in user_ids]


def decided(condition: dict[str, Any], **traits: list[Any]) -> list[bool]:
    """Decide a condition for people who have the given values of traits, None for missing."""
    columns = {}
    for name, values in traits.items():
        known = [value for value in values if value is not None]
        codes = [-1 if value is None else known.index(value) for value in values]
        columns[name] = PropertyColumn(codes=np.array(codes, dtype=np.int32), values=known)
    count = len(next(iter(traits.values())))
    return members(CONDITION.validate_python(condition), columns, count).tolist()


def test_4_2_a_missing_trait_fails_all_but_the_negative_questions() -> None:
    assert decided({"trait": "c", "op": "eq", "value": "DE"}, c=["DE", "AT", None]) == [1, 0, 0]
    assert decided({"trait": "c", "op": "ne", "value": "DE"}, c=["DE", "AT", None]) == [0, 1, 1]
    assert decided({"trait": "c", "op": "not_exists"}, c=["DE", "AT", None]) == [0, 0, 1]
    assert decided({"not": {"trait": "c", "op": "eq", "value": "DE"}}, c=["DE", None]) == [0, 1]


def test_4_2_all_any_and_not_combine_as_they_read() -> None:
    is_german = {"trait": "c", "op": "eq", "value": "DE"}
    is_buyer = {"segment": "Buyers"}
    people: dict[str, list[Any]] = {
        "c": ["DE", "DE", "AT", "AT"],
        "segments": ["Buyers", "New", "New, Buyers", None],
    }

    assert decided({"all": [is_german, is_buyer]}, **people) == [1, 0, 0, 0]
    assert decided({"any": [is_german, is_buyer]}, **people) == [1, 1, 1, 0]
    assert decided({"all": [is_german, {"not": is_buyer}]}, **people) == [0, 1, 0, 0]
    assert decided({"any": [{"not": is_german}, {"all": [is_buyer]}]}, **people) == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("trait", "expected"),
    [
        ("Repeat buyers, New", ["Repeat buyers", "New"]),
        (["Repeat buyers", "New"], ["Repeat buyers", "New"]),
        ("New", ["New"]),
        (None, []),
        (5, []),
        ({"New": True}, []),
    ],
)
def test_4_2_segments_are_a_list_of_names_or_one_text_with_commas(
    trait: Any, expected: list[str]
) -> None:
    assert segment_names(trait) == expected


def test_4_2_a_name_with_a_comma_inside_a_list_is_one_name() -> None:
    assert decided({"segment": "A, B"}, segments=[["A, B"], "A, B", ["A", "B"]]) == [1, 0, 0]


def test_an_audience_cannot_ask_what_somebody_did_after_entry() -> None:
    condition = CONDITION.validate_python({"did": {"event": "purchase"}})

    with pytest.raises(ValueError, match="traits and segments only"):
        members(condition, {}, 3)


def test_the_traits_to_read_are_named() -> None:
    condition = CONDITION.validate_python(
        {"any": [{"segment": "A"}, {"not": {"trait": "seen.last", "op": "exists"}}]}
    )

    assert traits_of(condition) == {"segments", "seen.last"}
    assert traits_of(None) == set()
