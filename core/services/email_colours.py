"""Colours and their contrast, as the Web Content Accessibility Guidelines 2 count it."""

import re
from typing import NamedTuple

LEAST_CONTRAST = 4.5
LEAST_CONTRAST_OF_LARGE = 3.0
_LARGE, _LARGE_BOLD = 24.0, 18.66  # pixels

_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})")
_RGB = re.compile(
    r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*(?:[,/]\s*1(?:\.0*)?\s*)?\)"
)
_NAMES = {
    "black": "#000000",
    "white": "#ffffff",
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "yellow": "#ffff00",
    "orange": "#ffa500",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "lightgray": "#d3d3d3",
    "lightgrey": "#d3d3d3",
    "navy": "#000080",
    "purple": "#800080",
}
_STEPS = 50


class Colour(NamedTuple):
    """Red, green and blue, each from 0 to 255."""

    red: int
    green: int
    blue: int

    def __str__(self) -> str:
        """Write the colour as style sheets do."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


def colour_of(written: str) -> Colour | None:
    """Read a colour; None for one that is not plain, such as a translucent one."""
    text = written.partition("!")[0].strip().lower()
    text = _NAMES.get(text, text)
    digits = _HEX.fullmatch(text)
    if digits is not None:
        six = digits[1] if len(digits[1]) == 6 else "".join(sign * 2 for sign in digits[1])
        return Colour(int(six[:2], 16), int(six[2:4], 16), int(six[4:], 16))
    parts = _RGB.fullmatch(text)
    if parts is not None and all(int(part) <= 255 for part in parts.groups()):
        return Colour(*map(int, parts.groups()))
    return None


def spellings(colour: Colour) -> list[str]:
    """List how style sheets may write a colour, the longest first."""
    long = str(colour)
    is_short = all(part % 17 == 0 for part in colour)
    return [long, f"#{long[1]}{long[3]}{long[5]}"] if is_short else [long]


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def least_contrast(pixels: float, *, is_bold: bool) -> float:
    """Give the contrast that words of a size need (level AA)."""
    is_large = pixels >= (_LARGE_BOLD if is_bold else _LARGE)
    return LEAST_CONTRAST_OF_LARGE if is_large else LEAST_CONTRAST


def readable(colour: Colour, background: Colour, least: float) -> Colour:
    """Give the colour nearest to one, towards black or white, that can be read on a background."""
    black, white = Colour(0, 0, 0), Colour(255, 255, 255)
    end = max(black, white, key=lambda extreme: contrast(extreme, background))
    for step in range(_STEPS + 1):
        mixed = Colour(
            *(round(a + (b - a) * step / _STEPS) for a, b in zip(colour, end, strict=True))
        )
        if contrast(mixed, background) >= least:
            return mixed
    return end


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
