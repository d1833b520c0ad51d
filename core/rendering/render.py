"""Makes an e-mail for one person in this process: Jinja, hardening, MJML, text.

For templates of our own; what people wrote goes through `core.rendering.renderer`, which can be
stopped.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from typing import Any

import mjml
from jinja2 import Template, TemplateError

from core.rendering.emails import (
    Context,
    EmailTemplate,
    MissingField,
    Mode,
    NotRendered,
    Outcome,
    Refusal,
    RenderedEmail,
)
from core.rendering.environment import Required, mjml_environment, text_environment
from core.rendering.expressions import Paths, paths_by_last_field
from core.rendering.faults import fault_place, fault_sentence
from core.rendering.hardening import harden, xml_text
from core.rendering.header_text import header_text
from core.rendering.markup_checks import markup_errors
from core.rendering.missing import MARK, MARK_END, Noting, noting
from core.rendering.places import Places, joined, of_any_member
from core.rendering.plain_text import plain_text

LARGEST_EMAIL = 2_000_000  # characters of filled-in MJML
DEEPEST = 100

_SUBJECT, _PREHEADER = "subject", "preheader"
_LAST_FIELD = re.compile(r"(\w+)\]?$")
_TAG_OR_MARK = re.compile(f"<[^>]*>|{MARK}[^{MARK_END}]*{MARK_END}")
_PREVIEW_STYLE = "background:#ffe08a;color:#4a3200;padding:0 2px;border-radius:2px"

# What a template can raise; anything else ends the worker, and its replacement goes on.
_FAULTS = (
    TemplateError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RecursionError,
    TypeError,
    ValueError,
)


def render(template: EmailTemplate, context: Context, mode: Mode = Mode.SEND) -> Outcome:
    """Make an e-mail for one person, or say in one sentence why there is none."""
    return Compiled(template).render(context, mode)


def compiled(hardened: str) -> str:
    """Make HTML of hardened MJML; raises ValueError where the compiler refuses it.

    Without a list of fonts of ours the compiler would have every reader ask Google for Ubuntu.
    """
    html: str = mjml.mjml2html(hardened, fonts={})
    return html


class Compiled:
    """A template read once, to be filled in for many people."""

    def __init__(self, template: EmailTemplate) -> None:
        self.template = template
        lines = {_SUBJECT: template.subject, _PREHEADER: template.preheader}
        self._lines = text_environment(lines)
        self._mjml = mjml_environment(template)
        self._paths: dict[str, Paths] = {}

    @cached_property
    def _subject(self) -> Template:
        return self._lines.get_template(_SUBJECT)

    @cached_property
    def _preheader(self) -> Template:
        return self._lines.get_template(_PREHEADER)

    @cached_property
    def _body(self) -> Template:
        return self._mjml.get_template(self.template.file)

    def render(self, context: Context, mode: Mode) -> Outcome:
        """Make the e-mail for one person, or say why there is none."""
        noted = Noting(mode=mode, places=Places(context), place_of=self._missing_field)
        token = noting.set(noted)
        try:
            return self._rendered(context, noted)
        except Required as lacking:
            return self._required([str(lacking)])
        except _FAULTS as error:
            return self._faulty(error)
        finally:
            noting.reset(token)

    def _rendered(self, context: Context, noted: Noting) -> Outcome:
        lacking = [path for path in self.template.requires if not _has(context, path)]
        if lacking:
            return self._required(lacking)
        known = {name: value for name, value in context.items() if value is not None}
        subject = header_text(_filled(self._subject, known))
        preheader = header_text(_filled(self._preheader, known))
        known.update({_SUBJECT: subject, _PREHEADER: preheader})
        body = xml_text(_filled(self._body, known))
        if len(body) > LARGEST_EMAIL:
            return _too_large(f"has {len(body):,} characters; an e-mail ends at {LARGEST_EMAIL:,}")
        hardened = harden(body)
        if hardened.depth > DEEPEST:
            return _too_large(f"nests its tags {hardened.depth} deep; an e-mail ends at {DEEPEST}")
        try:
            html = hardened.restored(compiled(hardened.mjml))
        except ValueError:
            return self._broken(body)
        missing = tuple(noted.fields)
        return RenderedEmail(
            html=_marked(html, missing) if missing and noted.mode is Mode.PREVIEW else html,
            text=plain_text(body),
            subject=subject,
            preheader=preheader,
            html_bytes=len(html.encode()),
            missing=missing,
            removed_links=tuple(hardened.removed_links),
        )

    def _missing_field(self, name: str, owner: str | None, file: str, line: int) -> MissingField:
        """Name a missing field by where it would lie, and as the template does near a line."""
        chains = self._chains(name, file)
        path = None if owner is None else joined(owner, name)
        same = [chain for chain in chains if _is_same(chain[1], path)]
        written = _nearest(same or ([] if owner == "" else chains), line) or path or name
        if path is None or same:
            path = written
        file, line = self._place(file, line)
        return MissingField(
            name=path, file=file, line=line, written="" if path == written else written
        )

    def _chains(self, name: str, file: str) -> list[tuple[int, str]]:
        """List the chains of fields that end in a name, each with its line."""
        last = _LAST_FIELD.search(name)
        known = self._paths_of(file).get(last[1], []) if last else []
        ending = name if name.startswith("[") else f".{name}"
        return [entry for entry in known if entry[1].endswith(ending)]

    def _paths_of(self, file: str) -> Paths:
        if file not in self._paths:
            environment = self._lines if file in (_SUBJECT, _PREHEADER) else self._mjml
            assert environment.loader is not None
            source, *_ = environment.loader.get_source(environment, file)
            self._paths[file] = paths_by_last_field(environment.parse(source))
        return self._paths[file]

    def _place(self, file: str, line: int) -> tuple[str, int]:
        """Turn a place in subject or preheader into one in the file where they stand."""
        if file not in (_SUBJECT, _PREHEADER):
            return file, line
        return self.template.settings_file, self.template.line_by_key.get(file, 1) + line - 1

    def _required(self, fields: Sequence[str]) -> NotRendered:
        names = ", ".join(fields)
        verb = "is" if len(fields) == 1 else "are"
        file, line = self.template.settings_file, self.template.line_by_key.get("requires")
        return NotRendered(
            reason=Refusal.REQUIRED,
            message=f"{names} {verb} required, and this person has none",
            file=file,
            line=line,
            missing=tuple(MissingField(name=name, file=file, line=line or 1) for name in fields),
        )

    def _faulty(self, error: BaseException) -> NotRendered:
        file, line = self._place(*fault_place(error, self.template.file))
        return NotRendered(
            reason=Refusal.TEMPLATE,
            message=f"{file}:{line}: {fault_sentence(error, self._mjml.list_templates())}",
            file=file,
            line=line,
        )

    def _broken(self, body: str) -> NotRendered:
        """Say where markup is broken: in a file if it is so there, else in what was filled in."""
        sources = {self.template.file: self.template.source, **self.template.partials}
        found = [problem for file in sources for problem in markup_errors(sources[file], file)]
        for problem in found or markup_errors(body, "the filled-in MJML"):
            return NotRendered(
                reason=Refusal.MARKUP, message=str(problem), file=problem.file, line=problem.line
            )
        file = self.template.file
        sentence = "the MJML cannot be read; look for a tag that is not closed, or a bare <"
        return NotRendered(reason=Refusal.MARKUP, message=f"{file}: {sentence}", file=file)


def _filled(template: Template, values: dict[str, Any]) -> str:
    # Not `template.render`, which hides the frames that tell the line of a fault.
    return "".join(template.root_render_func(template.new_context(values)))


def _is_same(written: str, path: str | None) -> bool:
    return path is not None and of_any_member(written) == of_any_member(path)


def _nearest(chains: Sequence[tuple[int, str]], line: int) -> str | None:
    return min(chains, key=lambda chain: abs(chain[0] - line))[1] if chains else None


def _has(context: Context, path: str) -> bool:
    value: Any = context
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value not in (None, "", [], {})


def _marked(html: str, missing: Sequence[MissingField]) -> str:
    """Make the missing fields visible in the body of a preview."""
    marks = {escape(f"{MARK}{field.name}{MARK_END}") for field in missing}
    head, body, rest = html.partition("<body")

    def mark(found: re.Match[str]) -> str:
        is_ours = found[0] in marks
        return f'<mark style="{_PREVIEW_STYLE}">{found[0]}</mark>' if is_ours else found[0]

    return head + body + _TAG_OR_MARK.sub(mark, rest)


def _too_large(what: str) -> NotRendered:
    return NotRendered(reason=Refusal.TOO_LARGE, message=f"the filled-in e-mail {what}")
