"""The e-mail as one person gets it: the line in the inbox, the mail, its text and its source."""

from collections.abc import Mapping
from typing import assert_never

import streamlit as st

from core.rendering.emails import (
    Context,
    EmailTemplate,
    MissingField,
    NotRendered,
    Outcome,
    Refusal,
    RenderedEmail,
)
from core.services.email_checks import GMAIL_CLIPS_AT
from core.services.email_words import field_words
from core.ui import formats
from core.ui.emails import (
    email_draft,
    email_jumps,
    email_mending,
    email_readers,
)
from core.ui.mail_preview import preview

DESKTOP, PHONE, TEXT, HTML = "Desktop", "Phone", "Plain text", "HTML"
_VIEW, _LOOKS, _LAST = "emails_view", "emails_looks", "emails_last"
_FRAME = "emails_preview"
_ICONS = {
    DESKTOP: ":material/desktop_windows: Desktop",
    PHONE: ":material/smartphone: Phone",
    TEXT: ":material/notes: Text",
    HTML: ":material/code: HTML",
}
_DARK, _NO_IMAGES = "Dark", "Images off"
_WIDTHS = {DESKTOP: 680, PHONE: 375}
_HEIGHT = 620
_MOST_MISSING_SHOWN = 2


def show(template: EmailTemplate, outcome: Outcome, context: Context) -> None:
    """Show what came of the e-mail for the person who is chosen, whom `context` is about."""
    match outcome:
        case RenderedEmail():
            show_inbox_line(outcome, context)
            _show_missing(template, outcome)
            _show_views(outcome)
            _keep_last(outcome)
        case NotRendered():
            show_refusal(outcome)
            email_jumps.show(template, outcome.file, outcome.line, "emails_refused_jump")
            if outcome.reason is not Refusal.REQUIRED:
                _show_last()
        case _:
            assert_never(outcome)


def show_refusal(refused: NotRendered) -> None:
    """Say in its sentence why there is no e-mail: for this person, or for nobody."""
    is_about_person = refused.reason is Refusal.REQUIRED
    where = f"{refused.file}:{refused.line}: "
    said = _sentence(refused.message.removeprefix(where).removeprefix("error: "))
    if refused.line is not None and where in refused.message:
        said = f"{refused.file}, line {refused.line}: {said}"
    st.warning(
        formats.plain(said),
        title="This person would not get it" if is_about_person else "This makes no e-mail yet",
        icon=":material/unsubscribe:" if is_about_person else ":material/build:",
    )


def _keep_last(rendered: RenderedEmail) -> None:
    st.session_state[_LAST] = (email_draft.opened_count(), rendered.html)


def _show_last() -> None:
    """Keep the last mail in sight while somebody is in the middle of typing."""
    opened, html = st.session_state.get(_LAST, (None, ""))
    if opened == email_draft.opened_count():
        st.caption("As it was before:")
        view, looked = looks()
        _show_frame(html, _FRAME, view=view, looks=looked)


def show_inbox_line(rendered: RenderedEmail, context: Context) -> None:
    """Show sender, subject and preheader as an inbox does."""
    company = context["company"]
    assert isinstance(company, Mapping)
    sender = formats.plain(email_readers.company().sender_name or str(company["name"]))
    subject, preheader = (formats.plain(part) for part in (rendered.subject, rendered.preheader))
    with st.container(border=True, gap=None):
        st.markdown(f"**{sender}**")
        st.markdown(subject or ":gray[no subject]")
        if preheader:
            st.caption(preheader)


def _show_missing(template: EmailTemplate, rendered: RenderedEmail) -> None:
    fields = list({field.name: field for field in rendered.missing}.values())
    if len(fields) <= _MOST_MISSING_SHOWN:
        for field in fields:
            _show_missing_one(template, field)
        return
    many = st.expander(
        f"{len(fields)} fields are missing for this person",
        icon=":material/help:",
        key="emails_missing",
        on_change="rerun",
    )
    if many.open:
        with many:
            for field in fields:
                _show_missing_one(template, field)


