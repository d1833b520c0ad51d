"""E-mails by name: the starters that come with the project, and what marketers saved.

A saved e-mail with the name of a starter takes its place; deleting it brings the starter back.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import Engine

from core.domain.email_sources import EmailSource, EmailVersion, check_email_name
from core.domain.errors import UnusableInput
from core.domain.steps import SendStep
from core.domain.versions import CampaignVersion
from core.rendering.emails import EmailTemplate
from core.services.step_words import email_title
from core.store import campaigns as campaign_store
from core.store import emails as email_store
from core.store.database import reading, writing

Starters = Mapping[str, EmailTemplate]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSummary:
    """An e-mail in a list. Without a saved version, a starter has neither number nor time."""

    name: str
    title: str
    is_starter: bool
    latest_number: int | None
    saved_at: datetime | None
    variant_of: str | None
    subject: str
    description: str


def emails(database: Engine, starters: Starters) -> list[EmailSummary]:
    """List all e-mails by title."""
    with reading(database) as session:
        kept = {kept.source.name: kept for kept in email_store.latest_versions(session)}
    known = starters.keys() | kept.keys()
    summaries = [
        _summary(kept[name], starters, known) if name in kept else _summary_of(starters[name])
        for name in known
    ]
    return sorted(summaries, key=lambda summary: (summary.title.casefold(), summary.name))


def names(database: Engine, starters: Starters) -> frozenset[str]:
    """Name the e-mails that a campaign may send."""
    with reading(database) as session:
        return email_store.names(session) | starters.keys()


def email(
    database: Engine, starters: Starters, name: str, number: int | None = None
) -> EmailVersion | EmailSource:
    """Give the latest version of an e-mail, or the one of that number; a starter as it came.

    Raises UnusableInput where there is no such e-mail or version.
    """
    with reading(database) as session:
        if number is not None:
            found = email_store.version(session, name, number)
        else:
            found = email_store.latest(session, name)
        known = email_store.names(session) | starters.keys()
    if found is not None:
        return found
    if number is not None and name in known:
        raise UnusableInput(f"the e-mail {name!r} has no version {number}; choose another one")
    if name not in starters:
        raise _unknown(name, known)
    return source_of(starters[name])


def template(
    database: Engine, starters: Starters, name: str, number: int | None = None
) -> EmailTemplate:
    """Give an e-mail ready to be rendered; raises UnusableInput where there is none (`email`)."""
    found = email(database, starters, name, number)
    if isinstance(found, EmailSource):
        return starters[name]
    return template_of(found.source, starters)


def template_of(source: EmailSource, starters: Starters) -> EmailTemplate:
    """Make an e-mail ready to be rendered with the header, footer and cards of the starters."""
    partials = next((starter.partials for starter in starters.values()), {})
    return EmailTemplate(
        name=source.name,
        source=source.body,
        subject=source.subject,
        preheader=source.preheader,
        description=source.description,
        stage=source.stage,
        requires=source.requires,
        sample=source.sample,
        partials=partials,
        # One line each, as if they stood in a file of their own.
        line_by_key={"subject": 1, "preheader": 2},
    )


def source_of(template: EmailTemplate) -> EmailSource:
    """Give what is written of a template, without what it shares with others."""
    return EmailSource(
        name=template.name,
        subject=template.subject,
        preheader=template.preheader,
        body=template.source,
        requires=template.requires,
        description=template.description,
        sample=template.sample,
        stage=template.stage,
    )


def save_email(
    database: Engine, starters: Starters, source: EmailSource, *, note: str, saved_at: datetime
) -> EmailVersion:
    """Save an e-mail as its next version; the same content saves nothing new.

    Broken MJML is saved too: it is a draft until a campaign sends it. Raises UnusableInput for a
    name that cannot be one, and for a variant of nothing, of itself or of another variant.
    """
    named = replace(source, name=source.name.strip())
    check_email_name(named.name)
    with writing(database) as session:
        kept = {found.source.name: found.source for found in email_store.latest_versions(session)}
        _check_variant(named, kept, starters)
        return email_store.save_version(session, named, note=note.strip(), saved_at=saved_at)


def versions(database: Engine, name: str) -> list[EmailVersion]:
    """List the saved versions of an e-mail, latest first; none of a starter nobody changed."""
    with reading(database) as session:
        return email_store.versions(session, name)


def delete_email(database: Engine, starters: Starters, name: str) -> bool:
    """Forget all saved versions of an e-mail; say whether there were any.

    Raises UnusableInput while a saved campaign sends it, unless a starter takes its place.
    """
    with writing(database) as session:
        latest = [
            campaign_store.latest(session, s.name) for s in campaign_store.list_campaigns(session)
        ]
        users = _sending(latest, name)
        if users and name not in starters:
            raise UnusableInput(
                f"the e-mail {name!r} is sent by {_listed(users)}; choose another e-mail there "
                "first, then delete this one"
            )
        return email_store.delete_email(session, name)


def campaigns_sending(database: Engine, name: str) -> list[str]:
    """Name the saved campaigns whose latest version sends an e-mail."""
    with reading(database) as session:
        latest = [
            campaign_store.latest(session, s.name) for s in campaign_store.list_campaigns(session)
        ]
        return _sending(latest, name)


def _summary(kept: EmailVersion, starters: Starters, known: Set[str]) -> EmailSummary:
    source = kept.source
    return replace(
        _summary_of(source),
        is_starter=source.name in starters,
        latest_number=kept.number,
        saved_at=kept.saved_at,
        # Of one whose other side was deleted nothing is left to compare with.
        variant_of=source.variant_of if source.variant_of in known else None,
    )


def _summary_of(starter: EmailTemplate | EmailSource) -> EmailSummary:
    return EmailSummary(
        name=starter.name,
        title=email_title(starter.name),
        is_starter=True,
        latest_number=None,
        saved_at=None,
        variant_of=None,
        subject=starter.subject,
        description=starter.description,
    )


def _check_variant(
    source: EmailSource, kept: Mapping[str, EmailSource], starters: Starters
) -> None:
    original = source.variant_of
    if original is None:
        return
    if original == source.name:
        raise UnusableInput(f"the e-mail {source.name!r} cannot be a variant of itself")
    if original not in kept and original not in starters:
        raise _unknown(original, kept.keys() | starters.keys())
    if original in kept and kept[original].variant_of is not None:
        raise UnusableInput(
            f"{original!r} is itself a variant of {kept[original].variant_of!r}; make this one a "
            "variant of that"
        )
    own = [other.name for other in kept.values() if other.variant_of == source.name]
    if own:
        raise UnusableInput(
            f"the e-mail {source.name!r} has variants of its own ({_listed(own)}), so it cannot be "
            "a variant; save it under another name"
        )


def _sending(campaigns: Iterable[CampaignVersion | None], name: str) -> list[str]:
    return sorted(
        version.campaign.name
        for version in campaigns
        if version is not None
        and any(isinstance(s, SendStep) and s.template == name for s in version.campaign.steps)
    )


def _unknown(name: str, known: Set[str]) -> UnusableInput:
    near = get_close_matches(name, sorted(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}"
    return UnusableInput(f"there is no e-mail {name[:80]!r}; {hint}")


def _listed(named: list[str]) -> str:
    return ", ".join(map(repr, named))
