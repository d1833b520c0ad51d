"""The two Jinja environments of an e-mail: MJML with escaping, text without; both in a sandbox."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from jinja2 import DictLoader, TemplateRuntimeError
from jinja2.filters import do_format
from jinja2.runtime import Context as JinjaContext
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.rendering.emails import EmailTemplate
from core.rendering.filters import FILTERS
from core.rendering.limits import (
    check_braces_format,
    check_percent_format,
    check_power,
    check_product,
    limited_range,
)
from core.rendering.missing import Missing, missing_field

# What draws at random would differ between preview and send; the rest has no use in an e-mail.
_REMOVED_FILTERS = ("random", "pprint", "attr", "xmlattr", "urlize")
_REMOVED_GLOBALS = ("lipsum",)
_KEEPING_MISSING = ("float", "int", "round", "abs", "format", "length", "count", "wordcount")


class Required(TemplateRuntimeError):
    """A field that `require(…)` asks for is not there; the text is its name."""


class EmailEnvironment(ImmutableSandboxedEnvironment):
    """Jinja for e-mails: data is data, null is missing, and nothing can be made endless."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Give a field of an object: of a dictionary its keys only, never Python's methods."""
        if type(obj) is dict:
            value = obj.get(attribute)
            return self.undefined(obj=obj, name=attribute) if value is None else value
        if isinstance(obj, Missing):
            return obj[attribute]
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Give a member of a list or a field of a dictionary; null is missing."""
        if type(obj) is dict:
            value = obj.get(argument) if isinstance(argument, str | int | float) else None
        elif isinstance(obj, Undefined):
            return obj[argument]
        else:
            value = super().getitem(obj, argument)
        return self.undefined(obj=obj, name=argument) if value is None else value

    def call_binop(self, context: JinjaContext, operator: str, left: Any, right: Any) -> Any:
        """Compute a product, power or remainder after a look at its cost."""
        for part in (left, right):
            if isinstance(part, Missing):
                return part
        if operator == "*":
            check_product(left, right)
        elif operator == "**":
            check_power(left, right)
        else:
            check_percent_format(left)
        return super().call_binop(context, operator, left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Give `"{}".format` as a function that looks at its widths first."""
        filled = super().wrap_str_format(value)
        if filled is None:
            return None
        text = value.__self__

        def checked(*arguments: Any, **named: Any) -> str:
            check_braces_format(text)
            return filled(*arguments, **named)

        return checked


def mjml_environment(template: EmailTemplate) -> EmailEnvironment:
    """Give the environment of the MJML: it sees the partials and nothing else."""
    return _environment({**template.partials, template.file: template.source}, autoescape=True)


def text_environment(sources: Mapping[str, str]) -> EmailEnvironment:
    """Give the environment of subject and preheader, where nothing is escaped."""
    return _environment(sources, autoescape=False)


def _environment(sources: Mapping[str, str], *, autoescape: bool) -> EmailEnvironment:
    environment = EmailEnvironment(
        loader=DictLoader(sources),
        autoescape=autoescape,
        undefined=Missing,
        finalize=_shown,
        auto_reload=False,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    for name in _REMOVED_FILTERS:
        del environment.filters[name]
    for name in _REMOVED_GLOBALS:
        del environment.globals[name]
    environment.filters["format"] = _checked_format
    for name in _KEEPING_MISSING:
        environment.filters[name] = _keeping_missing(environment.filters[name])
    environment.filters.update(FILTERS)
    environment.globals["range"] = limited_range
    environment.globals["require"] = _require
    return environment


def _shown(value: Any) -> Any:
    """Give what an output shows: nothing for null, members of a list with commas between them."""
    if value is None:
        return ""
    if isinstance(value, list | tuple) and all(
        isinstance(part, str | int | float) for part in value
    ):
        return ", ".join(map(str, value))
    if isinstance(value, list | tuple | dict):
        raise TemplateRuntimeError(
            "a list of objects, or an object, stands where a text belongs; name one of its fields"
        )
    if callable(value) and not isinstance(value, Undefined):
        raise TemplateRuntimeError(
            "a function stands where a text belongs; are its brackets missing?"
        )
    return value


def _keeping_missing(computed: Callable[..., Any]) -> Callable[..., Any]:
    """Make a filter hand on what is missing, so that no price of 0.00 is made of nothing."""

    @wraps(computed)
    def filtered(value: Any, *arguments: Any, **named: Any) -> Any:
        missing = [part for part in (value, *arguments) if isinstance(part, Missing)]
        return missing[0] if missing else computed(value, *arguments, **named)

    return filtered


def _checked_format(text: Any, *arguments: Any, **named: Any) -> Any:
    check_percent_format(text)
    return do_format(text, *arguments, **named)


def _require(*values: Any) -> str:
    """Refuse the e-mail for people who have none of a value: `{{ require(cart.products) }}`."""
    for value in values:
        if isinstance(value, Missing):
            raise Required(missing_field(value).name)
        if value is None or value in ("", [], {}):
            raise Required("a value")
    return ""
