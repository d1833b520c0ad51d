"""Merge tags without a value: noted with name and line, marked in a preview, empty in a send."""

import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Undefined, UndefinedError
from jinja2.utils import missing as nowhere

from core.rendering.emails import MissingField, Mode
from core.rendering.places import Places

MARK, MARK_END = "⟦", "⟧"

_METHODS_OF_DICTS = frozenset({"items", "keys", "values", "get"})


@dataclass(slots=True)
class Noting:
    """What is missing in the e-mail that is being rendered."""

    mode: Mode
    places: Places
    # From the name in Jinja's hands, the path of its owner, a file and a line to the whole name.
    place_of: Callable[[str, str | None, str, int], MissingField]
    fields: dict[MissingField, None] = field(default_factory=dict)

    def note(self, missing: "Missing") -> str:
        """Add a field to the list and give what stands in its place."""
        field = self.field_of(missing)
        self.fields[field] = None
        return f"{MARK}{field.name}{MARK_END}" if self.mode is Mode.PREVIEW else ""

    def field_of(self, missing: "Missing") -> MissingField:
        """Say which field is missing, and where it is used."""
        return self.place_of(missing._name(), self._owner_of(missing), *_place())

    def _owner_of(self, missing: "Missing") -> str | None:
        """Give the path of what lacks the field: empty for the context, None for other things."""
        owner = missing._undefined_obj
        if owner is nowhere:
            return None if missing._undefined_name is None else ""
        return self.places.of(owner)


noting: ContextVar[Noting] = ContextVar("noting")


class Missing(Undefined):
    """A value that is not there; using it is noted, asking whether it is there is not."""

    __slots__ = ()

    def _noted(self) -> str:
        if self._undefined_exception is not UndefinedError:
            self._fail_with_undefined_error()
        return noting.get().note(self)

    def _name(self) -> str:
        name: object = self._undefined_name
        if isinstance(name, int):
            return f"[{name}]"
        return "the first of an empty list" if name is None else str(name)

    def _child(self, name: object) -> "Missing":
        if self._undefined_exception is not UndefinedError:
            self._fail_with_undefined_error()
        part = f"[{name}]" if isinstance(name, int) else f".{name}"
        # What is asked of a missing field lies where that would.
        return Missing(obj=self._undefined_obj, name=self._name() + part)

    def __getattr__(self, name: str) -> "Missing":
        if name.startswith("__"):
            raise AttributeError(name)
        return self._child(name)

    def __getitem__(self, key: object) -> "Missing":  # type: ignore[override]  # the base fails
        return self._child(key)

    def __call__(self, *_arguments: Any, **_named: Any) -> Any:
        """Refuse to be called, with a hint where a method of Python was meant."""
        name = missing_field(self).name
        *_, last = name.split(".")
        if last in _METHODS_OF_DICTS:
            hint = "write the name of the field, or `| items` for names and values"
            raise UndefinedError(
                f"{name}() is a method of Python, which e-mails do not have; {hint}"
            )
        raise UndefinedError(f"there is no function {name}()")

    def __str__(self) -> str:
        return self._noted()

    def __iter__(self) -> Iterator[Any]:
        self._noted()
        return iter(())

    def __len__(self) -> int:
        self._noted()
        return 0

    def __contains__(self, _member: object) -> bool:
        self._noted()
        return False

    def _no_number(self) -> Any:
        self._noted()
        raise UndefinedError(
            f"{missing_field(self).name} is missing where a number is needed; add `| default(0)`"
        )

    def _passed_on(self, _other: object = None) -> "Missing":
        self._noted()
        return self

    def _never(self, _other: object) -> bool:
        self._noted()
        return False


for _operator in (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv"),
    *("rfloordiv", "mod", "rmod", "pow", "rpow", "neg", "pos"),
):
    setattr(Missing, f"__{_operator}__", Missing._passed_on)
for _operator in ("lt", "le", "gt", "ge"):
    setattr(Missing, f"__{_operator}__", Missing._never)
for _operator in ("int", "index", "float", "complex"):
    setattr(Missing, f"__{_operator}__", Missing._no_number)


def missing_field(missing: Missing) -> MissingField:
    """Say which field is missing, and where it is used."""
    return noting.get().field_of(missing)


def _place() -> tuple[str, int]:
    """Say which line of which template is at work."""
    frame = sys._getframe(1)
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            return str(template.name), int(template.get_corresponding_lineno(frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]  # the outermost has none
    return "", 0
