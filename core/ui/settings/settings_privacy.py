"""Consent purposes, what is never stored, how long things are kept, and who changed what."""

from dataclasses import asdict
from datetime import timedelta

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services import audit as audit_log
from core.services import consents, ingesting, retention
from core.services.retention import Retention
from core.ui import audit, formats, masked, notices, signed_in

_NOTICE = "settings_privacy_notice"
_PURPOSES, _DENIED = "settings_purposes", "settings_denied"
_KEPT = "settings_kept"
_HEIGHT = 140
_PERIODS = {
    "Last 7 days": timedelta(days=7),
    "Last 30 days": timedelta(days=30),
    "Last year": timedelta(days=365),
}
_KEPT_HELP = {
    "events": "What people did, as your shop sent it. What a campaign still waits for stays.",
    "messages": "E-mails, steps and decisions that are done with; figures on Live count what is "
    "kept.",
    "rejected": "Calls that could not be used; of these the last 1,000 are kept at most.",
    "audit": "The log of changes below.",
}


def show() -> None:
    """Show the forms with what is set."""
    notices.show(_NOTICE)
    st.subheader("Consent and privacy", anchor=False)
    _show_purposes()
    _show_denied()
    _show_retention()


def _show_purposes() -> None:
    kept = consents.purposes(bootstrap.database())[1:]
    lines = "\n".join(
        f"{one.title}: {one.description}" if one.description else one.title for one in kept
    )
    st.session_state.setdefault(_PURPOSES, lines)
    with st.form("settings_purposes_form", width=720):
        st.text_area(
            "What people can agree to, beside marketing e-mails",
            key=_PURPOSES,
            height=_HEIGHT,
            placeholder="Newsletter: What is new, once a month\nSurveys",
            help="One per line, with what it is for after a colon. People find them on their "
            "preference page and in sign-up forms. Marketing e-mails are always there: campaigns "
            "ask for that.",
        )
        _save_button("settings_purposes_save", _save_purposes)
        _show_refusal(_PURPOSES)


def _show_denied() -> None:
    denied = sorted(ingesting.denied_properties(bootstrap.database()))
    st.session_state.setdefault(_DENIED, "\n".join(denied))
    with st.form("settings_denied_form", width=720):
        st.text_area(
            "Never stored",
            key=_DENIED,
            height=_HEIGHT,
            help="Names of properties and traits that are dropped at the door, one per line. What "
            "is stored already stays.",
        )
        _save_button("settings_denied_save", _save_denied)
        _show_refusal(_DENIED)


def _show_retention() -> None:
    kept = asdict(retention.retention(bootstrap.database()))
    with st.form("settings_retention_form", width=720):
        st.markdown("**How long things are kept**")
        st.caption(
            "In days; empty is for ever. What is older is deleted once a day, while the evaluator "
            "is up. This is about what comes in live: data that you loaded yourself stays until "
            "you delete it on the page Data."
        )
        for name, called in retention.CALLED.items():
            st.session_state.setdefault(_kept_key(name), kept[name])
            st.number_input(
                f"{called} (days)",
                min_value=0,
                max_value=retention.LONGEST,
                step=1,
                key=_kept_key(name),
                placeholder="for ever",
                help=_KEPT_HELP[name],
                width=280,
                value=None,
            )
        _save_button("settings_retention_save", _save_retention)
        _show_refusal(_KEPT)


def _save_button(key: str, save: object) -> None:
    assert callable(save)
    st.form_submit_button(
        "Save",
        key=key,
        on_click=save,
        disabled=not signed_in.may(Role.ADMIN),
        help=signed_in.why_not(Role.ADMIN),
    )


def _show_refusal(name: str) -> None:
    refused = st.session_state.pop(f"{name}_refused", None)
    if refused:
        st.error(formats.plain(refused), icon=":material/error:")


