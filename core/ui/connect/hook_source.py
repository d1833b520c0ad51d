"""One system that calls us: its address and secret, its last calls, and how they are read."""

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.hooks import HookDelivery, HookOutcome, HookSource, Preset
from core.domain.instants import as_microseconds
from core.domain.roles import Role
from core.services.hook_presets import PRESETS
from core.services.hook_sources import deliveries, remove_source, rotate_secret
from core.ui import audit, formats, notices, signed_in
from core.ui.connect import hook_rules, place

_FRESH, _NOTICE = "connect_hook_fresh", "connect_hooks_notice"
_WORDS = {
    HookOutcome.TAKEN: "Taken",
    HookOutcome.REPEATED: "Came before",
    HookOutcome.IGNORED: "Left aside",
    HookOutcome.REFUSED: "Refused",
}
_SHOWN_COUNT = 20


def shows_secret(source_id: int) -> bool:
    """Say whether the secret of a source was just made, and is shown this once."""
    fresh = st.session_state.get(_FRESH)
    return fresh is not None and fresh[0] == source_id


def show_secret_once(source: HookSource) -> None:
    """Have the secret of a source shown at the next look at the page, and never again."""
    st.session_state[_FRESH] = (source.id, source.secret)


def show(source: HookSource) -> None:
    """Show all about a source."""
    _show_address(source)
    _show_calls(deliveries(bootstrap.database(), source.id, _SHOWN_COUNT))
    hook_rules.show(source)
    with st.container(horizontal=True):
        _offer_rotation(source)
        _offer_removal(source)


def _show_address(source: HookSource) -> None:
    facts = PRESETS[source.preset]
    host = place.host()
    address = f"{host}/v1/hooks/{source.name}"
    fresh = st.session_state.pop(_FRESH, None) if shows_secret(source.id) else None
    in_address = source.preset is Preset.SALESFORCE
    st.markdown(f"The address to give to {facts.title} ({facts.where_address}):")
    if in_address:
        address += f"?secret={fresh[1]}" if fresh else "?secret=••••••••"
    st.code(address, language=None, wrap_lines=True)
    if fresh and not in_address:
        st.markdown("And the secret, with which it has to sign:")
        st.code(fresh[1], language=None, wrap_lines=True)
    if fresh:
        st.warning("Copy it now: the secret is not shown again.", icon=":material/key:")
    elif in_address:
        st.caption("The secret in the address is not shown again; a new one can be made below.")
    if place.is_of_this_computer(host):
        st.info(
            "This address works on this computer only. Tell Settings under which address the "
            "world reaches Rehearsal, and it stands here.",
            icon=":material/public_off:",
        )
    if source.preset is Preset.GENERIC:
        st.caption(
            "Signed as Standard Webhooks says, or by `X-Signature: sha256=` with the HMAC of the "
            "body, in hex. Without an id of Standard Webhooks, two calls with the same body are "
            "one: let each hold an id or a time."
        )


def _show_calls(calls: list[HookDelivery]) -> None:
    if not calls:
        st.markdown("**Last calls**  \n:gray[None yet. Send a test from the other system.]")
        return
    st.markdown("**Last calls**")
    st.dataframe(
        pd.DataFrame([_row(call) for call in calls]),
        hide_index=True,
        width="stretch",
        alt="The last calls of this system and what became of them",
    )


def _row(call: HookDelivery) -> dict[str, object]:
    return {
        "When (UTC)": formats.exact_moment(as_microseconds(call.received_at), "UTC"),
        "What": call.topic or "–",
        "Became": _WORDS[call.outcome],
        "Events": call.event_count,
        "Why": call.reason or "–",
    }


def _offer_rotation(source: HookSource) -> None:
    begin = f"connect_hook_{source.id}"
    facts = PRESETS[source.preset]
    with st.popover("New secret", icon=":material/autorenew:", key=f"{begin}_rotation"):
        if not facts.makes_secret:
            st.text_input("The new secret", key=f"{begin}_secret", type="password", max_chars=500)
        st.checkbox(
            "The former one goes on working for 24 hours", value=True, key=f"{begin}_former"
        )
        st.button(
            "Make a new secret" if facts.makes_secret else "Use the new secret",
            key=f"{begin}_rotate",
            type="primary",
            on_click=_rotate,
            args=(source,),
            disabled=not signed_in.may(Role.ADMIN),
            help=signed_in.why_not(Role.ADMIN),
        )


@signed_in.only(Role.ADMIN)
def _rotate(source: HookSource) -> None:
    begin = f"connect_hook_{source.id}"
    given = st.session_state.get(f"{begin}_secret") or ""
    try:
        changed = rotate_secret(
            bootstrap.database(),
            source.id,
            secret=given,
            changed_at=now(),
            keeps_former=bool(st.session_state.get(f"{begin}_former", True)),
        )
    except CampaignError as error:
        notices.keep(_NOTICE, f"{error}.")
        return
    audit.noted("Made a new secret", source.name)
    if not given:
        show_secret_once(changed)
    notices.keep(_NOTICE, f"{source.name} has a new secret.")


def _offer_removal(source: HookSource) -> None:
    begin = f"connect_hook_{source.id}"
    with st.popover("Take away", icon=":material/link_off:", key=f"{begin}_removal"):
        st.markdown(
            f"From now on calls of **{source.name}** are refused. What it told so far stays."
        )
        st.button(
            "Take it away",
            key=f"{begin}_remove",
            type="primary",
            on_click=_remove,
            args=(source,),
            disabled=not signed_in.may(Role.ADMIN),
            help=signed_in.why_not(Role.ADMIN),
        )


@signed_in.only(Role.ADMIN)
def _remove(source: HookSource) -> None:
    try:
        remove_source(bootstrap.database(), source.id)
    except CampaignError as error:
        notices.keep(_NOTICE, f"{error}.")
        return
    audit.noted("Took a webhook away", source.name)
    notices.keep(_NOTICE, f"{source.name} is gone; its calls are refused.")
