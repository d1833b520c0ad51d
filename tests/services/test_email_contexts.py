"""Contexts from a dataset: of one person and of many the same, as of each one's time."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.campaigns import Campaign
from core.domain.email_context import CampaignPlace, EmailContext
from core.domain.errors import UnusableInput
from core.domain.events import Event
from core.domain.instants import as_microseconds, iso
from core.history.manifest import ImportMode
from core.history.reading import Dataset, open_dataset
from core.services.email_context import (
    ContextSource,
    Firing,
    Recipient,
    context_of,
    contexts_of,
    recipients_of,
)
from core.services.imports import SAMPLE_NAME
from core.services.kept_recommender import kept_recommender
from core.services.rehearse import rehearse
from tests.history.datasets import START, event, write_events
from tests.services.shops import stored

CART = Campaign.model_validate(
    {
        "name": "Cart",
        "trigger": {
            "kind": "absence",
            "start": {"event": "cart_add"},
            "unless": {"event": "purchase"},
            "within": "4h",
            "key": "cart_id",
        },
        "steps": [
            {"id": "mail", "kind": "send", "template": "cart_recovery"},
            {"id": "wait", "kind": "delay", "for": "2h"},
            {"id": "offer", "kind": "send", "template": "cart_discount"},
        ],
    }
)
ANN = {"first_name": "Ann", "email": "ann@example.com", "vip": True}
NAMES = ("product_view", "cart_add", "cart_remove", "purchase", "login")
PROPERTIES: dict[str, st.SearchStrategy[Any]] = {
    "product_id": st.sampled_from(["a", "b", 7]),
    "items": st.lists(st.fixed_dictionaries({"sku": st.sampled_from("abc")}), max_size=2),
    "quantity": st.sampled_from([1, "2", 0]),
    "price": st.sampled_from([9.5, "10", "free"]),
    "cart_id": st.sampled_from(["k1", "k2"]),
    "order_id": st.sampled_from(["o1", 2]),
    "page": st.sampled_from(["/", {"path": "/x"}]),
}


def hour(number: float) -> int:
    return as_microseconds(START) + int(number * 3_600_000_000)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw what up to five people did, each in order of time."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["ann", "bob", "cid", "dee", "eve"]),
                st.sampled_from(NAMES),
                st.integers(0, 9),
                st.fixed_dictionaries({}, optional=PROPERTIES),
            ),
            min_size=1,
            max_size=25,
        )
    )
    return [
        event(user, name, at, event_id=f"e{n}", properties=properties)
        for n, (user, name, at, properties) in enumerate(drawn)
    ]


def source_of(home: Path, events: Sequence[Event]) -> ContextSource:
    write_events(home, "shop", events, mode=ImportMode.REPLACE)
    return ContextSource(open_dataset(home, "shop"))


def everybody(dataset: Dataset, times: Sequence[int], *, with_firings: bool) -> list[Recipient]:
    """Make each event the cause of a recipient at each of some times."""
    columns = dataset.columns([])
    return [
        Recipient(
            user_id=dataset.user_ids()[user].as_py(),
            at=time,
            firing=Firing(row=row, key="k1", fired_at=time, entered_at=time)
            if with_firings
            else None,
            campaign=CampaignPlace(name="c"),
        )
        for row, user in zip(columns.row.tolist(), columns.user.tolist(), strict=True)
        for time in times
    ]


@given(histories(), st.lists(st.integers(-1, 10), min_size=1, max_size=3), st.booleans())
@settings(max_examples=15, deadline=None)
def test_the_contexts_of_many_are_those_of_each(
    events: list[Event], hours: list[int], with_firings: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = source_of(Path(folder), events)
        times = [hour(number) for number in hours]
        recipients = everybody(source.dataset, times, with_firings=with_firings)

        many = dict(contexts_of(source, recipients))

        assert many == {n: context_of(source, one) for n, one in enumerate(recipients)}


@given(histories(), st.integers(0, 9))
@settings(max_examples=8, deadline=None)
def test_events_after_the_send_change_nothing(events: list[Event], last: int) -> None:
    past = [event for event in events if as_microseconds(event.timestamp) <= hour(last)]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        whole = source_of(Path(folder), events)
        before = source_of(Path(other), past) if past else None
        for user in {event.user_id for event in past}:
            recipient = Recipient(user_id=user, at=hour(last))

            found = context_of(whole, recipient)

            assert before is not None
            assert found == context_of(before, recipient)


def left_carts(home: Path) -> Dataset:
    add = {"product_id": "boots", "price": 80, "cart_id": "k1"}
    return stored(
        home,
        [
            event("ann", "cart_add", 0, properties=add),
            event("ann", "cart_add", 5, event_id="x", properties={**add, "product_id": "socks"}),
            event("bob", "cart_add", 1, properties={**add, "cart_id": "k2"}),
            event("bob", "purchase", 2, properties={"order_id": "o1", "cart_id": "k2"}),
            event("cid", "login", 30),
            event("zed", "cart_add", 1, properties={**add, "cart_id": "k3"}),
        ],
        {"ann": ANN, "zoe": {"first_name": "Zoe"}},
        name="carts",
    )


def test_everybody_a_rehearsal_would_have_sent_a_template_is_a_recipient(tmp_path: Path) -> None:
    dataset = left_carts(tmp_path)
    outcome = rehearse([CART], dataset).outcome

    found = recipients_of(outcome, dataset, 0, "cart_discount")

    first, second = found
    assert (first.user_id, first.at, first.campaign) == (
        "ann",
        hour(6),
        CampaignPlace(name="Cart", step="offer"),
    )
    assert first.firing == Firing(row=0, key="k1", fired_at=hour(4), entered_at=hour(4))
    assert second.at == hour(11)
    assert len(recipients_of(outcome, dataset, 0)) == 4
    assert recipients_of(outcome, dataset, 0, "unknown") == []


def test_a_recipient_sees_the_cart_as_it_was_then(tmp_path: Path) -> None:
    dataset = left_carts(tmp_path)
    source = ContextSource(dataset, company={"name": "Shop"})
    recipients = recipients_of(rehearse([CART], dataset).outcome, dataset, 0, "cart_recovery")

    contexts = [found for _, found in contexts_of(source, recipients, {"browser": "https://b"})]

    early, late = contexts
    boots = {"product_id": "boots", "price": 80, "quantity": 1}
    assert early.cart == {"cart_id": "k1", "products": [boots], "total": 80}
    assert late.cart["total"] == 160
    assert early.profile == {"user_id": "ann", **ANN}
    assert early.trigger == {
        "event": "cart_add",
        "key": "k1",
        "fired_at": iso(hour(4)),
        "entered_at": iso(hour(4)),
        "properties": {"product_id": "boots", "price": 80, "cart_id": "k1"},
    }
    assert early.links == {"browser": "https://b"}
    assert early.company == {"name": "Shop"}


def test_a_person_without_an_address_is_no_recipient(tmp_path: Path) -> None:
    dataset = left_carts(tmp_path)
    outcome = rehearse([CART], dataset).outcome

    found = recipients_of(outcome, dataset, 0)

    assert len(outcome.messages) == 6
    assert {one.user_id for one in found} == {"ann"}


def test_one_product_at_several_prices_keeps_them_apart(tmp_path: Path) -> None:
    bought = [
        event("ann", "purchase", n, properties={"product_id": "a", "price": price, "quantity": q})
        for n, (price, q) in enumerate(((5, 1), (6, 1), (6, 2)))
    ]
    source = source_of(tmp_path, bought)

    ((_, found),) = contexts_of(source, [Recipient(user_id="ann", at=hour(9))])

    lines = [_listed(order["products"])[0] for order in found.orders]
    assert [(line["price"], line["quantity"]) for line in lines] == [(6, 2), (6, 1), (5, 1)]


def test_somebody_known_only_by_a_profile_has_an_empty_history(tmp_path: Path) -> None:
    source = ContextSource(left_carts(tmp_path))
    zoe = Recipient(user_id="zoe", at=hour(1))

    found = context_of(source, zoe)

    assert found.profile == {"user_id": "zoe", "first_name": "Zoe"}
    assert (found.cart, found.orders) == ({}, [])
    assert dict(contexts_of(source, [zoe])) == {0: found}


def test_a_stranger_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    source = ContextSource(left_carts(tmp_path))
    people = [Recipient(user_id=user, at=hour(1)) for user in ("ann", "nobody")]

    with pytest.raises(UnusableInput, match="Nobody in 'carts' has the id 'nobody'"):
        context_of(source, people[1])
    with pytest.raises(UnusableInput, match="Nobody in 'carts' has the id 'nobody'"):
        next(contexts_of(source, people))


@pytest.mark.parametrize("row", [-1, 2, 99])
def test_a_firing_of_other_data_is_refused(tmp_path: Path, row: int) -> None:
    source = ContextSource(left_carts(tmp_path))
    firing = Firing(row=row, key=None, fired_at=hour(1), entered_at=hour(1))
    recipient = Recipient(user_id="ann", at=hour(1), firing=firing)

    with pytest.raises(UnusableInput, match="rehearse the campaign again"):
        context_of(source, recipient)
    with pytest.raises(UnusableInput, match="rehearse the campaign again"):
        list(contexts_of(source, [recipient]))


def test_dotted_traits_are_those_of_the_profile(tmp_path: Path) -> None:
    dataset = stored(
        tmp_path,
        [event("ann", "login", 1), event("bob", "login", 1)],
        {"ann": {"home": {"city": "Ulm"}}, "bob": {"home.city": "Bonn"}},
    )
    source = ContextSource(dataset)
    people = [Recipient(user_id=user, at=hour(2)) for user in ("ann", "bob")]

    many = dict(contexts_of(source, people))

    assert many == {n: context_of(source, one) for n, one in enumerate(people)}


@pytest.fixture
def sample(sample_home: Path, tmp_path: Path) -> ContextSource:
    dataset = open_dataset(sample_home, SAMPLE_NAME)
    recommender = kept_recommender(dataset, tmp_path / "learnt")
    return ContextSource(dataset, recommend=recommender.recommend)


def test_the_sample_shop_fills_every_part_of_a_context(sample: ContextSource) -> None:
    dataset = sample.dataset
    columns = dataset.columns(["order_id", "revenue"])
    revenue = columns.properties["revenue"]
    rows = [n for n, code in enumerate(revenue.codes.tolist()) if code >= 0][:300]
    recipients = [
        Recipient(
            user_id=dataset.user_ids()[int(columns.user[row])].as_py(),
            at=int(columns.timestamp[row]),
        )
        for row in rows
    ]

    contexts = dict(contexts_of(sample, recipients))

    for place, row in enumerate(rows):
        order = contexts[place].orders[0]
        assert order["revenue"] == revenue.values[revenue.codes[row]]
        assert all("title" in line for line in _listed(order["products"]))
        assert len(contexts[place].recommendations) == 4
        assert not _ids(contexts[place].recommendations) & _bought(contexts[place])


def test_many_equals_one_in_the_sample_shop(sample: ContextSource) -> None:
    dataset = sample.dataset
    at = as_microseconds(dataset.manifest.last_at) if dataset.manifest.last_at else 0
    ids = dataset.user_ids()
    people = [Recipient(user_id=ids[n].as_py(), at=at) for n in range(0, len(ids), 600)]
    people.append(replace(people[0], at=at - 30 * 86_400_000_000))

    many = dict(contexts_of(sample, people))

    assert many == {n: context_of(sample, one) for n, one in enumerate(people)}


def _listed(value: Any) -> list[dict[str, Any]]:
    assert value
    return list(value)


def _ids(products: Any) -> set[str]:
    return {product["product_id"] for product in products}


def _bought(context: EmailContext) -> set[str]:
    return {one for order in context.orders for one in _ids(order["products"])}
