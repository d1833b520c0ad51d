"""Recommendations: what goes with somebody's interests, else what is popular, never the bought."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.events import Event
from core.domain.recommendations import Interests, Recommendation, WhyKind
from core.history.importing import import_catalogue
from core.history.manifest import ImportMode
from core.history.reading import Dataset, open_dataset
from core.services.kept_recommender import kept_recommender
from core.services.recommending import Model, Recommender, build_recommender
from core.stats.similarity import Neighbours
from tests.history.datasets import IMPORTED_AT, event, write_events
from tests.history.written import opened

BOUGHT, VIEWED, POPULAR = WhyKind.BOUGHT_TOGETHER, WhyKind.VIEWED_TOGETHER, WhyKind.POPULAR
PRODUCTS = [f"p{n}" for n in range(8)]
SOME = st.lists(st.sampled_from([*PRODUCTS, "unknown"]), max_size=4)


def shop(home: Path, events: Sequence[Event], catalogue: Sequence[str] = ()) -> Dataset:
    write_events(home, "shop", events, mode=ImportMode.REPLACE)
    if catalogue:
        text = "\n".join(json.dumps({"product_id": p, "title": p.upper()}) for p in catalogue)
        with (
            tempfile.TemporaryDirectory() as folder,
            opened(Path(folder), text + "\n", "catalogue.jsonl") as source,
        ):
            import_catalogue(
                home, "shop", [(source, None)], mode=ImportMode.REPLACE, imported_at=IMPORTED_AT
            )
    return open_dataset(home, "shop")


def bought(user: str, hour: int, *products: str) -> Event:
    return event(
        user, "purchase", hour, properties={"items": [{"product_id": p} for p in products]}
    )


def viewed(user: str, hour: int, product: str) -> Event:
    return event(user, "product_view", hour, properties={"product_id": product})


SHOPPERS = [
    *(bought(user, 1, "boots", "socks") for user in ("ann", "bob", "cid")),
    bought("dee", 2, "tent"),
    *(viewed(u, h, p) for u in ("eve", "fay") for h, p in ((3, "tent"), (4, "stove"))),
]


def near(lists: Mapping[int, Sequence[tuple[int, float]]]) -> Neighbours:
    rows = [lists.get(n, ()) for n in range(len(PRODUCTS))]
    return Neighbours(
        starts=np.cumsum([0, *(len(row) for row in rows)]),
        item=np.array([item for row in rows for item, _ in row], dtype=np.int32),
        score=np.array([score for row in rows for _, score in row], dtype=np.float32),
    )


def recommender(
    bought: Mapping[int, Sequence[tuple[int, float]]] | None = None,
    viewed: Mapping[int, Sequence[tuple[int, float]]] | None = None,
    popular: Sequence[int] = range(8),
) -> Recommender:
    return Recommender(
        Model(
            product_ids=PRODUCTS,
            bought=near(bought or {}),
            viewed=near(viewed or {}),
            popular=np.array(popular, dtype=np.int32),
        )
    )


def one(product: str, kind: WhyKind, because_of: str | None = None) -> Recommendation:
    return Recommendation(product_id=product, kind=kind, because_of=because_of)


def test_what_others_bought_with_it_is_recommended_and_the_reason_named(tmp_path: Path) -> None:
    found = build_recommender(shop(tmp_path, SHOPPERS))

    assert found.recommend(Interests(bought=["boots"]), 1) == [one("socks", BOUGHT, "boots")]
    assert found.recommend(Interests(viewed=["tent"]), 1) == [one("stove", VIEWED, "tent")]


def test_strangers_get_what_most_people_bought_then_what_most_looked_at(tmp_path: Path) -> None:
    found = build_recommender(shop(tmp_path, SHOPPERS)).recommend(Interests(), 9)

    assert found == [one(p, POPULAR) for p in ("boots", "socks", "tent", "stove")]


def test_only_what_the_catalogue_has_is_recommended(tmp_path: Path) -> None:
    found = build_recommender(shop(tmp_path, SHOPPERS, ["boots", "stove"]))

    assert found.recommend(Interests(bought=["boots"])) == [one("stove", POPULAR)]


def test_what_came_later_is_not_learnt(tmp_path: Path) -> None:
    dataset = shop(tmp_path, [*SHOPPERS, bought("gil", 9, "lamp")])
    until = int(bought("gil", 8).timestamp.timestamp()) * 1_000_000

    found = build_recommender(dataset, until=until)

    assert "lamp" not in found.model.product_ids


def test_products_that_are_named_by_the_event_or_put_in_a_cart_count_too(tmp_path: Path) -> None:
    events = [
        event(user, name, hour, properties={"product_id": product})
        for user in ("ann", "bob")
        for hour, (name, product) in enumerate(
            [("cart_add", "a"), ("cart_add", "b"), ("purchase", "a"), ("purchase", "c")]
        )
    ]

    found = build_recommender(shop(tmp_path, events))

    assert found.recommend(Interests(viewed=["a"]), 1) == [one("b", VIEWED, "a")]
    assert found.recommend(Interests(bought=["a"]), 1) == [one("c", BOUGHT, "a")]


def test_a_dataset_without_products_recommends_nothing(tmp_path: Path) -> None:
    found = build_recommender(shop(tmp_path, [event("ann", "login", 1)]))

    assert found.recommend(Interests(bought=["a"])) == []


def test_what_the_email_is_about_counts_most() -> None:
    found = recommender(viewed={0: [(5, 0.5)], 1: [(6, 0.4)]})

    usual = found.recommend(Interests(viewed=["p0", "p1"]), 2)
    about = found.recommend(Interests(viewed=["p0", "p1"], focus=["p1"]), 2)

    assert [r.product_id for r in usual] == ["p5", "p6"]
    assert about == [one("p6", VIEWED, "p1"), one("p5", VIEWED, "p0")]


def test_what_was_bought_calls_for_what_goes_with_it_and_not_for_another_of_its_kind() -> None:
    found = recommender(bought={0: [(5, 0.1)]}, viewed={0: [(6, 0.9)]})

    answer = found.recommend(Interests(bought=["p0"], focus=["p0"]), 1)

    assert answer == [one("p5", BOUGHT, "p0")]


def test_equally_good_ones_go_by_popularity() -> None:
    same = {0: [(5, 0.5), (6, 0.5), (7, 0.5)]}

    found = recommender(viewed=same, popular=[7, 6, 5, 4, 3, 2, 1, 0])

    answer = found.recommend(Interests(viewed=["p0"]), 3)
    assert [r.product_id for r in answer] == ["p7", "p6", "p5"]


@given(SOME, SOME, SOME, SOME, st.integers(0, 8))
def test_nothing_known_is_recommended_and_nothing_twice(
    bought: list[str], cart: list[str], viewed: list[str], focus: list[str], count: int
) -> None:
    every = {n: [(m, 1 / (2 + m)) for m in range(8) if m != n] for n in range(8)}
    interests = Interests(bought=bought, cart=cart, viewed=viewed, focus=focus)

    found = [r.product_id for r in recommender(every, every).recommend(interests, count)]

    known = {*bought, *cart, *viewed, *focus}
    assert not known & set(found)
    assert len(found) == len(set(found)) == min(count, len(set(PRODUCTS) - known))


@given(st.permutations([(u, p) for u in "abc" for p in ("p1", "p2", "p3")]))
@settings(max_examples=5, deadline=None)
def test_the_order_of_people_in_the_file_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        events = [viewed(user, int(product[1:]), product) for user, product in pairs]
        found = build_recommender(shop(Path(folder), events)).recommend(Interests(viewed=["p2"]))

    assert [r.product_id for r in found] == ["p1", "p3"]


def test_what_was_learnt_is_kept_until_the_data_change(tmp_path: Path) -> None:
    folder = tmp_path / "learnt"
    dataset = shop(tmp_path, SHOPPERS)
    learnt = kept_recommender(dataset, folder)
    (file,) = folder.iterdir()
    written_at = file.stat().st_mtime_ns

    again = kept_recommender(dataset, folder)
    is_untouched = file.stat().st_mtime_ns == written_at
    changed = kept_recommender(shop(tmp_path, [*SHOPPERS, bought("gil", 1, "lamp")]), folder)

    assert is_untouched
    assert again.recommend(Interests(bought=["boots"])) == learnt.recommend(
        Interests(bought=["boots"])
    )
    assert "lamp" in changed.model.product_ids
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"not a file of numbers", b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_learnt_anew(tmp_path: Path, content: bytes) -> None:
    folder, dataset = tmp_path / "learnt", shop(tmp_path, SHOPPERS)
    kept_recommender(dataset, folder)
    (file,) = folder.iterdir()
    file.write_bytes(content)

    found = kept_recommender(dataset, folder)

    assert found.recommend(Interests(bought=["boots"]), 1) == [one("socks", BOUGHT, "boots")]
