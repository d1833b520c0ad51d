"""Live: whether the evaluator runs, what was launched, what is decided and sent as it happens."""

import streamlit as st

from core.ui.connect import hint
from core.ui.live import (
    alert_banner,
    drift_view,
    launch_form,
    mail_list,
    now_view,
    troubles,
)

found = now_view.show_overview()
launch_form.show(is_first=not found.launches)
if found.launches:
    decided, mails, amiss, checked, alerts = st.tabs(
        ["What is decided", "E-mails", "What went wrong", "Check a past day", "Alerts"],
        key="live_tab",
        on_change="rerun",
    )
    if decided.open:
        with decided:
            now_view.show_log()
    if mails.open:
        with mails:
            mail_list.show(found.launches)
    if amiss.open:
        with amiss:
            troubles.show()
    if checked.open:
        with checked:
            drift_view.show(found.launches)
    if alerts.open:
        with alerts:
            alert_banner.show_past()
else:
    troubles.show_if_any()
hint.show(is_first=not found.received_count)
