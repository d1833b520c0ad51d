"""Settings: who sends and how, who may send events, what is kept, who is told, who works here."""

import streamlit as st

from core.ui.settings import (
    settings_alerts,
    settings_company,
    settings_delivery,
    settings_keys,
    settings_members,
    settings_privacy,
)

SECTIONS = {
    "Company": settings_company.show,
    "Sending": settings_delivery.show,
    "Write keys": settings_keys.show,
    "Privacy": settings_privacy.show,
    "Alerts": settings_alerts.show,
    "Colleagues": settings_members.show,
    "Log": settings_privacy.show_log,
}

for tab, show in zip(st.tabs(list(SECTIONS), key="settings_tab"), SECTIONS.values(), strict=True):
    with tab:
        show()
