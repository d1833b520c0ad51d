"""Versions of an e-mail: saving one, the list of them, what differs, going back, deleting."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import unified_diff
from functools import partial

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.email_sources import EmailSource, EmailVersion
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services import emails
from core.ui import audit, formats, signed_in, version_line
from core.ui.emails import (
    email_draft,
    email_gallery,
    email_readers,
)

SAVING = "emails_save"  # whether the fields are open
_DRAFT, _STARTER = 0, -1  # where the draft and the starter stand among the numbers of versions


def show_saving() -> None:
    """Show the fields that save the draft as the next version of an e-mail."""
    key = f"emails_{email_draft.revision()}_save"
    with st.form(key, border=False):
        st.text_input("Name", value=email_draft.source().name, key=f"{key}_name")
        st.text_input("What changed (optional)", key=f"{key}_note")
        st.form_submit_button(
            "Save this version",
            type="primary",
            key=f"{key}_go",
            on_click=_save,
            args=(key,),
            disabled=not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR),
        )
    st.caption(_outlook(email_draft.source().name))


def _outlook(name: str) -> str:
    if not email_draft.is_changed():
        return "Nothing was changed since it was saved."
    senders = email_readers.campaigns_sending(name)
    said = f"Becomes version {_latest_number(name) + 1}. Former versions stay."
    if senders:
        said += f" It is sent by {', '.join(map(formats.plain, senders))}."
    return said


def _latest_number(name: str) -> int:
    found = (one.latest_number for one in email_readers.summaries() if one.name == name)
    return next(found, None) or 0


@signed_in.only(Role.EDITOR)
def _save(key: str) -> None:
    name, note = st.session_state[f"{key}_name"] or "", st.session_state[f"{key}_note"] or ""
    source = email_draft.source()
    named = replace(source, name=" ".join(name.split()))
    if named.variant_of == named.name:
        named = replace(named, variant_of=None)
    try:
        _check_name(source, named)
        former = _latest_number(named.name)
        saved = emails.save_email(
            bootstrap.database(), email_readers.starters(), named, note=note, saved_at=now()
        )
    except CampaignError as error:
        email_draft.notice(str(error))
        return
    email_draft.mark_saved(saved.source, saved.number)
    if saved.number > former:
        audit.noted("Saved an e-mail", saved.source.name, f"version {saved.number}")
    said = "Saved" if saved.number > former else "Nothing has changed since"
    email_draft.notice(f"{said} {saved.source.name}, version {saved.number}.")
    st.session_state[SAVING] = False


def _check_name(source: EmailSource, named: EmailSource) -> None:
    """Refuse to put an e-mail in the place of another one by chance."""
    if named.name != source.name and any(
        summary.name == named.name for summary in email_readers.summaries()
    ):
        raise CampaignError(
            f"There is an e-mail called {named.name!r} already: open that one to change it, or "
            "give this one another name."
        )


@st.dialog("Versions", width="large")
def show_versions() -> None:
    """Show the versions of the e-mail, what differs between two, and the way back."""
    name = email_draft.source().name
    versions = email_readers.versions(name)
    if not versions:
        st.caption("Nothing saved yet: every save becomes a version with its date and note.")
    _show_comparison(name, versions)
    for version in versions:
        _show_version(version)
    if versions:
        _offer_deletion(name)


def _show_comparison(name: str, versions: Sequence[EmailVersion]) -> None:
    by_number = {_DRAFT: email_draft.source()}
    by_number |= {version.number: version.source for version in versions}
    starter = email_readers.starters().get(name)
    if starter is not None:
        by_number[_STARTER] = emails.source_of(starter)
    numbers = list(by_number)
    if len(numbers) < 2:
        return
    latest = 0 if email_draft.is_changed() else min(1, len(numbers) - 2)
    with st.container(horizontal=True):
        before = st.selectbox(
            "From", numbers, index=latest + 1, format_func=_label, key="emails_diff_before"
        )
        after = st.selectbox(
            "To", numbers, index=latest, format_func=_label, key="emails_diff_after"
        )
    told = changes(by_number[before], by_number[after])
    if told:
        st.code(told, language="diff", wrap_lines=True)
    else:
        st.caption("They say the same.")


def _label(number: int) -> str:
    if number == _DRAFT:
        return "what is on screen"
    return "the starter" if number == _STARTER else f"version {number}"


def changes(before: EmailSource, after: EmailSource) -> str:
    """Write what differs between two states of an e-mail, line by line; empty for nothing."""
    return "\n".join(unified_diff(_lines(before), _lines(after), lineterm="", n=2)).replace(
        "--- \n+++ \n", ""
    )


def _lines(source: EmailSource) -> list[str]:
    said = {
        "Subject": source.subject,
        "Preheader": source.preheader,
        "What it is for": source.description,
        "Stage": source.stage or "none",
        "Nobody gets it without": ", ".join(source.requires) or "–",
    }
    return [*(f"{what}: {text}" for what, text in said.items()), *source.body.splitlines()]


def _show_version(version: EmailVersion) -> None:
    version_line.show(
        version.number,
        version.note,
        version.saved_at,
        zone="UTC",
        key="emails_restore",
        said="Puts it on screen; saving makes it the latest version.",
        bring_back=partial(_bring_back, version),
    )


def _bring_back(version: EmailVersion) -> None:
    source = version.source
    email_draft.change(
        subject=source.subject,
        preheader=source.preheader,
        body=source.body,
        requires=source.requires,
        description=source.description,
        stage=source.stage,
    )
    email_draft.notice(f"Version {version.number} is on screen. Save it to keep it.")


def _offer_deletion(name: str) -> None:
    is_starter = name in email_readers.starters()
    with st.popover(
        "Delete",
        icon=":material/delete:",
        key="emails_delete",
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    ):
        st.markdown(
            "All your versions are deleted for good"
            + (", and the starter takes their place." if is_starter else ".")
        )
        if st.button(
            "Delete for good",
            type="primary",
            key="emails_delete_go",
            on_click=_delete,
            args=(name,),
        ):
            st.rerun()


@signed_in.only(Role.EDITOR)
def _delete(name: str) -> None:
    starters = email_readers.starters()
    try:
        emails.delete_email(bootstrap.database(), starters, name)
    except CampaignError as error:
        email_draft.notice(str(error))
        return
    audit.noted("Deleted an e-mail", name)
    email_draft.notice(f"{name} was deleted.")
    if name in starters:
        email_gallery.open_email(name)
    else:
        email_draft.close()
