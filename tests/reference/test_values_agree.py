"""The model's comparisons equal the plain reading for every pair of the values that are drawn.

A random campaign seldom compares two given values; here every pair meets (SEMANTICS 2.2, 2.3).
"""

from itertools import chain, product
from typing import Any

import pytest

from core.domain.matchers import PropertyCondition
from core.domain.values import Op, as_number, holds
from core.domain.values import key_text as key_text_of_the_model
from tests.reference.histories import AMOUNT_GROUPS, KEY_GROUPS, MISSING, VALUE_GROUPS
from tests.reference.matching import compares, key_text, number

_POOLS = chain.from_iterable((*VALUE_GROUPS, *KEY_GROUPS, *AMOUNT_GROUPS, ("\u00a05", "\t5\n")))
# By spelling: 5, 5.0 and True are different values although Python takes some for equal.
VALUES = tuple({repr(value): value for value in _POOLS if value is not MISSING}.values())
OPERANDS = tuple(value for value in VALUES if value is not None)


@pytest.mark.parametrize("op", ["eq", "ne", "contains"])
def test_2_2_every_pair_of_values_compares_as_the_rule_says(op: str):
    pairs = product(VALUES, OPERANDS)

    assert [pair for pair in pairs if holds(Op(op), *pair) is not compares(op, *pair)] == []


@pytest.mark.parametrize("op", ["gt", "gte", "lt", "lte"])
def test_2_2_every_pair_of_values_is_ordered_as_the_rule_says(op: str):
    operands = [v for v in OPERANDS if isinstance(v, str) or number(v) is not None]
    for operand in operands:
        PropertyCondition(property="p", op=Op(op), value=operand)

    pairs = product(VALUES, operands)

    assert [pair for pair in pairs if holds(Op(op), *pair) is not compares(op, *pair)] == []


@pytest.mark.parametrize("op", ["in", "not_in"])
def test_2_2_every_value_is_sought_in_lists_as_the_rule_says(op: str):
    lists: list[list[Any]] = [[], *([one] for one in OPERANDS), [5, "abc"], ["5", True, [1]]]

    pairs = product(VALUES, lists)

    assert [pair for pair in pairs if holds(Op(op), *pair) is not compares(op, *pair)] == []


def test_2_2_the_same_values_are_numbers():
    assert [v for v in VALUES if (as_number(v) is None) is not (number(v) is None)] == []


def test_2_3_every_value_is_the_same_key():
    assert [v for v in VALUES if key_text_of_the_model(v) != key_text(v)] == []
