"""Checks a template before anybody gets it: markup and Jinja, each problem with its line."""

import re
from collections.abc import Collection

from core.rendering.emails import EmailTemplate
from core.rendering.jinja_checks import JinjaChecks
from core.rendering.markup_checks import check_markup
from core.rendering.problems import Level, Problem

LARGEST_SOURCE = 500_000  # characters

_BEGINNING = re.compile(r"(?:\s|<!--.*?-->|\{#.*?#\}|\{%.*?%\})*+<mjml[\s>]", re.DOTALL)


def check(
    source: str,
    file: str,
    *,
    known: Collection[str] | None = None,
    files: Collection[str] | None = None,
) -> list[Problem]:
    """List what is wrong with a template or a partial, in the order of lines.

    `known` are the fields that people have, as `profile.first_name` (None: not asked); a known name
    of which no field is known may have any. `files` are those it may include (None: not asked).
    """
    if len(source) > LARGEST_SOURCE:
        message = f"has more than {LARGEST_SOURCE:,} characters; no mailbox shows that much"
        return [Problem(file=file, line=1, level=Level.ERROR, message=message)]
    jinja = JinjaChecks(known=known, files=files).check(source, file)
    return sorted([*check_markup(source, file), *jinja], key=lambda problem: problem.line)


def check_template(
    template: EmailTemplate, *, known: Collection[str] | None = None
) -> list[Problem]:
    """List what is wrong with an e-mail: its MJML, partials, subject, preheader and requirements.

    Names in partials are parameters of theirs and not compared with `known`.
    """
    files = template.partials.keys()
    problems = check(template.source, template.file, known=known, files=files)
    if not _BEGINNING.match(template.source):
        message = "an e-mail begins with <mjml> and ends with </mjml>"
        problems.insert(0, Problem(file=template.file, line=1, level=Level.ERROR, message=message))
    problems += _settings_problems(template, known)
    for name, source in sorted(template.partials.items()):
        problems += check(source, name, files=files)
    return problems


def _settings_problems(template: EmailTemplate, known: Collection[str] | None) -> list[Problem]:
    checks = JinjaChecks(known=known)
    required = "{{ " + " ~ ".join(template.requires) + " }}" if template.requires else ""
    lines = {
        "subject": template.subject,
        "preheader": template.preheader,
        "requires": required,
    }
    return [
        problem
        for key, source in lines.items()
        for problem in checks.check(
            source, template.settings_file, template.line_by_key.get(key, 1)
        )
    ]
