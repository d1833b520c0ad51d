"""What an expression in a template may cost, told before it is computed."""

import re
from typing import Any

from jinja2.exceptions import SecurityError

LONGEST_RANGE = 10_000
LONGEST_PRODUCT = 100_000
MOST_BITS = 4_096
WIDEST = 999

_TOO_MANY_DIGITS = "a number of more than a thousand digits has no place in an e-mail"
_WIDE_PERCENT = re.compile(r"%[-+ #0]*(?:\d{4,}|\*)|%[-+ #0]*\d*\.(?:\d{4,}|\*)")
_WIDE_BRACES = re.compile(r":[^{}]*\d{4,}|\{[^{}]*\{")


def limited_range(*arguments: int) -> range:
    """Give a range, if an e-mail can have that many parts."""
    numbers = range(*arguments)
    if abs(numbers.stop - numbers.start) // abs(numbers.step) > LONGEST_RANGE:
        raise SecurityError(f"a range ends at {LONGEST_RANGE:,} steps in an e-mail")
    return numbers


def check_product(left: Any, right: Any) -> None:
    """Refuse to repeat text or lists without end, and numbers of thousands of digits."""
    for one, other in ((left, right), (right, left)):
        is_repeated = isinstance(one, str | list | tuple) and isinstance(other, int)
        if is_repeated and len(one) * other > LONGEST_PRODUCT:
            raise SecurityError(f"text is repeated up to {LONGEST_PRODUCT:,} signs in an e-mail")
    if _are_integers(left, right) and left.bit_length() + right.bit_length() > MOST_BITS:
        raise SecurityError(_TOO_MANY_DIGITS)


def check_power(base: Any, exponent: Any) -> None:
    """Refuse numbers of thousands of digits."""
    if _are_integers(base, exponent) and base.bit_length() * max(exponent, 0) > MOST_BITS:
        raise SecurityError(_TOO_MANY_DIGITS)


def check_percent_format(text: Any) -> None:
    """Refuse widths beyond any line, as in `"%999999d"`."""
    if isinstance(text, str) and _WIDE_PERCENT.search(text):
        raise SecurityError(f"a width in a format ends at {WIDEST}")


def check_braces_format(text: str) -> None:
    """Refuse widths beyond any line, as in `"{:999999}"`."""
    if _WIDE_BRACES.search(text):
        raise SecurityError(f"a width in a format ends at {WIDEST}")


def _are_integers(*values: Any) -> bool:
    return all(isinstance(value, int) for value in values)
