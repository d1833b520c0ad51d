"""The part of the page about how e-mails leave: state, public address, limits, seed list, DKIM."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services.delivering import dns_record, readiness, try_connection
from core.services.delivery_settings import (
    LEAST_PER_SECOND,
    LONGEST,
    MOST_CONNECTIONS,
    MOST_PER_SECOND,
    DeliverySettings,
    delivery_settings,
    keep_delivery_settings,
    seed_list,
)
from core.ui import audit, formats, masked, notices, signed_in

_BEGIN, _NOTICE = "settings_delivery", "settings_delivery_notice"
_REFUSED, _TRIED = "settings_delivery_refused", "settings_delivery_tried"


def show() -> None:
    """Show whether e-mails can leave, the form of what the marketer sets, and the DNS record."""
    notices.show(_NOTICE)
    st.subheader("How e-mails leave", anchor=False)
    with st.container(width=720):
        _show_state()
        _show_trial()
    kept = delivery_settings(bootstrap.database())
    with st.form(_BEGIN, width=720):
        _show_addresses(kept)
        _show_limits(kept)
        _show_sandbox(kept)
        _show_dkim(kept)
        st.form_submit_button(
            "Save",
            type="primary",
            icon=":material/save:",
            key=f"{_BEGIN}_save",
            on_click=_save,
            disabled=not signed_in.may(Role.ADMIN),
            help=signed_in.why_not(Role.ADMIN),
        )
        refused = st.session_state.pop(_REFUSED, None)
        if refused:
            st.error(formats.plain(refused), icon=":material/error:")
    with st.container(width=720):
        _show_record(kept)


def _show_state() -> None:
    """Say by which way e-mails leave, and what keeps them from it."""
    ready, server = (
        readiness(bootstrap.database(), bootstrap.outgoing()),
        bootstrap.settings().mail_server,
    )
    if server is None:
        st.markdown(
            "No mail server is set, so e-mails are written as files into this folder, which any "
            "mail program opens:"
        )
        st.code(str(ready.folder), language=None, wrap_lines=True)
        st.caption(
            "Nobody gets them. To send them for good, start Rehearsal with `REHEARSAL_SMTP_URL` "
            "set to your mail server, as in `smtp://USER:PASSWORD@mail.example.com:587`."
        )
    else:
        place = formats.plain(f"{server.host}:{server.port}")
        st.markdown(f"E-mails go through **{place}**, as `REHEARSAL_SMTP_URL` says.")
    if ready.trouble:
        st.error(formats.plain(ready.trouble), icon=":material/error:")
    if ready.is_ready:
        way = "be written there" if server is None else "leave"
        st.markdown(f":green[:material/check_circle:] Everything is set for e-mails to {way}.")
        return
    listed = "\n".join(f"- {formats.plain(sentence)}" for sentence in ready.missing)
    st.warning(
        f"E-mails of campaigns wait until this is done:\n\n{listed}", icon=":material/hourglass:"
    )


def _show_trial() -> None:
    """Offer to try the connection; no e-mail is sent by it."""
    if bootstrap.settings().mail_server is None:
        return
    st.button(
        "Try the connection",
        icon=":material/lan:",
        key=f"{_BEGIN}_try",
        on_click=_try,
        disabled=not signed_in.may(Role.ADMIN),
        help=signed_in.why_not(Role.ADMIN) or "Connects and signs in. No e-mail is sent.",
    )
    tried = st.session_state.pop(_TRIED, None)
    if tried == "":
        st.success("The mail server answers and lets us in.", icon=":material/check_circle:")
    elif tried:
        st.error(formats.plain(tried), icon=":material/error:")


def _show_addresses(kept: DeliverySettings) -> None:
    _text(
        "public_url",
        "Public address",
        kept.public_url,
        "for example https://mail.example.com",
        "The address at which everybody reaches this server: the links in e-mails lead there, also "
        "the one to unsubscribe.",
    )
    _text(
        "reply_to",
        "Where answers go",
        kept.reply_to,
        "for example service@example.com",
        "Empty: to the sender.",
    )
    _text(
        "bounce_address",
        "Where bounces go",
        kept.bounce_address,
        "for example bounces@example.com",
        "Mail servers report there what they could not deliver. Empty: to the sender.",
    )


def _show_limits(kept: DeliverySettings) -> None:
    with st.container(horizontal=True):
        _rate(
            "per_second",
            "E-mails a second",
            kept.per_second,
            "At most so many leave, however many are due. Several workers share the limit.",
        )
        _rate(
            "per_domain_per_second",
            "A second to one provider",
            kept.per_domain_per_second,
            "Providers such as gmail.com slow down those who send much at once. Others do not "
            "wait for them.",
        )
        _set("connection_count", kept.connection_count)
        st.number_input(
            "Connections",
            1,
            MOST_CONNECTIONS,
            key=_key("connection_count"),
            help="So many e-mails are handed to the mail server at the same time.",
        )


def _show_sandbox(kept: DeliverySettings) -> None:
    if not signed_in.may(Role.ADMIN):
        listed = "\n".join(masked.text(address) for address in kept.seed_addresses)
        st.text_area("Seed list", listed, key=_key("seed_list"), height=100, disabled=True)
        return
    _set("seed_addresses", "\n".join(kept.seed_addresses))
    st.text_area(
        "Seed list",
        key=_key("seed_addresses"),
        height=100,
        placeholder="you@example.com",
        help="Who gets the e-mails of campaigns in the sandbox, one address a line. Customers "
        "never get them. Empty: nobody does.",
    )


def _show_dkim(kept: DeliverySettings) -> None:
    with st.container(horizontal=True):
        said = "Signs each e-mail, so that providers see that it is yours."
        _text("dkim_domain", "DKIM domain", kept.dkim_domain, "for example example.com", said)
        said = "A name of your choice, under which the key stands in the DNS."
        _text("dkim_selector", "DKIM selector", kept.dkim_selector, "for example rehearsal1", said)


def _show_record(kept: DeliverySettings) -> None:
    """Show the DNS record that goes with the key, with buttons to copy it."""
    if not kept.dkim_domain:
        return
    try:
        record = dns_record(kept, bootstrap.outgoing())
    except CampaignError as error:
        st.error(formats.plain(str(error)), icon=":material/error:")
        return
    if record is None:
        return
    name, said = record
    st.markdown("Publish this **TXT record** in the DNS of your domain. Its name:")
    st.code(name, language=None, wrap_lines=True)
    st.markdown("What it says:")
    st.code(said, language=None, wrap_lines=True)


def _text(name: str, label: str, kept: str, example: str, said: str) -> None:
    _set(name, kept)
    st.text_input(label, key=_key(name), placeholder=example, help=said, max_chars=LONGEST)


def _rate(name: str, label: str, kept: float, said: str) -> None:
    _set(name, kept)
    st.number_input(
        label, LEAST_PER_SECOND, MOST_PER_SECOND, step=1.0, format="%g", key=_key(name), help=said
    )


def _set(name: str, kept: Any) -> None:
    st.session_state.setdefault(_key(name), kept)


def _key(name: str) -> str:
    return f"{_BEGIN}_{name}"


@signed_in.only(Role.ADMIN)
def _try() -> None:
    server = bootstrap.settings().mail_server
    if server is None:
        return
    try:
        try_connection(server)
    except CampaignError as error:
        st.session_state[_TRIED] = str(error)
        return
    st.session_state[_TRIED] = ""


@signed_in.only(Role.ADMIN)
def _save() -> None:
    before = delivery_settings(bootstrap.database())
    texts = ("public_url", "reply_to", "bounce_address", "dkim_domain", "dkim_selector")
    given = replace(
        before,
        **{name: st.session_state[_key(name)] or "" for name in texts},
        per_second=float(st.session_state[_key("per_second")]),
        per_domain_per_second=float(st.session_state[_key("per_domain_per_second")]),
        connection_count=int(st.session_state[_key("connection_count")]),
        seed_addresses=seed_list(st.session_state[_key("seed_addresses")] or ""),
    )
    try:
        kept = keep_delivery_settings(bootstrap.database(), given, changed_at=now())
    except CampaignError as error:
        st.session_state[_REFUSED] = str(error)
        return
    for name in (*texts, "per_second", "per_domain_per_second", "connection_count"):
        st.session_state[_key(name)] = getattr(kept, name)
    st.session_state[_key("seed_addresses")] = "\n".join(kept.seed_addresses)
    audit.noted("Changed a setting", "How e-mails leave", _changes(before, kept))
    notices.keep(_NOTICE, "Saved. It holds from the next e-mail on.")


def _changes(before: DeliverySettings, kept: DeliverySettings) -> str:
    """Say in words what was changed; addresses of people stay out of the log."""
    said = {
        "public_url": "public address",
        "per_second": "e-mails a second",
        "per_domain_per_second": "e-mails a second to one provider",
        "connection_count": "connections",
        "reply_to": "where answers go",
        "bounce_address": "where bounces go",
        "seed_addresses": "seed list",
        "dkim_domain": "DKIM domain",
        "dkim_selector": "DKIM selector",
    }
    changed = [
        words for name, words in said.items() if getattr(before, name) != getattr(kept, name)
    ]
    return ", ".join(changed) or "nothing"
