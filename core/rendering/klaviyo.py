"""Translates Klaviyo's template tags, which are Django's, to Jinja."""

import re
from collections.abc import Callable, Mapping

from jinja2.filters import FILTERS as JINJA_FILTERS

from core.rendering.conversion import Notes, quoted
from core.rendering.filters import FILTERS

FILTER_NAMES = JINJA_FILTERS.keys() | FILTERS.keys()

_KEYWORDS = frozenset(
    (
        *("and", "or", "not", "in", "is", "if", "else"),
        *("true", "false", "none", "True", "False", "None"),
    )
)
_TRAITS = frozenset(
    ("first_name", "last_name", "full_name", "email", "phone_number", "city", "region", "country")
)
_ROOTS = {"person": "profile", "organization": "company", "forloop": "loop"}
_EVENT = re.compile(r"event(?:\.extra)?")
_COMPANY = {"full_address": "address", "homepage": "url"}
_LOOP = {"counter": "index", "counter0": "index0", "revcounter": "revindex"}
_SAME = frozenset(
    (
        *("title", "lower", "upper", "length", "first", "last"),
        *("safe", "striptags", "urlencode", "join"),
    )
)
_CHAIN = re.compile(
    # Not what follows a dot or a bracket: that belongs to a chain before it.
    r"(?<![\w.\])$])(?P<base>\"[^\"]*\"|'[^']*'|[A-Za-z_$][\w$]*(?:\.[\w$]+)*|\d+(?:\.\d+)?)"
    r"(?P<filters>(?:\s*\|\s*\w+(?:\s*:\s*(?:\"[^\"]*\"|'[^']*'|[\w.]+))?)*)"
)
_FILTER = re.compile(r"\|\s*(?P<name>\w+)(?:\s*:\s*(?P<value>\"[^\"]*\"|'[^']*'|[\w.]+))?")
# A colon tells Django's filters; these take none.
_DJANGO_ONLY = re.compile(r":|\|\s*(?:capfirst|currency_format|format_date(?:time)?_string)\b")
# Django's sign for a part of a date and Python's, side by side.
_DATE_SIGNS = dict(
    pair.split("=")
    for pair in (
        *("d=%d", "j=%d", "D=%a", "l=%A", "m=%m", "n=%m", "M=%b", "F=%B", "o=%Y", "Y=%Y"),
        *("y=%y", "H=%H", "G=%H", "h=%I", "g=%I", "i=%M", "s=%S", "A=%p", "a=%p"),
    )
)
_LINKS = {
    "unsubscribe": ("unsubscribe", "Unsubscribe"),
    "manage_preferences": ("preferences", "Manage preferences"),
    "view_in_browser": ("browser", "View in browser"),
    "web_view": ("browser", "View in browser"),
}
_UNCHANGED = frozenset(
    (
        *("if", "elif", "else", "endif", "for", "endfor", "with", "endwith"),
        *("set", "endset", "raw", "endraw"),
    )
)
_OURS = frozenset(
    ("include", "macro", "block", "extends", "import", "from", "call", "do", "filter")
)


def output(expression: str, notes: Notes, tag: str) -> str:
    """Translate what stands in `{{ … }}`; what is Jinja already stays as it is."""
    bare = expression.strip()
    translated = _expression(bare, notes, tag)
    return tag if translated == bare else "{{ " + translated + " }}"


def statement(word: str, rest: str, notes: Notes, tag: str) -> str:
    """Translate what stands in `{% … %}`."""
    if word.removeprefix("end") in _OURS:
        return tag
    if word == "empty":
        return "{% else %}"
    if word in _UNCHANGED:
        translated = _expression(rest.strip(), notes, tag)
        return tag if translated == rest.strip() else f"{{% {word} {translated} %}}"
    name, is_link = word.removesuffix("_link"), word.endswith("_link")
    if name in _LINKS:
        field, words = _LINKS[name]
        shown = rest.strip().strip("'\"") or words
        return f"{{{{ links.{field} }}}}" if is_link else _anchor(field, shown)
    return notes.dropped(tag, "there is nothing like this tag here; write it anew")


def _anchor(field: str, words: str) -> str:
    return f'<a href="{{{{ links.{field} }}}}">{words}</a>'


def _expression(text: str, notes: Notes, tag: str) -> str:
    def chain(found: re.Match[str]) -> str:
        if found["base"] in _KEYWORDS and not found["filters"]:
            return found[0]
        value = _path(found["base"], notes)
        if value == found["base"] and not _DJANGO_ONLY.search(found["filters"]):
            return found[0]
        for one in _FILTER.finditer(found["filters"]):
            value = _filtered(value, one["name"], one["value"], notes, tag)
        return value

    return _CHAIN.sub(chain, text)


def _path(base: str, notes: Notes) -> str:
    if base[0] in "\"'" or base[0].isdigit():
        return base
    event = _EVENT.match(base)
    if event is not None and base[event.end() : event.end() + 1] in ("", "."):
        return _fields("trigger.properties", base[event.end() :].split(".")[1:])
    root, *parts = base.split(".")
    if not parts and root in _TRAITS and root not in notes.local_names:
        return f"profile.{root}"
    if root == "organization":
        parts = [_COMPANY.get(part, part) for part in parts]
    if root == "forloop":
        parts = [_LOOP.get(part, part) for part in parts]
    return _fields(_ROOTS.get(root, root), parts)


def _fields(owner: str, parts: list[str]) -> str:
    for part in parts:
        if part.isdigit():
            owner += f"[{part}]"
        elif "$" in part:
            owner += f'["{part}"]'
        else:
            owner += f".{part}"
    return owner


def _filtered(value: str, name: str, argument: str | None, notes: Notes, tag: str) -> str:
    """Write a filter behind a value, in Jinja's way or with a note that it is left out."""
    if name in _WRITERS and argument is not None:
        return _WRITERS[name](value, argument)
    if name in _WITHOUT_ARGUMENT and argument is None:
        return f"{value} | {_WITHOUT_ARGUMENT[name]}"
    if name in ("format_date_string", "format_datetime_string"):
        return value
    if name in _SAME:
        return f"{value} | {name}" + (f"({_argument(argument)})" if argument else "")
    if argument is None and name in FILTER_NAMES:
        return f"{value} | {name}"
    notes.add(tag, f"there is no filter {name} here, so it was left out")
    return value


def _argument(text: str) -> str:
    return quoted(text[1:-1]) if text[0] in "\"'" else text


def _default(value: str, argument: str) -> str:
    return f"{value} | default({_argument(argument)}, true)"


def _lookup(value: str, argument: str) -> str:
    return f"{value}[{_argument(argument)}]"


def _date(value: str, argument: str) -> str:
    style = "".join(_DATE_SIGNS.get(sign, sign) for sign in argument[1:-1])
    return f"{value} | date({quoted(style)})"


def _decimals(value: str, argument: str) -> str:
    places = "".join(filter(str.isdigit, argument)) or "1"
    return f'"%.{places}f" | format({value})'


def _slice(value: str, argument: str) -> str:
    return f"({value})[{argument[1:-1]}]"


_WRITERS: Mapping[str, Callable[[str, str], str]] = {
    "default": _default,
    "lookup": _lookup,
    "date": _date,
    "floatformat": _decimals,
    "slice": _slice,
}
_WITHOUT_ARGUMENT = {"capfirst": "capitalize", "currency_format": "money", "date": "date"}
