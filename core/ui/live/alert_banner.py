"""Alerts: those that hold now as a banner, and those that are over as a list."""

from datetime import datetime

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.instants import as_microseconds
from core.services.alert_rules import Rule
from core.services.alerts import Alert, alert_settings, open_alerts, past_alerts
from core.ui import formats, masked, navigation
from core.ui.live import words

TITLES = {
    Rule.LAG: "Decisions are behind",
    Rule.FAILURES: "E-mails fail",
    Rule.SILENCE: "No events come in",
    Rule.UNSUBSCRIPTIONS: "Many unsubscribe",
    Rule.COMPLAINTS: "Many complain",
}
_ZONE = "UTC"


def show(now: datetime) -> None:
    """Show the alerts that hold now."""
    for alert in open_alerts(bootstrap.database()):
        st.error(
            f"{formats.plain(alert.said)} :gray[Raised {words.ago(alert.raised_at, now)}.]",
            title=TITLES[alert.rule],
            icon=":material/notifications_active:",
        )


def show_past() -> None:
    """Show the alerts that are over, and where alerts go."""
    _show_where()
    found = past_alerts(bootstrap.database())
    if not found:
        st.caption("No alert was ever over yet: those that hold now stand at the top of the page.")
        return
    st.dataframe(
        pd.DataFrame([_row(alert) for alert in found]),
        hide_index=True,
        width="stretch",
        alt="Past alerts, the latest first: since when, until when, what, and who was told",
        column_config={"What": st.column_config.TextColumn(width="large")},
    )
    st.caption(f"Times in {_ZONE}.")


def _show_where() -> None:
    ways = alert_settings(bootstrap.database()).ways
    said = "Alerts are shown here only." if not ways else "Alerts are shown here and told: "
    listed = ", ".join(formats.plain(masked.text(target)) for _, target in ways)
    st.markdown(f"{said}{listed}")
    st.page_link(navigation.SETTINGS, label="Set alerts", icon=navigation.SETTINGS.icon)


def _row(alert: Alert) -> dict[str, str]:
    assert alert.closed_at is not None  # it is over
    return {
        "Since": formats.moment(as_microseconds(alert.raised_at), _ZONE),
        "Until": formats.moment(as_microseconds(alert.closed_at), _ZONE),
        "What": alert.said,
        "Told": _told(alert),
    }


def _told(alert: Alert) -> str:
    failed = [notice for notice in alert.notices if not notice.is_told]
    if not alert.notices:
        return "on this page"
    if not failed:
        return "yes"
    return f"not all: {failed[-1].reason or 'still on its way'}"
