"""The form in which the marketer says who sends: company, addresses, sender, language, currency."""

from dataclasses import asdict

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services.company import LONGEST, Company, company, keep_company
from core.ui import audit, formats, notices, signed_in

_BEGIN, _NOTICE, _REFUSED = "settings_company", "settings_notice", "settings_refused"
_TEXTS = {
    "name": ("Company name", "Fellgrove", "Stands at the head and the foot of your e-mails."),
    "address": (
        "Postal address",
        "12 Harbour Lane, 00000 Exampleton",
        "The law asks for one in advertising e-mails; it stands at their foot.",
    ),
    "url": ("Shop address", "https://shop.example.com", "Where the name and most buttons lead."),
    "cart_url": (
        "Cart address",
        "https://shop.example.com/cart",
        "Where “back to my basket” leads people whose events carry no address of their cart.",
    ),
    "sender_name": ("Sender's name", "Fellgrove", "What an inbox shows; else the company name."),
    "sender_address": ("Sender's address", "hello@example.com", "Where answers go."),
    "language": (
        "Language",
        "en",
        "How dates and money are written for people whose profile names no language.",
    ),
    "currency": ("Currency", "EUR", "Of amounts for which an e-mail names none."),
}
_PARTS = {
    "Your company": ("name", "address", "url", "cart_url"),
    "Who e-mails come from": ("sender_name", "sender_address"),
    "Language and money": ("language", "currency"),
}


def show() -> None:
    """Show the form with what is set, and what became of the last try to save it."""
    notices.show(_NOTICE)
    kept = company(bootstrap.database())
    with st.form(_BEGIN, width=720):
        for heading, names in _PARTS.items():
            st.subheader(heading, anchor=False)
            _show_fields(kept, names)
        st.form_submit_button(
            "Save",
            type="primary",
            icon=":material/save:",
            key="settings_save",
            on_click=_save,
            disabled=not signed_in.may(Role.ADMIN),
            help=signed_in.why_not(Role.ADMIN),
        )
        refused = st.session_state.pop(_REFUSED, None)
        if refused:
            st.error(formats.plain(refused), icon=":material/error:")


def _show_fields(kept: Company, names: tuple[str, ...]) -> None:
    is_short = "currency" in names
    with st.container(horizontal=is_short):
        for name in names:
            label, example, said = _TEXTS[name]
            st.session_state.setdefault(_key(name), getattr(kept, name))
            st.text_input(
                label,
                key=_key(name),
                placeholder=f"for example {example}",
                help=said,
                max_chars=LONGEST,
            )


def _key(name: str) -> str:
    return f"{_BEGIN}_{name}"


@signed_in.only(Role.ADMIN)
def _save() -> None:
    given = Company(**{name: st.session_state[_key(name)] or "" for name in asdict(Company())})
    before = company(bootstrap.database())
    try:
        kept = keep_company(bootstrap.database(), given, changed_at=now())
    except CampaignError as error:
        st.session_state[_REFUSED] = str(error)
        return
    _note(before, kept)
    for name, value in asdict(kept).items():
        st.session_state[_key(name)] = value
    notices.keep(_NOTICE, "Saved. Previews and tests show it from now on.")


def _note(before: Company, after: Company) -> None:
    """Note what was before and what is now; addresses by which people are written to stay out."""
    changed = {n: v for n, v in asdict(after).items() if v != getattr(before, n)}
    said = [
        _TEXTS[name][0]
        if name == "sender_address"
        else f"{_TEXTS[name][0]}: “{getattr(before, name)}” is now “{value}”"
        for name, value in changed.items()
    ]
    if said:
        audit.noted("Changed a setting", "Company", "; ".join(said))
