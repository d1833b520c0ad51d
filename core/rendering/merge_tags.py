"""Imports templates of Mailchimp and Klaviyo: their merge tags become Jinja."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.errors import UnusableInput
from core.rendering import klaviyo, mailchimp
from core.rendering.checks import LARGEST_SOURCE
from core.rendering.conversion import Note, Notes
from core.rendering.jinja_checks import JinjaChecks

# What is never closed ends with the text, so that no text is looked through twice.
_TAG = re.compile(
    r"\*\|(?P<mailchimp>[^|*]{1,200})\|\*"
    r"|\{%[-+]?\s*comment\s*[-+]?%\}(?P<comment>.*?)(?:\{%[-+]?\s*endcomment\s*[-+]?%\}|\Z)"
    r"|\{#.*?(?:#\}|\Z)"
    r"|\{\{[-+]?(?P<output>.*?)(?:[-+]?\}\}|(?P<open>\Z))"
    r"|\{%[-+]?\s*(?P<word>\w+)(?P<rest>.*?)(?:[-+]?%\}|(?P<cut>\Z))",
    re.DOTALL,
)

_NAMING = re.compile(r"\{%[-+]?\s*(?:for|set|with|macro)\b(.{0,200}?)(?:\bin\b|=|%\})", re.DOTALL)
_NAME = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A template in our words, and what needs a look."""

    source: str
    notes: Sequence[Note]


def convert(source: str) -> Converted:
    """Translate the merge tags of Mailchimp and Klaviyo; what is Jinja already stays.

    A tag without a counterpart becomes a comment that nobody sees, and a note. Raises UnusableInput
    for a text that is longer than any e-mail.
    """
    if len(source) > LARGEST_SOURCE:
        raise UnusableInput(
            f"the text is longer than {LARGEST_SOURCE:,} characters; is it an e-mail?"
        )
    named = "".join(f" {found[1]}" for found in _NAMING.finditer(source))
    notes = Notes(local_names=frozenset(_NAME.findall(named)))
    parts: list[str] = []
    position = 0
    for tag in _TAG.finditer(source):
        parts.append(source[position : tag.start()])
        notes.line += source.count("\n", position, tag.start())
        parts.append(_converted(tag, notes))
        notes.line += tag[0].count("\n")
        position = tag.end()
    converted = "".join([*parts, source[position:]])
    found = notes.found
    for problem in JinjaChecks().check(converted, "the converted template"):
        found.append(Note(line=problem.line, tag="", message=problem.message))
    return Converted(source=converted, notes=sorted(found, key=lambda note: note.line))


def _converted(tag: re.Match[str], notes: Notes) -> str:
    if tag["open"] is not None or tag["cut"] is not None:
        return tag[0]
    if tag["mailchimp"] is not None:
        return mailchimp.merge_tag(tag["mailchimp"], notes, tag[0])
    if tag["comment"] is not None:
        return f"{{# {tag['comment'].strip().replace('#}', '')} #}}"
    if tag["output"] is not None:
        return klaviyo.output(tag["output"], notes, tag[0])
    if tag["word"] is not None:
        return klaviyo.statement(tag["word"], tag["rest"], notes, tag[0])
    return tag[0]
