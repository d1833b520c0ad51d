"""Who chose which products: each pair once, of each person the newest, as the events name them."""

from pathlib import Path

from core.domain.events import Event
from core.history.product_choices import Choices, ProductChoices, product_choices
from core.history.reading import open_dataset
from tests.domain.shopping import MEANINGS
from tests.history.datasets import event, write_events


def chosen(home: Path, *events: Event, most: int = 50) -> ProductChoices:
    write_events(home, "shop", events)
    return product_choices(open_dataset(home, "shop"), MEANINGS, most_per_person=most)


def view(user: str, hour: int, product: str) -> Event:
    return event(user, "product_view", hour, properties={"product_id": product})


def pairs(found: ProductChoices, choices: Choices) -> list[tuple[int, str]]:
    items = [found.product_ids[item] for item in choices.items.tolist()]
    return list(zip(choices.users.tolist(), items, strict=True))


def test_looking_and_adding_count_once_and_buying_apart(tmp_path: Path) -> None:
    found = chosen(
        tmp_path,
        view("ann", 1, "b"),
        view("ann", 2, "b"),
        event("ann", "cart_add", 3, properties={"product_id": "a"}),
        event("bob", "purchase", 4, properties={"items": ["c", {"product_id": "a"}]}),
    )

    assert found.product_ids == ["a", "b", "c"]
    assert pairs(found, found.viewed) == [(0, "a"), (0, "b")]
    assert sorted(pairs(found, found.bought)) == [(1, "a"), (1, "c")]
    assert found.viewed.people.tolist() == [1, 1, 0]
    assert found.bought.people.tolist() == [1, 0, 1]


def test_of_each_person_the_newest_are_taken_and_all_are_counted(tmp_path: Path) -> None:
    looks = [view(user, hour, p) for user in ("ann", "bob") for hour, p in enumerate("abca")]

    found = chosen(tmp_path, *looks, most=2)

    assert pairs(found, found.viewed) == [(0, "a"), (0, "c"), (1, "a"), (1, "c")]
    assert found.viewed.people.tolist() == [2, 2, 2]


def test_an_event_with_a_list_of_products_says_no_other(tmp_path: Path) -> None:
    both = {"items": [{"product_id": "a"}], "product_id": "z"}

    found = chosen(tmp_path, event("ann", "purchase", 1, properties=both))

    assert found.product_ids == ["a"]
    assert pairs(found, found.bought) == [(0, "a")]


def test_products_of_other_events_are_not_known(tmp_path: Path) -> None:
    found = chosen(
        tmp_path, view("ann", 1, "a"), event("ann", "review", 2, properties={"product_id": "z"})
    )

    assert found.product_ids == ["a"]
