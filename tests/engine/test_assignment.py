"""Who gets which bucket: the published answers, and a naive reading of the hash (SEMANTICS 6)."""

import random
from functools import cache
from math import sqrt

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.engine.assignment import BUCKETS, bucket, buckets, in_holdout

# Any text at all: half a surrogate pair is text too, and some scripts are seldom drawn.
TEXTS = st.text(st.characters(), max_size=12) | st.text("aü€😀\ud83d\ude00\0 ١", max_size=6)


def fnv1a32(units: list[int]) -> int:
    value = 0x811C9DC5
    for unit in units:
        value ^= unit
        value = value * 0x01000193 & 0xFFFFFFFF
    return value


def utf16_units(text: str) -> list[int]:
    units = []
    for sign in map(ord, text):
        if sign < 0x10000:
            units.append(sign)
        else:
            units += [0xD800 + (sign - 0x10000 >> 10), 0xDC00 + (sign - 0x10000 & 0x3FF)]
    return units


def naive_bucket(salt: str, user_id: str) -> int:
    inner = fnv1a32(utf16_units(salt + user_id))
    return fnv1a32(utf16_units(str(inner))) % 10000


@pytest.mark.parametrize(
    ("salt", "user_id", "expected"),
    [
        # SEMANTICS 6.1; from the test cases of GrowthBook's SDKs (hash version 2).
        ("seed", "a", 0.0505),
        ("foo", "def", 0.2019),
    ],
)
def test_6_1_known_answers(salt: str, user_id: str, expected: float) -> None:
    assert bucket(salt, user_id) == expected


@settings(max_examples=200)
@given(salt=TEXTS, user_ids=st.lists(TEXTS, max_size=8))
@example(salt="", user_ids=[""])
@example(salt="", user_ids=[])
@example(salt="\ud83d", user_ids=["\ude00", "😀"])
def test_6_1_buckets_equal_a_naive_reading_over_utf_16_code_units(
    salt: str, user_ids: list[str]
) -> None:
    found = buckets(salt, user_ids)

    assert found.tolist() == [naive_bucket(salt, user_id) for user_id in user_ids]


@given(salt=TEXTS, user_id=TEXTS, others=st.lists(TEXTS, max_size=4))
def test_6_1_a_bucket_depends_on_nothing_but_salt_and_user(
    salt: str, user_id: str, others: list[str]
) -> None:
    among_others = buckets(salt, [*others, user_id, *others])[len(others)]

    assert bucket(salt, user_id) == among_others / BUCKETS
    assert 0 <= bucket(salt, user_id) < 1


def test_every_bucket_is_about_equally_full() -> None:
    found = buckets("holdout:Cart recovery", [f"user-{n}" for n in range(200_000)])

    # 100 classes of 2,000 people on average: six standard deviations either way.
    filled = np.bincount(found // 100, minlength=100)
    assert filled.min() > 2000 - 6 * sqrt(2000)
    assert filled.max() < 2000 + 6 * sqrt(2000)


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.1, 1 / 3, 0.5, 0.9])
def test_6_2_the_holdout_holds_its_share(share: float) -> None:
    people = 100_000
    first = random.Random(share).randrange(10**12)
    user_ids = [str(first + n) for n in range(people)]

    held_out = int(in_holdout("holdout:Cart recovery", share, user_ids).sum())

    # Ten-thousandths: a third is every bucket below it. Five standard deviations of a binomial.
    assert abs(held_out - people * share) < 5 * sqrt(people * share * (1 - share)) + 10


def test_6_2_nobody_at_a_share_of_0_and_everybody_at_1() -> None:
    user_ids = [str(n) for n in range(20_000)]

    assert not in_holdout("s", 0.0, user_ids).any()
    assert in_holdout("s", 1.0, user_ids).all()


@cache
def user_by_bucket() -> dict[int, str]:
    user_ids = [f"u{n}" for n in range(150_000)]
    return dict(zip(buckets("s", user_ids).tolist(), user_ids, strict=True))


@pytest.mark.parametrize("percent", range(101))
def test_6_2_the_holdout_is_each_bucket_below_the_share_and_not_the_share_itself(
    percent: int,
) -> None:
    share = percent / 100
    near = [b for b in range(percent * 100 - 2, percent * 100 + 3) if 0 <= b < BUCKETS]
    user_ids = [user_by_bucket()[b] for b in near]

    held_out = in_holdout("s", share, user_ids)

    assert held_out.tolist() == [bucket("s", user_id) < share for user_id in user_ids]
    assert held_out.tolist() == [b < percent * 100 for b in near]


def test_two_salts_assign_independently() -> None:
    user_ids = [str(n) for n in range(40_000)]

    both = in_holdout("one", 0.5, user_ids) & in_holdout("two", 0.5, user_ids)

    assert abs(int(both.sum()) - 10_000) < 5 * sqrt(40_000 * 0.25 * 0.75)
