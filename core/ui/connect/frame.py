"""The page Connect: the address and a key, the ways in, and what arrived."""

import streamlit as st

from core.ui.connect import (
    access,
    arrivals_view,
    form_section,
    hooks_section,
    pixel_section,
    place,
    queue_section,
    server_section,
    web_section,
)


def show() -> None:
    """Show the three steps from nothing to events that arrive."""
    host = place.host()
    access.show(host)
    st.subheader("2. What sends?", anchor=False)
    web, form, server, crm, pixel, queue = st.tabs(
        ["Website", "Sign-up form", "Server", "CRM, shop system", "Pixel", "Queue"],
        key="connect_tab",
        on_change="rerun",
    )
    if web.open:
        with web:
            web_section.show(host)
    if form.open:
        with form:
            form_section.show(host)
    if server.open:
        with server:
            server_section.show(host)
    if crm.open:
        with crm:
            hooks_section.show()
    if pixel.open:
        with pixel:
            pixel_section.show(host)
    if queue.open:
        with queue:
            queue_section.show()
    arrivals_view.show()
