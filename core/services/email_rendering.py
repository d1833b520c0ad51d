"""One person's e-mail, rendered as a file, a preview or a test needs it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.domain.errors import CampaignError, UnusableInput
from core.domain.instants import as_microseconds
from core.domain.recommendations import Recommend, nothing_recommended
from core.history.reading import Dataset
from core.rendering.emails import EmailTemplate, Mode, Refusal, RenderedEmail
from core.rendering.renderer import Renderer
from core.services.company import NOBODY, STAND_INS, Company
from core.services.email_context import ContextSource, Recipient, context_of
from core.services.rehearsal_files import replaced_together

# Where nothing is sent there is nobody to unsubscribe: a preview shows these.
_LINKS = {
    "unsubscribe": "https://www.example.com/unsubscribe",
    "preferences": "https://www.example.com/preferences",
    "browser": "https://www.example.com/view",
}
_ENDINGS = (".txt", ".json")


def links_of(template: EmailTemplate) -> Mapping[str, str]:
    """Give the links that a preview shows: the sample's, and stand-ins for what it lacks."""
    own = {name: str(link) for name, link in _mapping(template, "links").items()}
    return {**_LINKS, **own}


def sample_context(template: EmailTemplate, company: Company = NOBODY) -> dict[str, Any]:
    """Give the context of a preview for which nobody was chosen.

    The company is the one that is set, else that of the example.
    """
    parts: dict[str, Any] = {
        **{name: {} for name in ("profile", "trigger", "cart", "campaign")},
        **{name: [] for name in ("viewed", "orders", "recommendations")},
    }
    given = {**parts, **template.sample}
    own = company.as_context() if company != NOBODY else _mapping(template, "company")
    return {**given, "company": {**STAND_INS, **own}, "links": links_of(template)}


def render_for(
    template: EmailTemplate,
    dataset: Dataset,
    user_id: str,
    renderer: Renderer,
    *,
    recommend: Recommend = nothing_recommended,
    company: Company = NOBODY,
) -> RenderedEmail:
    """Render the e-mail that somebody would get at the end of the history.

    Raises UnusableInput for a stranger and for a template that cannot be rendered for them.
    """
    last_at = dataset.manifest.last_at
    if last_at is None:
        raise UnusableInput(f"the dataset {dataset.manifest.name!r} has no events; import some")
    source = ContextSource(dataset, recommend=recommend, company=company.as_context())
    recipient = Recipient(user_id=user_id, at=as_microseconds(last_at))
    context = context_of(source, recipient, links_of(template))
    outcome = renderer.render(template, context.as_mapping(), Mode.SEND)
    if isinstance(outcome, RenderedEmail):
        return outcome
    if outcome.reason is Refusal.CRASH:
        raise CampaignError(outcome.message)
    raise UnusableInput(f"{template.name} for {user_id!r}: {outcome.message}")


def write_rendered(rendered: RenderedEmail, path: Path) -> None:
    """Write the HTML to `path`, its text and its lines for the inbox beside it; all or nothing.

    Raises UnusableInput for a path that is none of the three's, or that cannot be written.
    """
    if path.suffix in _ENDINGS or not path.name:
        raise UnusableInput(f"--out {str(path)!r}: name the HTML file, such as mail.html")
    text, lines = (path.with_suffix(ending).name for ending in _ENDINGS)
    with replaced_together(path.parent, [path.name, text, lines]) as drafts:
        drafts[path.name].write_text(rendered.html, encoding="utf-8")
        drafts[text].write_text(rendered.text, encoding="utf-8")
        inbox = {"subject": rendered.subject, "preheader": rendered.preheader}
        written = json.dumps(inbox, ensure_ascii=False, indent=2)
        drafts[lines].write_text(f"{written}\n", encoding="utf-8")


def _mapping(template: EmailTemplate, name: str) -> Mapping[str, Any]:
    value = template.sample.get(name)
    return value if isinstance(value, Mapping) else {}
