"""Steps that carry names with values: what goes into a profile, what another system is told."""

from typing import Any

import streamlit as st

from core import bootstrap
from core.domain.reach import settable
from core.services.calling import refusal
from core.services.drafts import Document
from core.services.flow_ways import fresh_id
from core.ui import formats
from core.ui.flows import flow_actions, flow_deeds
from core.ui.flows.flow_surroundings import StepSurroundings

_NO_ADDRESS = ("", "https://", "http://")


def edit_update(key: str, step: Document, around: StepSurroundings) -> Document:
    """Show which traits are set, and to what."""
    st.markdown("Write into the person's profile")
    traits = _edit_pairs(f"{key}_set", step, "set", "trait")
    refused = [name for name in traits if name not in settable(traits)]
    if refused:
        names = ", ".join(f"“{formats.plain(name)}”" for name in refused)
        st.caption(
            f":orange[:material/info:] {names} will stay as it is: a flow can end the sending to "
            "somebody, never begin it, and neither address nor consent are its to change."
        )
    return {"set": traits}


def edit_webhook(key: str, step: Document, around: StepSurroundings) -> Document:
    """Show the address that is called, and what it is told."""
    url = st.text_input(
        "Address",
        value=step.get("url") or "",
        key=f"{key}_url",
        type="url",
        placeholder="https://…",
    )
    if url.strip() not in _NO_ADDRESS:
        refused = refusal(url.strip(), bootstrap.settings().private_webhook_hosts)
        if refused is not None:
            st.warning(formats.plain(refused), icon=":material/block:")
    st.markdown(
        "Sent along",
        help="A value may stand for what is known: `$user.email` or another trait, `$key`, "
        "`$trigger.price` or another property of the event that began it, `$campaign`, `$variant`.",
    )
    return {"url": url.strip(), "body": _edit_pairs(f"{key}_body", step, "body", "field")}


def _edit_pairs(key: str, step: Document, part: str, what: str) -> dict[str, Any]:
    """Show names with values; a value is text once somebody has written it."""
    pairs: dict[str, Any] = step.get(part) or {}
    edited: dict[str, Any] = {}
    for number, (name, value) in enumerate(pairs.items()):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            new_name = st.text_input(
                f"Name of {what} {number + 1}",
                value=name,
                key=f"{key}_{number}_name",
                label_visibility="collapsed",
                width=170,
            )
            edited[new_name.strip()] = _edit_pair_value(f"{key}_{number}_value", value)
            st.button(
                "Remove",
                icon=":material/close:",
                key=f"{key}_{number}_drop",
                type="tertiary",
                help=f"Remove this {what}",
                on_click=flow_deeds.later,
                args=(_drop_pair, step["id"], part, name),
            )
    st.button(
        f"Add a {what}",
        icon=":material/add:",
        key=f"{key}_add",
        type="tertiary",
        on_click=flow_deeds.later,
        args=(_add_pair, step["id"], part, what),
    )
    return edited


def _edit_pair_value(key: str, value: Any) -> Any:
    if isinstance(value, dict | list):
        st.caption("a list, as the file says", width="content")
        return value
    shown = str(value).lower() if isinstance(value, bool) else str(value or "")
    text = st.text_input("Value", value=shown, key=key, label_visibility="collapsed", width=170)
    return value if text == shown else text


def _add_pair(step_id: str, part: str, what: str) -> None:
    def added(step: Document) -> Document:
        pairs = step.get(part) or {}
        return {**step, part: {**pairs, fresh_id(what, pairs): ""}}

    flow_actions.change_step(step_id, added)


def _drop_pair(step_id: str, part: str, name: str) -> None:
    def dropped(step: Document) -> Document:
        return {**step, part: {key: v for key, v in step[part].items() if key != name}}

    flow_actions.change_step(step_id, dropped)
