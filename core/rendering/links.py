"""Which addresses may stand in an e-mail."""

import re

LINK_ATTRIBUTES = frozenset(
    (
        *("href", "src", "srcset", "background", "background-url", "action", "poster"),
        *("icon-wrapped-url", "icon-unwrapped-url", "left-icon", "right-icon", "thumbnails-src"),
        *("base-url", "xlink:href"),
    )
)

# Readers of mail skip these where a scheme is told, so "java\tscript:" is one.
_SKIPPED = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+")
_ALLOWED = ("http://", "https://", "mailto:", "tel:", "#")


def is_safe_link(address: str, attribute: str = "href") -> bool:
    """Say whether an address leads to the web, a mailbox or a telephone, or nowhere at all."""
    if attribute == "srcset":
        return all(is_safe_link(part, "src") for part in address.split(","))
    bare = _SKIPPED.sub("", address).lower()
    return not bare or bare.startswith(_ALLOWED) or (attribute == "src" and bare[:4] == "cid:")
