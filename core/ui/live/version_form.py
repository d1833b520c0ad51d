"""Giving a launched campaign another saved version, and saying what becomes of people under way."""

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError, UnusableInput
from core.domain.roles import Role
from core.domain.versions import CampaignVersion
from core.services.campaign_files import check_templates
from core.services.launch_versions import UnderWay, publish
from core.services.live_launches import Launch
from core.ui import audit, formats, notices, readers, signed_in
from core.ui.live import live_readers
from core.ui.live.places import NOTICE, STEERED

_CHOICES = {
    UnderWay.STAY: "Stay: they finish the version they entered",
    UnderWay.MOVE: "Move: they go on in the new version, where they wait now",
    UnderWay.LEAVE: "Leave: they get nothing more of this campaign",
}


def show(launch: Launch) -> None:
    """Offer the other saved versions of a launched campaign, if there are any."""
    others = _others(launch)
    if not others:
        return
    with st.popover("New version", icon=":material/upgrade:", key=f"live_publish_{launch.id}"):
        number = st.selectbox(
            "Version",
            list(others),
            key=f"live_publish_number_{launch.id}",
            format_func=lambda n: _called(others[n]),
        )
        under_way = st.radio(
            "People under way",
            list(UnderWay),
            key=f"live_publish_under_way_{launch.id}",
            format_func=lambda choice: _CHOICES[choice],
        )
        st.caption("Whoever enters from now on gets the new version.")
        st.button(
            "Let it go live",
            type="primary",
            key=f"live_publish_now_{launch.id}",
            on_click=_publish,
            args=(launch, others[number], under_way),
            disabled=not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR),
        )


def _others(launch: Launch) -> dict[int, CampaignVersion]:
    try:
        versions = readers.campaign_versions(launch.name)
    except CampaignError:
        return {}  # the saved campaign is gone; what was launched goes on
    return {
        version.number: version
        for version in versions
        if version.number != launch.version_number and version.campaign.name == launch.name
    }


def _called(version: CampaignVersion) -> str:
    note = f": {version.note}" if version.note else ""
    return f"{version.number}, saved {formats.day(version.saved_at)}{note}"


@signed_in.only(Role.EDITOR)
def _publish(launch: Launch, version: CampaignVersion, under_way: UnderWay) -> None:
    try:
        check_templates(version.campaign, bootstrap.template_names())
        publish(
            bootstrap.database(),
            bootstrap.home(),
            launch.id,
            version,
            under_way=under_way,
            at=now(),
        )
    except UnusableInput as error:
        notices.keep(NOTICE, str(error))
        return
    live_readers.count_anew()
    st.session_state[STEERED] = True
    audit.noted(
        "Published a version",
        launch.name,
        f"version {launch.version_number} became {version.number}, people under way: {under_way}",
    )
    notices.keep(NOTICE, f"“{launch.name}” goes on with version {version.number}.")
