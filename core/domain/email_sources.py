"""E-mails as marketers write and save them: a version never changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.errors import UnusableInput
from core.domain.values import JsonValue

LONGEST_NAME = 80  # characters

_NOT_IN_FILE_NAMES = frozenset('/\\:*?"<>|')
# Signs that join letters have no shape of their own, yet Persian and emoji need them.
_JOINERS = frozenset("\u200c\u200d")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSource:
    """All that is written of an e-mail: lines for the inbox, MJML, and what belongs to it.

    `requires` are fields without which nobody gets it, `sample` is the context of a preview without
    a person. `variant_of` names the e-mail that this one is compared with, if it is a variant.
    """

    name: str
    subject: str
    preheader: str = ""
    body: str
    requires: tuple[str, ...] = ()
    description: str = ""
    sample: Mapping[str, JsonValue] = field(default_factory=dict)
    stage: str | None = None
    variant_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailVersion:
    """One saved version; the numbers of an e-mail's versions are 1, 2, 3 …"""

    source: EmailSource
    number: int
    note: str
    saved_at: datetime


def check_email_name(name: str) -> None:
    """Raise UnusableInput for a name that could not be the name of a file as well."""
    is_plain = all(
        (sign.isprintable() or sign in _JOINERS) and sign not in _NOT_IN_FILE_NAMES for sign in name
    )
    if not is_plain or not name or name != name.strip(" .") or len(name) > LONGEST_NAME:
        raise UnusableInput(
            f"{name[:LONGEST_NAME]!r} cannot be the name of an e-mail; use up to {LONGEST_NAME} "
            'signs without / \\ : * ? " < > |, with no space or dot at either end'
        )
