"""Tells from a request for a picture or a link of an e-mail whether a machine made it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class MachineSign(StrEnum):
    """What gives a machine away; NONE is a request as a person's browser makes it."""

    NONE = ""
    HEAD = "head"  # asks for the headers only, which no reader does
    AHEAD = "prefetch"  # a browser or a mail program that loads before anybody asks
    APPLE_PRIVACY = "apple_privacy"  # Mail Privacy Protection loads every picture by itself
    SCANNER = "scanner"  # names itself as a program, or names nothing
    TOO_FAST = "too_fast"  # before anybody could have read the e-mail
    BURST = "burst"  # several links of one e-mail at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a request tells of who makes it; header names are in lower case."""

    method: str
    headers: Mapping[str, str]


# Apple's proxy says this and no more; browsers always go on in brackets.
_APPLE = "Mozilla/5.0"
# Cubot is a make of telephones.
_PROGRAMS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|scan|preview|headless|phantomjs|monitor|validator"
    r"|proofpoint|mimecast|barracuda|fireeye|symantec|messagelabs|bitdefender|trendmicro"
    r"|sophos|ironport|forcepoint|trustwave|google-safety|safebrowsing|facebookexternalhit"
    r"|\b(?:curl|wget|libwww|python|aiohttp|httpx|go-http-client|java|ruby|perl|axios|node-fetch"
    r"|apache-httpclient|winhttp)\b",
    re.IGNORECASE,
)
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD_WORDS = ("prefetch", "preview", "prerender")


def sign_of(visit: Visit) -> MachineSign:
    """Give what a request itself tells; when it came in is judged later."""
    if visit.method == "HEAD":
        return MachineSign.HEAD
    if any(word in visit.headers.get(name, "") for name in _AHEAD for word in _AHEAD_WORDS):
        return MachineSign.AHEAD
    agent = visit.headers.get("user-agent", "").strip()
    if agent == _APPLE:
        return MachineSign.APPLE_PRIVACY
    # Gmail's and Yahoo's proxies are none: they fetch when their reader opens the e-mail.
    return MachineSign.SCANNER if not agent or _PROGRAMS.search(agent) else MachineSign.NONE
