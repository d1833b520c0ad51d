"""Lets the links of a rendered e-mail lead through us, and puts a picture in that tells of opens.

Only what is a link in the HTML is changed, in the text part too: an address that stands in what
somebody wrote of themselves never becomes one of ours.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from html import escape

from core.rendering.emails import RenderedEmail
from core.rendering.hardening import decoded
from core.rendering.tags import ATTRIBUTE, value_of

Readdress = Callable[[str], str | None]

# Links, also those that only Outlook sees; style sheets and pictures are none. Nothing makes it
# look back, as in `tags`.
_LINK = re.compile(
    r"<(?:a|area|v:[a-z]+)\b(?=(?P<attributes>(?:[^\"'<>]++|\"[^\"]*+\"|'[^']*+')*))(?P=attributes)>",
    re.IGNORECASE,
)
_WEB = re.compile(r"https?://", re.IGNORECASE)
_END = re.compile(r"</body\s*>", re.IGNORECASE)
_PICTURE = (
    '<img src="{}" width="1" height="1" alt="" style="display:block;width:1px;height:1px;border:0">'
)


def tracked(
    rendered: RenderedEmail,
    readdress: Readdress,
    *,
    but: Collection[str] = (),
    picture: str | None = None,
) -> RenderedEmail:
    """Give the e-mail with every link to the web, but some, as `readdress` writes it.

    A link for which it gives None stays. `picture` is the address of the invisible one at the end.
    """
    links: dict[str, str] = {}

    def told(address: str) -> str | None:
        if address in but or not _WEB.match(address):
            return None
        new = links.get(address) or readdress(address)
        if new is not None:
            links[address] = new
        return new

    html = _LINK.sub(lambda link: _link(link, told), rendered.html)
    if picture is not None:
        html = _with_picture(html, picture)
    text = _text(rendered.text, links)
    return replace(rendered, html=html, text=text, html_bytes=len(html.encode()))


def _link(link: re.Match[str], told: Readdress) -> str:
    attributes = link["attributes"]
    if "href" not in attributes.lower():
        return link[0]
    begin = link[0][: link.start("attributes") - link.start()]
    return f"{begin}{ATTRIBUTE.sub(lambda found: _attribute(found, told), attributes)}>"


def _attribute(attribute: re.Match[str], told: Readdress) -> str:
    if attribute["name"].lower() != "href":
        return attribute[0]
    raw = value_of(attribute)
    new = None if raw is None else told(decoded(raw).strip())
    if new is None:
        return attribute[0]
    return f'{attribute["space"]}{attribute["name"]}="{escape(new)}"'


def _with_picture(html: str, address: str) -> str:
    picture = _PICTURE.format(escape(address))
    ends = [found.start() for found in _END.finditer(html)]
    if not ends:
        return html + picture
    return html[: ends[-1]] + picture + html[ends[-1] :]


def _text(text: str, links: dict[str, str]) -> str:
    """Change the same links in the text part, where each stands behind its words, or alone."""
    if not links:
        return text
    known = "|".join(re.escape(link) for link in sorted(links, key=len, reverse=True))
    alone = re.compile(rf"(?<![^\s(])(?:{known})(?![^\s)])")
    return alone.sub(lambda found: links[found[0]], text)
