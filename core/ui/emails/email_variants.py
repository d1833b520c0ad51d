"""Variants of an e-mail: making one, and looking at two side by side as the same person."""

from dataclasses import replace

import streamlit as st

from core.domain.email_sources import EmailSource, check_email_name
from core.domain.errors import CampaignError
from core.rendering.emails import Context, EmailTemplate, Mode, NotRendered
from core.services import emails
from core.services.emails import EmailSummary
from core.services.flow_ways import fresh_id
from core.services.step_words import email_title
from core.ui import formats
from core.ui.emails import (
    email_draft,
    email_preview,
    email_readers,
)

_OTHER = "emails_compared"


def offer() -> None:
    """Show the button that makes a variant of the e-mail."""
    making = st.popover(
        "Variant", icon=":material/call_split:", key="emails_variant", on_change="rerun"
    )
    if not making.open:
        return
    source = email_draft.source()
    original = source.variant_of or source.name
    key = f"emails_{email_draft.revision()}_variant_name"
    with making:
        st.markdown(
            f"Write another subject or text for **{formats.plain(original)}**, and let a split of "
            "a flow send one of the two."
        )
        taken = [summary.name for summary in email_readers.summaries()]
        st.text_input("Name", fresh_id(f"{original}_b", taken), key=key)
        st.button(
            "Make the variant", key="emails_variant_go", type="primary", on_click=_make, args=(key,)
        )


def _make(key: str) -> None:
    source, name = email_draft.source(), " ".join((st.session_state[key] or "").split())
    original = source.variant_of or source.name
    summaries = {summary.name: summary for summary in email_readers.summaries()}
    try:
        check_email_name(name)
        if original not in summaries:
            raise CampaignError(f"Save {original} first: a variant is compared with it.")
        if name in summaries:
            raise CampaignError(f"There is an e-mail called {name} already; choose another name.")
    except CampaignError as error:
        email_draft.notice(str(error))
        return
    if email_draft.is_changed():
        email_draft.notice("What was not saved went into the variant.")
    email_draft.load(replace(source, name=name, variant_of=original), is_saved=False)
    st.session_state[_OTHER] = original


def show_comparison(template: EmailTemplate, context: Context) -> None:
    """Show the draft beside another e-mail, both as the person who is chosen."""
    source = email_draft.source()
    others = _others(source)
    if not others:
        st.caption("There is no other e-mail to compare with.")
        return
    if st.session_state.get(_OTHER) not in others:
        st.session_state[_OTHER] = next(iter(others))
    name = st.selectbox(
        "Compare with",
        list(others),
        format_func=lambda name: _label(others[name], source),
        key=_OTHER,
        width=420,
    )
    try:
        other = _template(name)
    except CampaignError as error:
        st.error(formats.plain(str(error)))
        return
    for column, each in zip(st.columns(2), (template, other), strict=True):
        with column:
            _show_side(each, context)


def _others(source: EmailSource) -> dict[str, EmailSummary]:
    """Give the e-mails to compare with by name, those of the same family first."""
    family = {source.name, source.variant_of} - {None}
    found = [summary for summary in email_readers.summaries() if summary.name != source.name]
    found.sort(key=lambda one: not ({one.name, one.variant_of} & family))
    return {summary.name: summary for summary in found}


def _label(summary: EmailSummary, source: EmailSource) -> str:
    if summary.name == source.variant_of:
        return f"{summary.title} · the original"
    is_sibling = summary.variant_of in (source.name, source.variant_of)
    return f"{summary.title} · variant" if summary.variant_of and is_sibling else summary.title


def _template(name: str) -> EmailTemplate:
    found = email_readers.email(name)
    source = found if isinstance(found, EmailSource) else found.source
    return emails.template_of(source, email_readers.starters())


def _show_side(template: EmailTemplate, context: Context) -> None:
    st.markdown(f"**{formats.plain(email_title(template.name))}**")
    outcome = email_readers.renderer().render(template, context, Mode.PREVIEW)
    if isinstance(outcome, NotRendered):
        email_preview.show_refusal(outcome)
        return
    email_preview.show_inbox_line(outcome, context)
    view, looks = email_preview.looks()
    email_preview.show_mail(outcome, f"emails_side_{template.name}", view=view, looks=looks)
