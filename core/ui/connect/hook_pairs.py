"""Names with values, one per line: `order_id = $.id`."""

from collections.abc import Mapping

_MOST, _LONGEST = 100, 500


def written_pairs(pairs: Mapping[str, str]) -> str:
    """Write pairs, one per line."""
    return "\n".join(f"{name} = {value}" for name, value in pairs.items())


def read_pairs(text: str) -> dict[str, str]:
    """Read pairs; a line without `=` is the name of a field of the call: `price` is `$.price`."""
    found: dict[str, str] = {}
    for line in text.splitlines()[:_MOST]:
        name, equals, value = line.partition(" = ") if " = " in line else line.partition("=")
        name, value = name.strip()[:_LONGEST], value.strip()[:_LONGEST]
        if name:
            found[name] = value if equals else f"$.{name}"[:_LONGEST]
    return found
