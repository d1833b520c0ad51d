"""What a launch for real will do, shown before somebody presses the button."""

import streamlit as st

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.steps import WebhookStep
from core.services.calling import refusal
from core.services.delivering import Readiness, readiness
from core.services.delivery_settings import delivery_settings
from core.services.launch_preview import RehearsedSends, rehearsed_sends
from core.services.live_launches import LaunchMode
from core.ui import formats, navigation

MODES = {
    LaunchMode.LIVE: ":material/sensors: For real",
    LaunchMode.SANDBOX: ":material/science: In the sandbox",
}


def choose_mode(key: str) -> LaunchMode:
    """Let somebody choose whether e-mails reach people."""
    chosen = st.segmented_control(
        "How",
        list(MODES),
        key=key,
        default=LaunchMode.SANDBOX,
        required=True,
        format_func=lambda mode: MODES[mode],
    )
    return LaunchMode(chosen)


def show_sandbox() -> None:
    """Say what a sandbox does."""
    seeds = delivery_settings(bootstrap.database()).seed_addresses
    if seeds:
        listed = ", ".join(formats.plain(seed) for seed in seeds)
        leaves = f"**e-mails go to your seed list only** ({listed})"
    else:
        leaves = "**no e-mail leaves**. With a seed list on the page Settings they go to that"
    st.markdown(
        ":violet-badge[:material/science: sandbox] Everything is decided on the events that come "
        f"in from now on, as it would be for real, and {leaves}. It is in no statistic."
    )


def show_live(campaign: Campaign) -> tuple[bool, RehearsedSends | None]:
    """Say what a launch for real does; give whether it can be done, and what was rehearsed."""
    found = rehearsed_sends(bootstrap.home(), campaign)
    ready = readiness(bootstrap.database(), bootstrap.outgoing())
    _show_rehearsed(campaign, found)
    _show_uncalled(campaign)
    _show_readiness(ready)
    return ready.is_ready, found


def question(found: RehearsedSends | None) -> str:
    """Ask for the last word, with the number of people it is about."""
    if found is None:
        return "Launch it without a rehearsal? Nobody knows how many people get an e-mail."
    if not found.mail_count:
        return (
            f"Launch it? In the last {_days(found.day_count)} of its rehearsal nobody would have "
            "got an e-mail."
        )
    return (
        f"Launch it? Expect about {found.mail_count:,} e-mails to "
        f"{formats.people(found.people_count)} in {_days(found.day_count)}, as in its rehearsal."
    )


def _show_rehearsed(campaign: Campaign, found: RehearsedSends | None) -> None:
    if not campaign.templates():
        st.caption(":material/info: It sends no e-mails; you will see who enters.")
    if found is None:
        st.warning(
            "This version was never rehearsed. Rehearse it first, and you know whom it reaches.",
            icon=":material/theater_comedy:",
        )
        st.page_link(navigation.REHEARSE, label="Go to Rehearse", icon=navigation.REHEARSE.icon)
        return
    record = found.record
    until = formats.day(record.until)
    st.markdown(
        f":material/theater_comedy: Rehearsed on *{formats.plain(record.dataset)}*: in the "
        f"{_days(found.day_count)} up to {until}, **{formats.people(found.people_count)} would "
        f"have got {found.mail_count:,} {'e-mail' if found.mail_count == 1 else 'e-mails'}**."
    )


def _show_uncalled(campaign: Campaign) -> None:
    """Warn of steps whose call would be refused, however often it is tried."""
    allowed = bootstrap.settings().private_webhook_hosts
    urls = dict.fromkeys(step.url for step in campaign.steps if isinstance(step, WebhookStep))
    for url in urls:
        refused = refusal(url, allowed)
        if refused is not None:
            st.warning(
                f"`{url.replace('`', '')}` will not be called: {formats.plain(refused)} Change "
                "the step **Call another system** first.",
                icon=":material/link_off:",
            )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _show_readiness(ready: Readiness) -> None:
    if not ready.is_ready:
        listed = "\n".join(f"- {formats.plain(sentence)}" for sentence in ready.missing)
        st.warning(f"E-mails cannot leave yet:\n{listed}", icon=":material/outgoing_mail:")
        st.page_link(navigation.SETTINGS, label="Go to Settings", icon=navigation.SETTINGS.icon)
    elif ready.how == "folder":
        st.info(
            "No mail server is set: e-mails are written as files into the folder "
            f"`{ready.folder}`, and **nobody gets them**.",
            icon=":material/folder:",
        )
    elif ready.trouble:
        st.warning(
            f"The mail server said last: {formats.plain(ready.trouble)} E-mails wait until it "
            "takes them.",
            icon=":material/outgoing_mail:",
        )
    else:
        st.markdown(":green[:material/check_circle:] E-mails leave through your mail server.")
