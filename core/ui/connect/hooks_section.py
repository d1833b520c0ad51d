"""Connect: systems that tell us by webhooks, and how systems know that a call is ours."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.hooks import HookSource, Preset
from core.domain.roles import Role
from core.services.hook_presets import PRESETS
from core.services.hook_sources import add_source, last_deliveries, sources
from core.ui import audit, formats, notices, signed_in
from core.ui.connect import hook_calls_out, hook_source

_NOTICE, _REFUSED = "connect_hooks_notice", "connect_hooks_refused"
_KIND, _NAME = "connect_hooks_kind", "connect_hooks_name"
_SECRET, _ORGANIZATION = "connect_hooks_secret", "connect_hooks_organization"


def show() -> None:
    """Show the systems that call us, a form for another one, and the secret of our own calls."""
    st.markdown(
        "Shopify, Stripe, HubSpot, Salesforce and others call an address of yours whenever "
        "something happens. Each call becomes an event, or something known about a person."
    )
    notices.show(_NOTICE)
    found = sources(bootstrap.database())
    called_at = last_deliveries(bootstrap.database())
    for source in found:
        _show_source(source, called_at.get(source.id) is not None)
    _show_form(is_first=not found)
    hook_calls_out.show()


def _show_source(source: HookSource, has_called: bool) -> None:
    title = PRESETS[source.preset].title
    is_fresh = hook_source.shows_secret(source.id)
    state = "has called" if has_called else "waits for its first call"
    with st.expander(
        f"**{source.name}** · {title} · {state}",
        key=f"connect_hook_{source.id}",
        icon=":material/webhook:",
        expanded=is_fresh or not has_called,
        on_change="rerun",
    ) as box:
        if box.open or is_fresh:
            hook_source.show(source)


def _show_form(*, is_first: bool) -> None:
    with st.expander(
        "Connect a system",
        key="connect_hooks_new",
        icon=":material/add_link:",
        expanded=is_first,
        on_change="rerun",
    ) as box:
        if not box.open:
            return
        kind = st.selectbox(
            "What calls",
            list(PRESETS),
            format_func=lambda preset: PRESETS[preset].title,
            key=_KIND,
            width=480,
        )
        st.text_input(
            "Name",
            key=_NAME,
            max_chars=60,
            placeholder="for example shop-orders",
            help="It stands in the address: small letters, digits and hyphens.",
            width=480,
        )
        _ask_secret(kind)
        st.button(
            "Connect",
            key="connect_hooks_add",
            type="primary",
            icon=":material/add_link:",
            on_click=_add,
            disabled=not signed_in.may(Role.ADMIN),
            help=signed_in.why_not(Role.ADMIN),
        )
        refused = st.session_state.pop(_REFUSED, None)
        if refused:
            st.error(formats.plain(refused), icon=":material/error:")


def _ask_secret(kind: Preset) -> None:
    facts = PRESETS[kind]
    if kind is Preset.SALESFORCE:
        st.text_input(
            "Organization id",
            key=_ORGANIZATION,
            max_chars=18,
            placeholder="00D…",
            help="Setup → Company Information. Only calls of this organization are taken.",
            width=480,
        )
    st.text_input(
        "Secret",
        key=_SECRET,
        type="password",
        max_chars=500,
        placeholder="leave empty, and one is made" if facts.makes_secret else "paste it here",
        help=f"It is {facts.where_secret}. It is kept, and never shown again.",
        width=480,
    )


@signed_in.only(Role.ADMIN)
def _add() -> None:
    state = st.session_state
    kind = Preset(state[_KIND])
    given = state.get(_SECRET) or ""
    try:
        source = add_source(
            bootstrap.database(),
            name=state[_NAME] or "",
            preset=kind,
            secret=given,
            organization=state.get(_ORGANIZATION) or "",
            created_at=now(),
        )
    except CampaignError as error:
        state[_REFUSED] = f"{error}."
        return
    audit.noted("Connected a webhook", source.name, PRESETS[kind].title)
    state[_NAME] = state[_SECRET] = ""
    if not given:
        hook_source.show_secret_once(source)
    notices.keep(_NOTICE, f"{source.name} is connected; give its address to the other system.")
