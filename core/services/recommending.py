"""Recommends products: computed ahead from a whole dataset, looked up per person."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from core.domain.meanings import Meanings
from core.domain.recommendations import Interests, Recommendation, WhyKind
from core.history.product_choices import product_choices
from core.history.reading import Dataset
from core.services.meanings import guess_meanings
from core.stats.similarity import Neighbours, neighbours

_SEEDS = 10  # older interests say little
_KEPT_SEEDS = 10_000
_FOCUS_WEIGHT = 3.0
_SUBSTITUTE_WEIGHT = 0.5  # who has one in the cart rather wants what goes with it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """What is known of n products: neighbours by purchases and by looks, and popularity.

    `popular` holds the products that may be recommended, the most popular first.
    """

    product_ids: Sequence[str]
    bought: Neighbours
    viewed: Neighbours
    popular: NDArray[np.int32]


class Recommender:
    """Looks recommendations up in a model; nothing in it changes, so threads may share it."""

    def __init__(self, model: Model) -> None:
        """Prepare a model for looking up."""
        self.model = model
        self._place = {product_id: n for n, product_id in enumerate(model.product_ids)}
        self._popular: list[int] = model.popular.tolist()
        self._rank = {place: rank for rank, place in enumerate(self._popular)}
        self._near = lru_cache(maxsize=_KEPT_SEEDS)(partial(_near, model))

    def recommend(self, interests: Interests, count: int = 4) -> list[Recommendation]:
        """Recommend up to `count` products that the person neither bought, has in the cart, nor

        looked at last: those that go best with their interests, then the most popular. Equally
        good ones go by popularity.
        """
        known = self._places(
            [*interests.bought, *interests.cart, *interests.viewed, *interests.focus]
        )
        found = self._going_together(interests, set(known), count)
        taken = {*known, *(self._place[one.product_id] for one in found)}
        found += self._most_popular(taken, count - len(found))
        return found

    def _going_together(
        self, interests: Interests, known: Collection[int], count: int
    ) -> list[Recommendation]:
        score: dict[int, float] = {}
        best: dict[int, tuple[float, int, WhyKind]] = {}
        for seed, weight, kind in self._seeds(interests):
            for item, similarity in self._near(seed, kind):
                if item in known:
                    continue
                gain = weight * similarity
                score[item] = score.get(item, 0.0) + gain
                if item not in best or gain > best[item][0]:
                    best[item] = (gain, seed, kind)
        ranked = sorted((-value, self._rank[item], item) for item, value in score.items())
        return [self._because(item, best[item][2], best[item][1]) for _, _, item in ranked[:count]]

    def _seeds(self, interests: Interests) -> Iterator[tuple[int, float, WhyKind]]:
        """Give the products to start from, with their weights and the kind of neighbours wanted."""
        bought, viewed = WhyKind.BOUGHT_TOGETHER, WhyKind.VIEWED_TOGETHER
        is_bought = set(interests.bought)
        for place in self._places(interests.focus[:_SEEDS]):
            yield place, _FOCUS_WEIGHT, bought
            if self.model.product_ids[place] not in is_bought:
                yield place, _FOCUS_WEIGHT, viewed
        for rank, place in enumerate(self._places(interests.bought[:_SEEDS])):
            yield place, 1 / (1 + rank), bought
        for rank, place in enumerate(self._places(interests.cart[:_SEEDS])):
            yield place, 1 / (1 + rank), bought
            yield place, _SUBSTITUTE_WEIGHT / (1 + rank), viewed
        for rank, place in enumerate(self._places(interests.viewed[:_SEEDS])):
            yield place, 1 / (1 + rank), viewed

    def _most_popular(self, taken: Collection[int], count: int) -> list[Recommendation]:
        found: list[Recommendation] = []
        for place in self._popular if count > 0 else ():
            if place not in taken:
                found.append(self._because(place, WhyKind.POPULAR, None))
                if len(found) == count:
                    break
        return found

    def _because(self, item: int, kind: WhyKind, seed: int | None) -> Recommendation:
        ids = self.model.product_ids
        because_of = None if seed is None else ids[seed]
        return Recommendation(product_id=ids[item], kind=kind, because_of=because_of)

    def _places(self, product_ids: Sequence[str]) -> list[int]:
        return [self._place[one] for one in product_ids if one in self._place]


def _near(model: Model, seed: int, kind: WhyKind) -> list[tuple[int, float]]:
    """Give the neighbours of a product with their similarities."""
    near = model.bought if kind is WhyKind.BOUGHT_TOGETHER else model.viewed
    run = slice(near.starts[seed], near.starts[seed + 1])
    return list(zip(near.item[run].tolist(), near.score[run].tolist(), strict=True))


def build_recommender(
    dataset: Dataset, meanings: Meanings | None = None, *, until: int | None = None
) -> Recommender:
    """Learn from everything in a dataset up to `until` (µs, by default all) what goes together.

    Where there is a catalogue, only what is in it is recommended.
    """
    chosen = product_choices(dataset, meanings or guess_meanings(dataset.manifest), until=until)
    ids = chosen.product_ids
    catalogue = dataset.catalogue()
    is_sold = np.array([not catalogue or one in catalogue for one in ids], dtype=np.bool_)
    order = np.lexsort((np.arange(len(ids)), -chosen.viewed.people, -chosen.bought.people))
    return Recommender(
        Model(
            product_ids=ids,
            bought=neighbours(
                chosen.bought.users, chosen.bought.items, len(ids), candidates=is_sold
            ),
            viewed=neighbours(
                chosen.viewed.users, chosen.viewed.items, len(ids), candidates=is_sold
            ),
            popular=order[is_sold[order]].astype(np.int32),
        )
    )
