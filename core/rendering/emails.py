"""What goes into rendering and what comes out: a template, an e-mail, or the reason for none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.values import JsonValue

Context = Mapping[str, JsonValue]


class Mode(StrEnum):
    """What an e-mail is rendered for: a preview marks missing fields, a send leaves them empty."""

    PREVIEW = "preview"
    SEND = "send"


class Refusal(StrEnum):
    """Why there is no e-mail for a person."""

    REQUIRED = "required"
    TEMPLATE = "template"
    MARKUP = "markup"
    TOO_LARGE = "too_large"
    TIME = "time"
    MEMORY = "memory"
    CRASH = "crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailTemplate:
    """An e-mail as a marketer writes it: MJML with merge tags, and what belongs to it."""

    name: str
    source: str
    subject: str
    preheader: str = ""
    description: str = ""
    stage: str | None = None
    requires: tuple[str, ...] = ()
    sample: Context = field(default_factory=dict)
    partials: Mapping[str, str] = field(default_factory=dict)
    # Where subject, preheader and the rest stand in their file.
    line_by_key: Mapping[str, int] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Name the file of the MJML, as messages do."""
        return f"{self.name}.mjml"

    @property
    def settings_file(self) -> str:
        """Name the file of subject, preheader and sample, as messages do."""
        return f"{self.name}.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingField:
    """A merge tag for which a person has no value.

    `name` says where it would lie, as in `cart.products[].title` for any product of the cart;
    `written` how the template says it, as in `item.title`, and is empty where that is the name.
    """

    name: str
    file: str
    line: int
    written: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedLink:
    """An address that was left out of an e-mail because it is neither web, mail nor telephone."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEmail:
    """An e-mail for one person."""

    html: str
    text: str
    subject: str
    preheader: str
    html_bytes: int
    missing: Sequence[MissingField] = ()
    removed_links: Sequence[RemovedLink] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRendered:
    """The reason why there is no e-mail for a person, in one sentence."""

    reason: Refusal
    message: str
    file: str | None = None
    line: int | None = None
    missing: Sequence[MissingField] = ()


Outcome = RenderedEmail | NotRendered
