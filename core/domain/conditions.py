"""Questions about a person: traits, segments, deeds, and their combinations."""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from core.domain.base import FileModel
from core.domain.matchers import Comparison, Matcher


class TraitCondition(Comparison):
    """A comparison of one trait of the profile."""

    trait: str = Field(min_length=1)


class SegmentCondition(FileModel):
    """Membership of a segment."""

    segment: str = Field(min_length=1)


class DidCondition(FileModel):
    """Did it at least once since entry, up to now (SEMANTICS 2.5, 5.3)."""

    did: Matcher


class OpenedCondition(FileModel):
    """Opened the message of a send step."""

    opened: str


class ClickedCondition(FileModel):
    """Clicked in the message of a send step."""

    clicked: str


class AllCondition(FileModel):
    """Every part holds."""

    all: tuple["Condition", ...] = Field(min_length=1)


class AnyCondition(FileModel):
    """At least one part holds."""

    any: tuple["Condition", ...] = Field(min_length=1)


class NotCondition(FileModel):
    """The part does not hold."""

    not_: "Condition" = Field(alias="not")


_KINDS = ("trait", "segment", "did", "opened", "clicked", "all", "any", "not")


def _kind_of(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in _KINDS if kind in value), None)
    names = {"not_": "not"}
    fields = getattr(type(value), "model_fields", {})
    return next((kind for kind in (names.get(f, f) for f in fields) if kind in _KINDS), None)


Condition = Annotated[
    Annotated[TraitCondition, Tag("trait")]
    | Annotated[SegmentCondition, Tag("segment")]
    | Annotated[DidCondition, Tag("did")]
    | Annotated[OpenedCondition, Tag("opened")]
    | Annotated[ClickedCondition, Tag("clicked")]
    | Annotated[AllCondition, Tag("all")]
    | Annotated[AnyCondition, Tag("any")]
    | Annotated[NotCondition, Tag("not")],
    Discriminator(
        _kind_of,
        custom_error_type="unknown_condition",
        custom_error_message=f"is no condition; it needs one of the keys {', '.join(_KINDS)}",
    ),
]

for _model in (AllCondition, AnyCondition, NotCondition):
    _model.model_rebuild()


def parts_of(condition: Condition) -> list[Condition]:
    """List a condition and everything nested inside it, outermost first."""
    match condition:
        case AllCondition(all=parts) | AnyCondition(any=parts):
            return [condition, *(inner for part in parts for inner in parts_of(part))]
        case NotCondition(not_=part):
            return [condition, *parts_of(part)]
        case _:
            return [condition]
