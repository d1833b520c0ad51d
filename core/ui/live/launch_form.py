"""Launching a saved campaign from the page, for real or in the sandbox."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError, UnusableInput
from core.domain.roles import Role
from core.domain.versions import CampaignVersion
from core.history.reading import open_dataset
from core.services.campaign_files import check_templates
from core.services.experiment_launching import running_launch
from core.services.live_launches import LaunchMode, launch
from core.ui import audit, formats, navigation, notices, readers, signed_in
from core.ui.datasets import newest
from core.ui.live import launch_consent
from core.ui.live.places import NOTICE

_NO_HISTORY = "Nothing: begin with what comes in"
_FAILURE = "live_failure"
_COUNT = "live_launch_count"
_SAID = {LaunchMode.LIVE: "for real", LaunchMode.SANDBOX: "in the sandbox"}


def show(*, is_first: bool) -> None:
    """Show the form, open where nothing was launched yet."""
    with st.expander("Launch a campaign", icon=":material/rocket_launch:", expanded=is_first):
        names = [summary.name for summary in readers.saved_campaigns()]
        if not names:
            st.markdown("**No saved campaign yet.** Draw one, rehearse it, and save it first.")
            st.page_link(navigation.FLOWS, label="Go to Flows", icon=navigation.FLOWS.icon)
            return
        st.caption(
            "A test of a split is launched on the page Experiments, together with its campaign."
        )
        version = _choose_version(names)
        history = _choose_history()
        mode = launch_consent.choose_mode("live_mode")
        failure = st.session_state.pop(_FAILURE, None)
        if failure:
            st.error(formats.plain(failure), icon=":material/block:")
        if version is not None:
            _offer(version, history, mode)


def _offer(version: CampaignVersion, history: str | None, mode: LaunchMode) -> None:
    running = running_launch(bootstrap.database(), version.campaign.name, mode)
    if running is not None:
        st.info(
            f"It is launched {_SAID[mode]} already, with version {running.version_number}. Let "
            "another version go live there, or stop it first."
        )
        return
    if mode is LaunchMode.SANDBOX:
        launch_consent.show_sandbox()
        _show_button("Launch in the sandbox", version, history, mode)
        return
    is_ready, found = launch_consent.show_live(version.campaign)
    if not is_ready:
        return
    count = st.session_state.get(_COUNT, 0)  # another widget after each launch: it is closed again
    with st.popover(
        "Launch for real", icon=":material/rocket_launch:", key=f"live_for_real_{count}"
    ):
        st.markdown(f"**{formats.plain(version.campaign.name)}**, version {version.number}")
        st.markdown(formats.plain(launch_consent.question(found)))
        _show_button("Yes, launch it", version, history, mode)


def _show_button(
    label: str, version: CampaignVersion, history: str | None, mode: LaunchMode
) -> None:
    if st.button(
        label,
        type="primary",
        icon=":material/rocket_launch:",
        key="live_launch",
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR),
    ):
        _launch(version, history, mode)
        st.rerun()


def _choose_version(names: list[str]) -> CampaignVersion | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Campaign", names, key="live_campaign", width=320)
        try:
            versions = {version.number: version for version in readers.campaign_versions(name)}
        except CampaignError as error:
            st.warning(formats.plain(str(error)))
            return None
        number = st.selectbox(
            "Version",
            list(versions),
            key=f"live_version_{name}_{len(versions)}",
            format_func=lambda n: f"{n} (the latest)" if n == max(versions) else str(n),
            width=160,
        )
    chosen = versions[number]
    if not chosen.campaign.steps:
        st.caption(
            ":orange[:material/info:] It sends nothing: it has a trigger, but no flow. You will "
            "see who enters."
        )
    return chosen


def _choose_history() -> str | None:
    found = [manifest for manifest in readers.datasets() if manifest.rows]
    names = [manifest.name for manifest in found]
    chosen = st.selectbox(
        "What people did before",
        [*names, _NO_HISTORY],
        index=names.index(newest(found)) if found else 0,
        key="live_history",
        width=320,
        help="The trigger remembers it, and its profiles count for people who are new here. Carts "
        "that were left shortly before its end may lead to e-mails at once.",
    )
    return None if chosen == _NO_HISTORY else str(chosen)


@signed_in.only(Role.EDITOR)
def _launch(version: CampaignVersion, history: str | None, mode: LaunchMode) -> None:
    try:
        check_templates(version.campaign, bootstrap.template_names())
        with st.spinner("Launching: the flow learns what your customers did so far …"):
            launch(
                bootstrap.database(),
                version.campaign,
                launched_at=now(),
                mode=mode,
                history=None if history is None else open_dataset(bootstrap.home(), history),
                version_number=version.number,
            )
    except UnusableInput as error:
        st.session_state[_FAILURE] = str(error)
        return
    st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
    audit.noted(
        "Launched a campaign", version.campaign.name, f"version {version.number}, {_SAID[mode]}"
    )
    notices.keep(NOTICE, f"Launched “{version.campaign.name}” {_SAID[mode]}.")
