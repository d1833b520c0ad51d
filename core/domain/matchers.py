"""Which events are meant: a name and conditions on properties (SEMANTICS 2)."""

from math import isfinite
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from core.domain.base import FileModel
from core.domain.values import JsonValue, Op, as_number, at_path, holds

ANY_EVENT = "*"
# Begins the name of something that we did, or that a machine did: a mail that was sent, a link that
# a scanner followed. A matcher means it only by its name, for it is no sign of life of a person,
# and no rehearsal knows of it.
OURS = "\x1f"

_ORDERING = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE})
_WITHOUT_VALUE = frozenset({Op.EXISTS, Op.NOT_EXISTS})


class Comparison(FileModel):
    """`op value`, shared by conditions on properties and on traits."""

    op: Op
    value: Any = None

    @model_validator(mode="after")
    def _value_fits_op(self) -> "Comparison":
        if self.op in _WITHOUT_VALUE:
            if self.value is not None:
                raise ValueError(f"`{self.op}` takes no value")
            return self
        if self.value is None:
            raise ValueError(f"`{self.op}` needs a value; to ask for a missing one use not_exists")
        if not _is_finite(self.value):
            raise ValueError(f"`{self.op}` needs finite numbers, not {self.value!r}")
        if self.op in (Op.IN, Op.NOT_IN) and not isinstance(self.value, list | tuple):
            raise ValueError(f"`{self.op}` needs a list, for example [DE, AT]")
        is_text = isinstance(self.value, str)
        if self.op in _ORDERING and not is_text and as_number(self.value) is None:
            raise ValueError(f"`{self.op}` compares numbers or text, not {self.value!r}")
        return self

    def accepts(self, value: JsonValue) -> bool:
        """Say whether a property's value, None when missing, satisfies the comparison."""
        return holds(self.op, value, self.value)


def _is_finite(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_finite(member) for member in value.values())
    if isinstance(value, list | tuple):
        return all(_is_finite(member) for member in value)
    return not isinstance(value, float) or isfinite(value)


class PropertyCondition(Comparison):
    """A condition on one property of an event; `property` may be a dotted path."""

    property: str = Field(min_length=1)


def _as_names(value: object) -> object:
    return [value] if isinstance(value, str) else value


EventNames = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_as_names),
    Field(min_length=1),
]


class Matcher(FileModel):
    """Events of the given names whose properties satisfy all conditions."""

    event: EventNames
    where: tuple[PropertyCondition, ...] = ()

    def accepts_name(self, name: str) -> bool:
        """Say whether events of that name are meant at all."""
        if name.startswith(OURS):
            return name.removeprefix(OURS) in self.event
        return ANY_EVENT in self.event or name in self.event

    def accepts(self, name: str, properties: dict[str, JsonValue]) -> bool:
        """Say whether one event matches (SEMANTICS 2.1)."""
        return self.accepts_name(name) and all(
            condition.accepts(at_path(properties, condition.property)) for condition in self.where
        )

    def references(self) -> list[str]:
        """List the values that refer to the firing: `$key`, `$trigger.PROPERTY` (SEMANTICS 2.4)."""
        return [condition.value for condition in self.where if is_reference(condition.value)]


def is_reference(value: object) -> bool:
    """Say whether a value stands for the firing's key or a property of the event behind it."""
    return isinstance(value, str) and (value == "$key" or value.startswith("$trigger."))
