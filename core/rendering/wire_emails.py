"""Turns templates and outcomes into messages between parent and worker, and back."""

from collections.abc import Sequence
from typing import Any

from core.rendering.emails import (
    EmailTemplate,
    MissingField,
    NotRendered,
    Outcome,
    Refusal,
    RemovedLink,
    RenderedEmail,
)


def template_message(template: EmailTemplate) -> dict[str, Any]:
    """Write what rendering needs of a template."""
    return {
        "name": template.name,
        "source": template.source,
        "subject": template.subject,
        "preheader": template.preheader,
        "requires": template.requires,
        "partials": dict(template.partials),
        "line_by_key": dict(template.line_by_key),
    }


def template_from(message: dict[str, Any]) -> EmailTemplate:
    """Read what `template_message` wrote."""
    return EmailTemplate(**{**message, "requires": tuple(message["requires"])})


def outcome_message(outcome: Outcome) -> tuple[list[Any], list[str]]:
    """Write an outcome as a head and texts."""
    missing = [[field.name, field.file, field.line, field.written] for field in outcome.missing]
    if isinstance(outcome, NotRendered):
        head = ["refused", outcome.reason, outcome.message, outcome.file, outcome.line, missing]
        return head, []
    links = [[link.attribute, link.value] for link in outcome.removed_links]
    texts = [outcome.html, outcome.text, outcome.subject, outcome.preheader]
    return ["email", outcome.html_bytes, missing, links], texts


def outcome_from(head: list[Any], texts: Sequence[str]) -> Outcome:
    """Read what `outcome_message` wrote."""
    kind, *rest = head
    if kind == "refused":
        reason, message, file, line, missing = rest
        return NotRendered(
            reason=Refusal(reason), message=message, file=file, line=line, missing=_fields(missing)
        )
    html_bytes, missing, links = rest
    html, text, subject, preheader = texts
    return RenderedEmail(
        html=html,
        text=text,
        subject=subject,
        preheader=preheader,
        html_bytes=html_bytes,
        missing=_fields(missing),
        removed_links=tuple(RemovedLink(attribute=name, value=value) for name, value in links),
    )


def _fields(missing: Sequence[tuple[str, str, int, str]]) -> tuple[MissingField, ...]:
    return tuple(
        MissingField(name=name, file=file, line=line, written=written)
        for name, file, line, written in missing
    )
