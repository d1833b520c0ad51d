"""The launched campaigns: state, people, e-mails, and the buttons that steer each of them."""

from collections.abc import Callable, Sequence

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds
from core.domain.roles import Role
from core.services import live_launches
from core.services.experiment_launching import running_test_of, stop_launch
from core.services.live_launches import Launch, LaunchMode, LaunchState
from core.services.live_overview import LaunchFigures
from core.ui import audit, formats, notices, signed_in
from core.ui.live import live_readers, version_form, words
from core.ui.live.places import NOTICE, STEERED
from core.ui.rehearse import rehearse_words

_ENDED = 3  # launches that were stopped and are listed without being asked for
_BADGES = {
    LaunchState.RUNNING: ":green-badge[:material/play_circle: running]",
    LaunchState.PAUSED: ":orange-badge[:material/pause_circle: paused]",
    LaunchState.STOPPED: ":gray-badge[:material/stop_circle: stopped]",
}
_MODES = {
    LaunchMode.LIVE: ":blue-badge[:material/sensors: for real]",
    LaunchMode.SANDBOX: ":violet-badge[:material/science: sandbox: no customer gets mail]",
}


def show(figures: Sequence[LaunchFigures]) -> None:
    """List launches; of those that were stopped only the latest, unless all are asked for."""
    ended = [each for each in figures if each.launch.state is LaunchState.STOPPED]
    for each in figures:
        if each not in ended:
            _show_launch(each)
    if not ended:
        return
    is_all = len(ended) > _ENDED and st.toggle(f"Show all {len(ended)} stopped", key="live_ended")
    for each in ended if is_all else ended[:_ENDED]:
        _show_launch(each)


def _show_launch(figures: LaunchFigures) -> None:
    launch = figures.launch
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        with st.container(gap="xsmall", width=640):
            badges = f"{_BADGES[launch.state]} {_MODES[launch.mode]}"
            st.markdown(f"**{formats.plain(launch.name)}** {badges}")
            st.caption(formats.plain(_told(figures)))
        if launch.state is not LaunchState.STOPPED:
            with st.container(horizontal=True, width="content"):
                version_form.show(launch)
                _offer_pause(launch)
                _offer_stop(launch)


def _told(figures: LaunchFigures) -> str:
    """Say since when a launch is there, who is in it, and what became of its e-mails."""
    launch = figures.launch
    since = formats.moment(as_microseconds(launch.launched_at), launch.campaign.timezone)
    mails = words.messages(figures.messages, launch.mode) or "none due yet"
    is_sent = figures.messages.get("sent") and bootstrap.settings().mail_server is None
    place = " No mail server is set: what is sent are files, and nobody gets them."
    return (
        f"Version {launch.version_number}, launched {since} ({launch.campaign.timezone}). "
        f"{rehearse_words.entries(figures.entered_count).capitalize()}, "
        f"{formats.people(figures.under_way_count)} under way. E-mails: {mails}."
        f"{place if is_sent else ''}"
    )


def _offer_pause(launch: Launch) -> None:
    if launch.state is LaunchState.PAUSED:
        st.button(
            "Resume",
            icon=":material/play_arrow:",
            key=f"live_resume_{launch.id}",
            on_click=_steer,
            args=(live_launches.resume, launch, "Resumed"),
            disabled=not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR)
            or "Its e-mails go on; those that are too old by now are held back.",
        )
        return
    st.button(
        "Pause",
        icon=":material/pause:",
        key=f"live_pause_{launch.id}",
        on_click=_steer,
        args=(live_launches.pause, launch, "Paused"),
        disabled=not signed_in.may(Role.EDITOR),
        help=signed_in.why_not(Role.EDITOR)
        or "People go on entering and waiting; their e-mails are kept until you resume.",
    )


def _offer_stop(launch: Launch) -> None:
    test = running_test_of(bootstrap.database(), launch.id)
    with st.popover("Stop", icon=":material/stop:", key=f"live_stop_{launch.id}"):
        if test is not None:
            st.markdown(
                f"The test **{formats.plain(test.name)}** reads this campaign. End it on the page "
                "Experiments first."
            )
            return
        st.markdown(
            f"Stop **{formats.plain(launch.name)}**? Nobody enters any more, everybody under way "
            "leaves, and e-mails that have not left never do. It cannot be taken back; the "
            "campaign and what was decided stay."
        )
        st.button(
            "Stop for good",
            type="primary",
            key=f"live_stop_for_good_{launch.id}",
            on_click=_steer,
            args=(_stop, launch, "Stopped"),
            disabled=not signed_in.may(Role.EDITOR),
        )


_stop = stop_launch  # refuses while a test reads the launch, whatever its mode


@signed_in.only(Role.EDITOR)
def _steer(deed: Callable[..., Launch], launch: Launch, done: str) -> None:
    try:
        deed(bootstrap.database(), launch.id, at=now())
    except UnusableInput as error:
        notices.keep(NOTICE, str(error))
    else:
        live_readers.count_anew()
        st.session_state[STEERED] = True
        audit.noted(f"{done} a campaign", launch.name, f"version {launch.version_number}")
        notices.keep(NOTICE, f"{done} “{launch.name}”.")
