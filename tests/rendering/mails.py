"""Small e-mails and people for the tests of rendering."""

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from core.rendering.emails import EmailTemplate, Mode, NotRendered, Outcome, RenderedEmail
from core.rendering.render import render

TEMPLATES = Path(__file__).parents[2] / "templates"
GRETA: dict[str, Any] = {"profile": {"first_name": "Greta", "timezone": "Europe/Berlin"}}


def body(content: str) -> str:
    """Put content into the only column of an e-mail."""
    column = f"<mj-section><mj-column>{content}</mj-column></mj-section>"
    return f"<mjml><mj-body>{column}</mj-body></mjml>"


def words(content: str) -> str:
    """Put content into the only text of an e-mail."""
    return body(f"<mj-text>{content}</mj-text>")


def mail(source: str, **changes: Any) -> EmailTemplate:
    """Make a template of the name `mail`."""
    return EmailTemplate(**{"name": "mail", "source": source, "subject": "A subject", **changes})


def rendered(
    template: EmailTemplate, context: Mapping[str, Any] = GRETA, mode: Mode = Mode.SEND
) -> RenderedEmail:
    """Render what is expected to work."""
    outcome = render(template, context, mode)
    assert isinstance(outcome, RenderedEmail), outcome
    return outcome


def refused(template: EmailTemplate, context: Mapping[str, Any] = GRETA) -> NotRendered:
    """Render what is expected to be refused."""
    outcome: Outcome = render(template, context)
    assert isinstance(outcome, NotRendered), outcome
    return outcome


class Page(HTMLParser):
    """The tags of a compiled e-mail with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, attribute: str) -> list[str | None]:
        """List an attribute's value in each tag that has it."""
        return [found[attribute] for name, found in self.tags if name == tag and attribute in found]
