"""A draft goes out as YAML and comes back as the same draft."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.services.campaign_files import load_campaign
from core.services.flow_files import exported, file_name, imported
from core.services.flow_forms import campaign_of, opened
from core.settings import REPOSITORY
from tests.services.flow_cases import campaigns, edit_of
from tests.services.shops import campaign
from tests.services.test_campaign_files import CART, cart_with

STARTERS = sorted((REPOSITORY / "templates" / "campaigns").glob("*.yaml"))


@settings(max_examples=60, deadline=None)
@given(flow=campaigns(), data=st.data())
def test_an_exported_draft_comes_back_as_it_was(flow: Campaign, data: DataObject) -> None:
    draft = opened(flow)
    try:
        draft = data.draw(edit_of(draft))(draft)
        saved = campaign_of(draft)
    except UnusableInput:
        draft, saved = opened(flow), campaign_of(opened(flow))

    again = imported(exported(draft), "flow.yaml")

    assert campaign_of(again) == saved
    assert again == opened(saved)


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_a_starter_is_exported_with_its_meaning(path: Path) -> None:
    starter = load_campaign(path)

    assert campaign_of(imported(exported(opened(starter)), path.name)) == campaign_of(
        opened(starter)
    )


def test_the_example_of_the_contract_is_exported_with_the_ways_it_has() -> None:
    text = exported(imported(CART, "cart.yaml"))

    assert "then: done, otherwise: escalate}" in text
    assert text.endswith("  - {id: done, kind: exit}\n")


def test_a_file_with_faults_is_one_sentence_with_its_line() -> None:
    text = cart_with("for: 4h", "for: 4").replace("timeout: 24h", "timeout: -1h")

    with pytest.raises(UnusableInput) as refusal:
        imported(text, "cart.yaml")

    assert str(refusal.value).startswith("cart.yaml:20: steps[2].for: 4 is not a duration")
    assert str(refusal.value).endswith(" (and 1 more problem)")
    assert "\n" not in str(refusal.value)


def test_a_draft_that_is_not_complete_cannot_be_exported() -> None:
    draft = {**opened(campaign()), "steps": [{"id": "mail", "kind": "send", "template": ""}]}

    with pytest.raises(UnusableInput, match=r"^steps\[0\]\.template"):
        exported(draft)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Cart recovery", "cart-recovery.yaml"),
        ("  Größe & Café/…  ", "grosse-cafe.yaml"),
        ("Корзина", "campaign.yaml"),
        ("x" * 200, "x" * 60 + ".yaml"),
    ],
)
def test_a_file_is_named_after_its_campaign(name: str, expected: str) -> None:
    assert file_name({"name": name}) == expected