@signed_in.only(Role.ADMIN)
def _save_purposes() -> None:
    before = [one.title for one in consents.purposes(bootstrap.database())[1:]]
    lines = [line for line in str(st.session_state[_PURPOSES] or "").splitlines() if line.strip()]
    given = [(title, about) for title, _, about in (line.partition(":") for line in lines)]
    try:
        kept = consents.keep_purposes(bootstrap.database(), given, changed_at=now())
    except CampaignError as error:
        st.session_state[f"{_PURPOSES}_refused"] = str(error)
        return
    after = [one.title for one in kept[1:]]
    _saved(_PURPOSES, "Consent purposes", _listed(before), _listed(after))


@signed_in.only(Role.ADMIN)
def _save_denied() -> None:
    before = sorted(ingesting.denied_properties(bootstrap.database()))
    names = [name for name in str(st.session_state[_DENIED] or "").splitlines() if name.strip()]
    try:
        ingesting.deny_properties(bootstrap.database(), names, changed_at=now())
    except CampaignError as error:
        st.session_state[f"{_DENIED}_refused"] = str(error)
        return
    after = sorted(ingesting.denied_properties(bootstrap.database()))
    _saved(_DENIED, "Properties that are never stored", _listed(before), _listed(after))


@signed_in.only(Role.ADMIN)
def _save_retention() -> None:
    before = retention.retention(bootstrap.database())
    given = {name: st.session_state[_kept_key(name)] for name in retention.CALLED}
    wanted = Retention(**{n: None if days is None else int(days) for n, days in given.items()})
    try:
        after = retention.keep_retention(bootstrap.database(), wanted, changed_at=now())
    except CampaignError as error:
        st.session_state[f"{_KEPT}_refused"] = str(error)
        return
    _saved(None, "How long things are kept", _periods(before), _periods(after))


def _saved(field: str | None, subject: str, before: str, after: str) -> None:
    """Note a change, and have the field show what was kept."""
    if field is not None:
        st.session_state.pop(field, None)
    if before != after:
        audit.noted("Changed a setting", subject, f"before: {before}; now: {after}")
    notices.keep(_NOTICE, "Saved.")


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _periods(kept: Retention) -> str:
    said = asdict(kept)
    parts = [
        f"{called} {'for ever' if said[name] is None else f'{said[name]:,} days'}"
        for name, called in retention.CALLED.items()
    ]
    return ", ".join(parts)


def _kept_key(name: str) -> str:
    return f"{_KEPT}_{name}"


def show_log() -> None:
    """Show who changed what, with filters, and offer all of it as a file."""
    st.subheader("Who changed what", anchor=False)
    database = bootstrap.database()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        who = st.selectbox(
            "Who", audit_log.actors(database), index=None, key="audit_who", placeholder="Everybody"
        )
        what = st.selectbox(
            "What",
            audit_log.actions(database),
            index=None,
            key="audit_what",
            placeholder="Everything",
        )
        period = st.selectbox(
            "When", list(_PERIODS), index=None, key="audit_when", placeholder="Any time"
        )
        text = st.text_input("With the words", key="audit_text")
    since = None if period is None else now() - _PERIODS[period]
    found = audit_log.entries(database, actor=who, action=what, text=text or "", since=since)
    if not found:
        is_any = who or what or text or period
        st.caption("Nothing fits." if is_any else "Nothing was changed yet.")
        return
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "When": formats.exact_moment(entry.at, "UTC"),
                    "Who": entry.actor,
                    "What they did": entry.action,
                    "To what": masked.text(entry.subject),
                    "Details": masked.text(entry.detail),
                }
                for entry in found
            ]
        ),
        hide_index=True,
        alt="Who changed what, the latest first",
        column_config={"Details": st.column_config.TextColumn(width="large")},
    )
    more = f"The latest {audit_log.MOST_ROWS}; the file has all of them. "
    st.caption(f"{more if len(found) == audit_log.MOST_ROWS else ''}Times in UTC.")
    st.download_button(
        "Download as CSV",
        data=lambda: audit_log.as_csv(
            audit_log.entries(
                database, actor=who, action=what, text=text or "", since=since, limit=None
            )
        ),
        file_name="changes.csv",
        mime="text/csv",
        icon=":material/download:",
        key="audit_csv",
        disabled=not signed_in.may(Role.ADMIN),
        help=signed_in.why_not(Role.ADMIN),
    )
