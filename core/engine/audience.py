"""Who belongs to an audience, decided once per distinct value of a trait (SEMANTICS 4.2)."""

from collections.abc import Callable, Mapping
from typing import assert_never

import numpy as np

from core.domain.conditions import (
    AllCondition,
    AnyCondition,
    ClickedCondition,
    Condition,
    DidCondition,
    NotCondition,
    OpenedCondition,
    SegmentCondition,
    TraitCondition,
)
from core.domain.values import JsonValue
from core.engine.batches import Bools, PropertyColumn

SEGMENTS = "segments"


def members(condition: Condition, traits: Mapping[str, PropertyColumn], user_count: int) -> Bools:
    """Give for each user, by code, whether the condition holds (shape: user_count).

    `traits` holds every trait the condition names (see `campaigns.traits_of`), one code per user.
    Segments are read from the trait `segments`: a list of names, or one text with commas between.
    """
    match condition:
        case TraitCondition():
            return _by_value(traits[condition.trait], condition.accepts)
        case SegmentCondition():
            name = condition.segment
            return _by_value(traits[SEGMENTS], lambda value: name in segment_names(value))
        case AllCondition():
            everyone = np.ones(user_count, dtype=np.bool_)
            for part in condition.all:
                everyone &= members(part, traits, user_count)
            return everyone
        case AnyCondition():
            nobody = np.zeros(user_count, dtype=np.bool_)
            for part in condition.any:
                nobody |= members(part, traits, user_count)
            return nobody
        case NotCondition():
            return ~members(condition.not_, traits, user_count)
        case DidCondition() | OpenedCondition() | ClickedCondition():
            raise ValueError("an audience asks for traits and segments only")
        case _:
            assert_never(condition)


def segment_names(value: JsonValue) -> list[str]:
    """Read the segments a profile's trait names."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",")]
    if isinstance(value, list | tuple):
        return [str(name) for name in value]
    return []


def _by_value(column: PropertyColumn, accepts: Callable[[JsonValue], bool]) -> Bools:
    answers = [accepts(value) for value in column.values]
    answers.append(accepts(None))  # index -1: the missing value
    return np.array(answers, dtype=np.bool_)[column.codes]
