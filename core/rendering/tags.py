"""Finds tags and attributes in MJML and HTML, without ever failing and in linear time."""

import re

# Quotes may hold ">", a comment may hold tags. Nothing makes it look back: what is looked ahead for
# and then named again is kept whole. (A possessive group says the same, but not to Python 3.11.2.)
TAG = re.compile(
    r"<!--.*?-->|<(?P<end>/?)(?P<name>[A-Za-z][\w:.-]*+)"
    r"(?=(?P<attributes>(?:[^\"'<>]++|\"[^\"]*+\"|'[^']*+')*))(?P=attributes)>",
    re.DOTALL,
)
ATTRIBUTE = re.compile(
    r"(?P<space>\s*+)(?P<name>[^\s=/\"'<>]++)"
    r"(?:(?P<equals>\s*+=\s*+)(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'))?"
)
VOID_TAGS = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)


def value_of(attribute: re.Match[str]) -> str | None:
    """Give the text between the quotes of an attribute, or None if it has no value."""
    double: str | None = attribute["double"]
    return attribute["single"] if double is None else double