def _show_missing_one(template: EmailTemplate, field: MissingField) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        words = field_words(field.name)
        said = f"`{field.name}`" if words == field.name else formats.plain(words)
        st.markdown(f":orange-badge[missing] {said}", width="stretch")
        email_jumps.show(template, field.file, field.line, f"emails_missing_{field.name}")
        part = _part_of(template, field)
        if part is not None:
            _offer_default(field, part)


def _offer_default(field: MissingField, part: str) -> None:
    begin = f"emails_{email_draft.revision()}_{field.name}"
    with st.popover("Say something else", icon=":material/edit:", key=f"{begin}_mend"):
        st.markdown(f"`{{{{ {_written(field)} | default('…') }}}}` says this to people without it:")
        st.text_input("Instead", key=f"{begin}_instead", label_visibility="collapsed")
        st.button(
            "Add the default",
            key=f"{begin}_add",
            on_click=_add_default,
            args=(field, part, f"{begin}_instead"),
        )


def _add_default(field: MissingField, part: str, key: str) -> None:
    source = email_draft.source()
    line = field.line if part == "body" else 1
    instead = st.session_state[key] or ""
    mended = email_mending.with_default(getattr(source, part), _written(field), instead, line)
    if mended is not None:
        email_draft.change(**{part: mended})


def _part_of(template: EmailTemplate, field: MissingField) -> str | None:
    """Say in which of the editors a default can be put behind a field; None for none."""
    if field.file == template.file:
        texts = {"body": template.source}
    elif field.file == template.settings_file:
        texts = {"subject": template.subject, "preheader": template.preheader}
    else:
        return None
    for part, text in texts.items():
        if email_mending.with_default(text, _written(field), "") is not None:
            return part
    return None


def _written(field: MissingField) -> str:
    return field.written or field.name


def _show_views(rendered: RenderedEmail) -> None:
    if _VIEW not in st.session_state:
        is_telephone = "Mobi" in st.context.headers.get("User-Agent", "")
        st.session_state[_VIEW] = PHONE if is_telephone else DESKTOP
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            list(_ICONS),
            format_func=_ICONS.__getitem__,
            required=True,
            key=_VIEW,
            persist_state="session",
            label_visibility="collapsed",
        )
        is_mail = view in _WIDTHS
        looks = st.pills(
            "Look",
            [_DARK, _NO_IMAGES],
            selection_mode="multi",
            key=_LOOKS,
            persist_state="session",
            disabled=not is_mail,
            label_visibility="collapsed",
        )
    st.caption(_size(rendered))
    if is_mail:
        show_mail(rendered, _FRAME, view=str(view), looks=looks)
    elif view == TEXT:
        st.code(rendered.text, language=None, wrap_lines=True, height=_HEIGHT)
    else:
        st.code(rendered.html, language="html", height=_HEIGHT)


def show_mail(rendered: RenderedEmail, key: str, *, view: str, looks: list[str]) -> None:
    """Show the mail itself, in a frame from which nothing gets out."""
    _show_frame(rendered.html, key, view=view, looks=looks)


def _show_frame(html: str, key: str, *, view: str, looks: list[str]) -> None:
    preview.show(
        html,
        key,
        width=_WIDTHS[view],
        dark=_DARK in looks,
        images=_NO_IMAGES not in looks,
        height=_HEIGHT,
    )


def looks() -> tuple[str, list[str]]:
    """Give how mails are looked at: the width's name, and dark or without images."""
    view = st.session_state.get(_VIEW)
    return (view if view in _WIDTHS else DESKTOP), st.session_state.get(_LOOKS) or []


def _size(rendered: RenderedEmail) -> str:
    share = formats.percent(rendered.html_bytes / GMAIL_CLIPS_AT)
    return f"{rendered.html_bytes / 1_000:,.1f} kB of HTML: {share} of what Gmail shows uncut"


def _sentence(text: str) -> str:
    is_field = "." in text.split(" ")[0]
    begun = text if is_field else text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."
