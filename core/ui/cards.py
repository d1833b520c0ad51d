"""Small pieces that several pages show: the offer of the sample shop."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.roles import Role
from core.services.imports import SAMPLE_NAME, load_sample
from core.ui import audit, signed_in
from core.ui.data import import_draft, import_panel


def offer_sample(key: str) -> None:
    """Show the button that loads the sample shop; it starts at once and runs beside the pages."""
    st.button(
        "Load the sample shop",
        type="primary",
        icon=":material/storefront:",
        key=key,
        on_click=_load_sample,
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR)
        or "An invented outdoor shop: 5,000 people and what they did in three months.",
    )


@signed_in.only(Role.EDITOR)
def _load_sample() -> None:
    home, imported_at = bootstrap.home(), now()
    is_started = import_panel.start(
        SAMPLE_NAME,
        lambda watching: load_sample(
            home, bootstrap.SAMPLE, imported_at=imported_at, watching=watching
        ),
    )
    if is_started:
        audit.noted("Loaded data", SAMPLE_NAME)
        import_draft.submit(SAMPLE_NAME)
