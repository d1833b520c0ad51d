"""Checks links and pictures: in the source, where they have lines, and in what became of them."""

import re
from collections.abc import Iterator, Mapping

from core.rendering.emails import EmailTemplate, RenderedEmail
from core.rendering.links import is_safe_link
from core.rendering.masking import JINJA, Masked, mask
from core.rendering.tags import ATTRIBUTE, TAG
from core.services.email_findings import Finding, error, parts_of, warning
from core.services.email_pages import Page

_LINKING = frozenset({"a", "mj-button", "mj-social-element", "mj-navbar-link"})
_PICTURES = frozenset({"img", "mj-image"})
_UNSUBSCRIBE = re.compile(r"\blinks\s*(?:\.\s*unsubscribe|\[\s*[\"']unsubscribe[\"']\s*\])")
_DEFAULTS = re.compile(r"<mj-attributes\b.*?</mj-attributes\s*>", re.DOTALL)
_EMPTY_LINK = re.compile(r"href\s*=\s*(?:\"\s*\"|'\s*')")
_NOWHERE = frozenset({"", "#"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FOR_THE_READER = "Write https:// and the address, or the merge tag that holds it."


def link_findings(template: EmailTemplate) -> Iterator[Finding]:
    """Check the links and pictures of the sources that make up an e-mail, with their lines."""
    parts = parts_of(template)
    for file, source in parts.items():
        masked = mask(source)
        defaults = [found.span() for found in _DEFAULTS.finditer(masked.markup)]
        for tag in TAG.finditer(masked.markup):
            is_default = any(start < tag.start() < end for start, end in defaults)
            if tag["name"] is not None and not tag["end"] and not is_default:
                yield from _tag_findings(file, masked, tag)
    if not any(_unsubscribes(source) for source in parts.values()):
        yield error(
            template.file,
            None,
            "There is no link to unsubscribe, which the law and mailbox providers ask for.",
            'Include "partials/footer.mjml", or link {{ links.unsubscribe }}.',
        )


def rendered_link_findings(
    template: EmailTemplate, rendered: RenderedEmail, page: Page
) -> Iterator[Finding]:
    """Check the links and pictures of an e-mail that its data brought in."""
    file = template.file
    sources = "\n".join(parts_of(template).values())
    for link in rendered.removed_links:
        if link.value not in sources:
            what = (
                f"The {link.attribute} “{_short(link.value)}” was left out: it is no web address."
            )
            yield error(file, None, what, "Look where the data comes from.")
    # What leads nowhere for everybody was named with its line.
    told = {""} if _EMPTY_LINK.search(sources) is None else {"", *_words_of_empty(page)}
    for found in page.links:
        address = (found.address or "").strip()
        key = address or found.words
        if key in told:
            continue
        told.add(key)
        if address.lower().startswith("http://") and address not in sources:
            what = f"“{_short(address)}” is not encrypted, and mail programs warn of it."
            yield warning(file, None, what, "Let the data hold https:// addresses.")
        if found.address is not None and not address:
            what = f"The link “{_short(found.words)}” leads nowhere for this person."
            yield warning(file, None, what, "Show it only {% if … %} its address is there.")


def _words_of_empty(page: Page) -> set[str]:
    return {link.words for link in page.links if not (link.address or "").strip()}


def _tag_findings(file: str, masked: Masked, tag: re.Match[str]) -> Iterator[Finding]:
    name, line = tag["name"], masked.line_of(tag.start())
    attributes = _attributes(masked, tag)
    address = attributes.get("href")
    if name in _LINKING and "name" not in attributes and (address or "").strip() in _NOWHERE:
        yield warning(
            file, line, f"This <{name}> leads nowhere.", f'Give it href="…". {_FOR_THE_READER}'
        )
    for attribute in ("href", "src"):
        if attribute in attributes and attributes[attribute].strip() not in _NOWHERE:
            yield from _address_findings(file, line, attribute, attributes[attribute].strip())
    if name in _PICTURES:
        yield from _alt_findings(file, line, attributes)


def _address_findings(file: str, line: int, attribute: str, address: str) -> Iterator[Finding]:
    if address.startswith(("{{", "{%", "{#")):
        return  # what becomes of it is checked in the rendered e-mail
    if address.lower().startswith("http://"):
        what = f"“{_short(address)}” is not encrypted, and mail programs warn of it."
        yield warning(file, line, what, "Write https:// instead.")
    elif attribute == "src" and address.lower().startswith("data:"):
        what = "A picture inside the e-mail itself is not shown by Gmail and Outlook, and left out."
        yield error(file, line, what, "Put the picture on a server and give its https:// address.")
    elif not is_safe_link(address, attribute):
        kind = "leads to no known place" if _SCHEME.match(address) else "has no https:// in front"
        what = f"The {attribute} “{_short(address)}” {kind}, so it is left out."
        yield error(file, line, what, _FOR_THE_READER)


def _alt_findings(file: str, line: int, attributes: Mapping[str, str]) -> Iterator[Finding]:
    alt = attributes.get("alt")
    if alt is None:
        what = "This picture has no words for those who do not see it."
        mend = 'Write alt="…" with what it says, or alt="" if it is decoration.'
        yield warning(file, line, what, mend)
    elif not alt.strip() and attributes.get("href"):
        what = "This picture is a link without words: where pictures are off, nobody can follow it."
        yield warning(file, line, what, 'Write alt="…" with where it leads.')


def _attributes(masked: Masked, tag: re.Match[str]) -> dict[str, str]:
    """Give the attributes of a tag as they are in the source, merge tags and all."""
    start = tag.start("attributes")
    found = {}
    for attribute in ATTRIBUTE.finditer(tag["attributes"]):
        group = "double" if attribute["double"] is not None else "single"
        if attribute[group] is not None:
            first, end = attribute.span(group)
            value = masked.source[start + first : start + end]
            found[attribute["name"].lower()] = value
    return found


def _unsubscribes(source: str) -> bool:
    return any(_UNSUBSCRIBE.search(found["output"] or "") for found in JINJA.finditer(source))


def _short(address: str) -> str:
    return address if len(address) <= 60 else f"{address[:59]}…"
