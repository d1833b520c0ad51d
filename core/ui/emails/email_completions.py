"""What is offered while typing an e-mail: fields that people have, filters, blocks."""

from collections.abc import Sequence

from core.domain.values import JsonValue
from core.rendering.emails import EmailTemplate
from core.services.context_fields import ContextField
from core.services.email_checks import KNOWN_NAMES
from core.services.email_rendering import links_of
from core.ui import formats
from core.ui.code_editor.editor import Completion
from core.ui.emails import email_readers

_LONGEST_EXAMPLE = 36
_FILTERS = (
    ("default", "where a field is missing", "default('')"),
    ("money", "€1,234.50, as the reader writes it", 'money("EUR")'),
    ("date", "3 August 2026", "date"),
    ("time", "09:30, where the reader lives", "time"),
    ("utm", "tells campaigns apart in your statistics", "utm(source='email', campaign='')"),
    ("length", "how many", "length"),
    ("title", "First Letters Large", "title"),
    ("upper", "LARGE LETTERS", "upper"),
    ("truncate", "cut to a length", "truncate(60)"),
    ("round", "without decimals", "round"),
)
_SNIPPETS = (
    (
        "section",
        "a row with one column of text",
        "<mj-section>\n  <mj-column>\n    <mj-text>${text}</mj-text>\n  </mj-column>\n"
        "</mj-section>",
    ),
    (
        "button",
        "a button with its link",
        '<mj-button href="${https://}">${label}</mj-button>',
    ),
    (
        "picture",
        "a picture with its description",
        '<mj-image src="${https://}" alt="${what it shows}" />',
    ),
    (
        "products in the cart",
        "one card each",
        '{% for item in cart.products %}\n{% include "partials/product.mjml" %}\n{% endfor %}',
    ),
    (
        "only with a cart",
        "left out for the others",
        "{% if cart.products %}\n${what they see}\n{% endif %}",
    ),
    (
        "unsubscribe",
        "the link everybody needs",
        '<a href="{{ links.unsubscribe }}">Unsubscribe</a>',
    ),
)


def completions(template: EmailTemplate, fields: Sequence[ContextField]) -> list[Completion]:
    """List everything that is offered while typing this e-mail."""
    return [*_variables(template, fields), *map(_filter, _FILTERS), *map(_snippet, _SNIPPETS)]


def _variables(template: EmailTemplate, fields: Sequence[ContextField]) -> list[Completion]:
    found = {field.path: _field_detail(field) for field in fields}
    sender = {"company": email_readers.company().as_context(), "links": links_of(template)}
    for part, values in sender.items():
        found |= {f"{part}.{name}": _example(value) for name, value in values.items()}
    # A bare `profile` is no field; of the others, some have a value only in a campaign.
    in_campaigns = (name for name in sorted(KNOWN_NAMES) if "." in name)
    found = found | {name: "in a campaign" for name in in_campaigns if name not in found}
    return [
        Completion(label=path, detail=detail, kind="variable", insert=path)
        for path, detail in found.items()
    ]


def _field_detail(field: ContextField) -> str:
    said = "a list" if field.is_list else _example(field.example)
    return said if field.share >= 1 else f"{said} · {formats.percent(field.share)} have it"


def _example(value: JsonValue) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_EXAMPLE else f"{text[:_LONGEST_EXAMPLE]}…"


def _filter(told: tuple[str, str, str]) -> Completion:
    label, detail, insert = told
    return Completion(label=label, detail=detail, kind="filter", insert=insert)


def _snippet(told: tuple[str, str, str]) -> Completion:
    label, detail, insert = told
    return Completion(label=label, detail=detail, kind="snippet", insert=insert)
