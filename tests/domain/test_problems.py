"""A misspelt key anywhere in a file is named with its place, and only sound advice is given."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.services.campaign_files import load_campaign
from core.services.drafts import document_of
from core.settings import REPOSITORY
from tests.domain.faults import campaign_with, faults_of

IS_GERMAN = {"trait": "country", "op": "eq", "value": "DE"}
EVERYTHING = campaign_with(
    reentry={"cooldown": "7d"},
    audience={"all": [IS_GERMAN, {"not": {"segment": "VIP"}}, {"any": [IS_GERMAN]}]},
    goal={"event": {"event": ["buy"]}, "within": "7d"},
    quiet_hours={"from": "21:00", "to": "08:00"},
    frequency_cap={"max": 3, "per": "7d"},
    trigger={
        "kind": "sequence",
        "steps": [
            {"event": ["view"], "where": [{"property": "price", "op": "gte", "value": 5}]},
            {"event": ["add"]},
        ],
        "within": "2h",
        "key": "product",
    },
    steps=[
        {"id": "p", "kind": "delay", "until": "09:00", "on": ["mon"]},
        {
            "id": "t",
            "kind": "split",
            "salt": "x",
            "variants": [{"name": "a", "weight": 1, "next": "m"}, {"name": "b", "weight": 1}],
        },
        {"id": "m", "kind": "send", "template": "cart_recovery", "subject": "Hello"},
        {"id": "w", "kind": "wait_for", "event": {"event": ["buy"]}, "timeout": "1d"},
        {
            "id": "b",
            "kind": "branch",
            "cases": [{"if": {"any": [IS_GERMAN, {"clicked": "m"}]}, "next": "u"}],
            "otherwise": "h",
        },
        {"id": "h", "kind": "webhook", "url": "https://example.com", "body": {}},
        {"id": "u", "kind": "update_profile", "set": {"vip": True}},
        {"id": "e", "kind": "exit"},
    ],
)
STARTERS = sorted((REPOSITORY / "templates" / "campaigns").glob("*.yaml"))
DOCUMENTS = [EVERYTHING, *(document_of(load_campaign(path)) for path in STARTERS)]
Place = tuple[str | int, ...]


def keys_in(part: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """List every key of a document with the place of the mapping it stands in."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield place, key
            if key not in ("set", "body"):  # hold what the marketer likes
                yield from keys_in(value, (*place, key))
    elif isinstance(part, list):
        for number, member in enumerate(part):
            yield from keys_in(member, (*place, number))


def mapping_at(document: dict[str, Any], place: Place) -> dict[str, Any]:
    here: Any = document
    for part in place:
        here = here[part]
    assert isinstance(here, dict)
    return here


def shown(place: Place) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["name"])
def test_the_documents_are_sound(document: dict[str, Any]) -> None:
    assert faults_of(document) == []


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_9_an_unknown_key_anywhere_is_named_with_its_place_and_advice_that_helps(
    data: st.DataObject,
) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from(DOCUMENTS)))
    place, key = data.draw(st.sampled_from(list(keys_in(document))))
    misspelt = data.draw(st.sampled_from((f"{key}s", f"{key[:-1]}", f"x{key}", key[::-1], "zzz")))
    here = mapping_at(document, place)
    if misspelt in here or not misspelt:
        return
    here[misspelt] = "anything"

    faults = faults_of(document)

    begins = f"{shown((*place, misspelt))}: unknown key {misspelt!r}"
    named = [fault for fault in faults if fault.startswith(begins)]
    assert len(named) == 1 or is_known(faults, place, misspelt), faults
    for fault in named:
        advice = fault.removeprefix(begins)
        if advice:
            suggested = advice.split("did you mean '")[1].removesuffix("'?")
            assert suggested != misspelt
            corrected = {**here, suggested: here.get(suggested)}
            corrected.pop(misspelt)
            here.clear()
            here.update(corrected)
            again = f"{shown((*place, suggested))}: unknown key {suggested!r}"
            assert not [told for told in faults_of(document) if told.startswith(again)]


@pytest.mark.parametrize(
    ("audience", "place"),
    [
        ({"all": [IS_GERMAN], "alls": 1}, "audience.alls"),
        ({"not": IS_GERMAN, "note": 1}, "audience.note"),
        ({"any": [{"not": IS_GERMAN, "note": 1}]}, "audience.any[0].note"),
        ({"segment": "VIP", "segments": 1}, "audience.segments"),
        ({**IS_GERMAN, "traits": 1}, "audience.traits"),
    ],
)
def test_9_beside_a_condition_s_own_key_an_unknown_one_has_its_own_place(
    audience: dict[str, Any], place: str
) -> None:
    faults = faults_of(campaign_with(audience=audience))

    assert [fault.split(":")[0] for fault in faults] == [place]


def is_known(faults: list[str], place: Place, misspelt: str) -> bool:
    """Say whether the misspelt key happens to be a key there, so that its value is at fault."""
    return bool(faults) and not any("unknown key" in fault for fault in faults)
