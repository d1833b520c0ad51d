"""The part of the page about alerts: when one is raised, and who is told."""

from dataclasses import replace

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import UnusableInput
from core.domain.roles import Role
from core.services import phrases
from core.services.alert_rules import LEAST, RATES, WITHIN, Alarms, Rule, RuleSetting
from core.services.alerts import AlertSettings, alert_settings, keep_alert_settings
from core.ui import audit, formats, notices, signed_in
from core.ui.live.alert_banner import TITLES

_KEY = "settings_alerts"
_NOTICE = "settings_alerts_notice"
_FAILURE = "settings_alerts_failure"
_LABELS = {
    Rule.LAG: "Decisions are behind by more than (minutes)",
    Rule.FAILURES: "E-mails that do not leave, more than (%)",
    Rule.SILENCE: "No events come in for more than (minutes)",
    Rule.UNSUBSCRIPTIONS: "Unsubscriptions, more than (% of e-mails)",
    Rule.COMPLAINTS: "Reported as spam, more than (% of e-mails)",
}


def show() -> None:
    """Show the rules of alerts and where alerts go."""
    notices.show(_NOTICE)
    st.subheader("Alerts", anchor=False)
    st.caption(
        "Each is raised once, shown on the page Live, told to the addresses below, and over when "
        "the figure is well below its limit again. A rate counts only among enough e-mails."
    )
    failure = st.session_state.pop(_FAILURE, None)
    if failure:
        st.error(formats.plain(failure), icon=":material/block:")
    kept, is_admin = alert_settings(bootstrap.database()), signed_in.may(Role.ADMIN)
    with st.form(_KEY):
        rules = {rule: _edit(rule, kept.alarms.rules[rule]) for rule in Rule}
        email = st.text_input(
            "Tell this e-mail address",
            kept.email if is_admin else "",
            key=f"{_KEY}_email",
            placeholder="you@example.com",
            disabled=not is_admin,
        )
        webhook = st.text_input(
            "Call this webhook",
            kept.webhook if is_admin else "",
            key=f"{_KEY}_webhook",
            placeholder="https://example.com/alerts",
            disabled=not is_admin,
            help="It gets JSON, signed as Standard Webhooks asks; the secret is on the page "
            "Connect.",
        )
        is_wanted = st.form_submit_button(
            "Save alerts", type="primary", disabled=not is_admin, key=f"{_KEY}_save"
        )
    if is_wanted:
        _keep(AlertSettings(alarms=Alarms(rules=rules), email=email, webhook=webhook))
        st.rerun()


def _edit(rule: Rule, kept: RuleSetting) -> RuleSetting:
    is_rate = rule in RATES
    with st.container(horizontal=True, vertical_alignment="bottom"):
        limit = st.number_input(
            _LABELS[rule],
            min_value=0.01 if is_rate else 1.0,
            max_value=100.0 if is_rate else 100_000.0,
            value=round(100 * kept.limit, 4) if is_rate else kept.limit,
            format="%.2f" if is_rate else "%.0f",
            key=f"{_KEY}_limit_{rule.value}",
            help=_help(rule),
            width=380,
        )
        is_on = st.toggle("On", kept.is_on, key=f"{_KEY}_on_{rule.value}")
    return replace(kept, is_on=is_on, limit=limit / 100 if is_rate else limit)


def _help(rule: Rule) -> str | None:
    if rule not in RATES:
        return None
    within = phrases.duration(WITHIN[rule])
    return f"Of the last {within}, once there are {LEAST[rule]:,} e-mails or more."


@signed_in.only(Role.ADMIN)
def _keep(given: AlertSettings) -> None:
    allowed = frozenset(bootstrap.settings().private_webhook_hosts)
    try:
        kept = keep_alert_settings(bootstrap.database(), given, allowed=allowed, changed_at=now())
    except UnusableInput as error:
        st.session_state[_FAILURE] = str(error)
        return
    on = [TITLES[rule] for rule, one in kept.alarms.rules.items() if one.is_on]
    audit.noted("Changed alerts", "Alerts", f"on: {', '.join(on) or 'none'}")
    notices.keep(_NOTICE, "The alerts are saved.")
