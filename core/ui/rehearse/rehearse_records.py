"""The rehearsals made earlier: a list to reopen or delete, and what has changed since one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.services import stored_rehearsals
from core.services.stored_rehearsals import NamedVersion, RehearsalRecord
from core.ui import formats, readers, signed_in
from core.ui.rehearse import (
    rehearse_job,
    rehearse_view,
    rehearse_words,
)
from core.ui.rehearse.rehearse_job import Setup

_SHOWN = 6
_NAMED = 3


def show() -> None:
    """List the rehearsals made earlier, newest first."""
    records = readers.rehearsals()
    st.subheader("Earlier rehearsals", anchor=False)
    if not records:
        st.caption("None yet. Choose a campaign above and press *Rehearse*; it is kept here.")
        return
    is_short = len(records) > _SHOWN and not st.session_state.get("rehearse_all")
    for record in records[:_SHOWN] if is_short else records:
        _show_record(record)
    if len(records) > _SHOWN:
        st.toggle(f"Show all {len(records)}", key="rehearse_all", persist_state="page")


def _show_record(record: RehearsalRecord) -> None:
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        with st.container(gap="xsmall", width=640):
            when = f"{record.made_at:%-d %b %Y, %H:%M} UTC"
            st.markdown(f"{campaign_list(record)}  \n:gray[{extent(record)}, made {when}]")
            st.caption(counts(record))
        st.button(
            "Open",
            key=f"rehearse_open_{record.rehearsal_id}",
            on_click=rehearse_view.open_one,
            args=(record.rehearsal_id,),
        )
        with st.popover(
            "Delete",
            icon=":material/delete:",
            key=f"rehearse_drop_{record.rehearsal_id}",
            disabled=not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR),
        ):
            st.markdown("Delete this rehearsal? Its link will lead nowhere; the data stays.")
            st.button(
                "Delete for good",
                type="primary",
                key=f"rehearse_forget_{record.rehearsal_id}",
                on_click=_forget,
                args=(record.rehearsal_id,),
            )


def campaign_list(record: RehearsalRecord) -> str:
    """Name the campaigns of a rehearsal with their versions, as Markdown."""
    shown = [f"**{formats.plain(n.campaign.name)}** {version(n)}" for n in record.campaigns]
    more = len(shown) - _NAMED
    return ", ".join(shown[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def version(named: NamedVersion) -> str:
    """Say which version of a campaign was rehearsed."""
    return "(not saved)" if named.version is None else f"version {named.version}"


def counts(record: RehearsalRecord) -> str:
    """Say how many people each campaign let in and how many e-mails it sent."""
    parts = []
    for said in record.summary["campaigns"]:
        mails = sum(counted["sent"] for counted in said.get("messages", {}).values())
        people = formats.people(said["people_enrolled"])
        parts.append((said["campaign"], f"{people} entered, {rehearse_words.emails(mails)} sent"))
    if len(parts) == 1:
        return parts[0][1]
    shown = "; ".join(f"{formats.plain(name)}: {text}" for name, text in parts[:_NAMED])
    return shown + (f"; and {len(parts) - _NAMED} more" if len(parts) > _NAMED else "")


def extent(record: RehearsalRecord) -> str:
    """Name the data and the days of a rehearsal, as Markdown."""
    zone = common_zone([named.campaign for named in record.campaigns])
    first = datetime.fromisoformat(record.summary["dataset"]["first_at"])
    begin, end = (at.astimezone(ZoneInfo(zone)) for at in (record.since or first, record.until))
    return f"{formats.plain(record.dataset)}, {formats.day(begin)} to {formats.day(end)}"


def common_zone(campaigns: Sequence[Campaign]) -> str:
    """Give the time zone in which the days of a rehearsal are told: the campaigns', if one."""
    zones = {campaign.timezone for campaign in campaigns}
    return zones.pop() if len(zones) == 1 else "UTC"


@signed_in.only(Role.EDITOR)
def _forget(rehearsal_id: str) -> None:
    try:
        stored_rehearsals.forget(bootstrap.home(), rehearsal_id)
    except CampaignError as error:
        st.toast(str(error), icon=":material/info:")


def show_head(record: RehearsalRecord, *show_tools: Callable[[], None]) -> None:
    """Say which rehearsal is open; offer the way back, to make it again, and other tools."""
    st.markdown(
        f"{campaign_list(record)} · {extent(record)}  \n"
        f":gray[Made {record.made_at:%-d %b %Y, %H:%M} UTC. The address of this page is its link.]"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "All rehearsals",
            icon=":material/arrow_back:",
            key="rehearse_back",
            on_click=rehearse_view.close,
        )
        st.button(
            "Rehearse again",
            icon=":material/replay:",
            key="rehearse_again",
            on_click=rehearse_job.start,
            args=(_setup_again(record),),
            disabled=rehearse_job.is_running(),
            help="The same campaigns and days on the data as it is now, with the latest version of "
            "each saved campaign.",
        )
        for show_tool in show_tools:
            show_tool()


def show_warnings(record: RehearsalRecord, *, is_same_data: bool) -> None:
    """Say what has changed since the rehearsal was made."""
    if not is_same_data:
        st.warning(
            f"The data “{formats.plain(record.dataset)}” has changed since, or is gone. The counts "
            "below still are those of then; people cannot be named any more. Press *Rehearse "
            "again* for the data as it is now.",
            icon=":material/update:",
        )
    newer = [said for named in record.campaigns if (said := _newer(named))]
    if newer:
        st.info(
            f"There is a newer version: {', '.join(newer)}. Press *Rehearse again* to use it, or "
            "compare the two under *What changes*.",
            icon=":material/new_releases:",
        )


def _newer(named: NamedVersion) -> str | None:
    latest = _latest(named)
    if latest is None or named.version is None or latest.version == named.version:
        return None
    name = formats.plain(named.campaign.name)
    return f"{name} is at version {latest.version}, this is version {named.version}"


def _latest(named: NamedVersion) -> NamedVersion | None:
    """Give the latest version of a saved campaign; None of one that is not saved or unreadable."""
    if named.version is None:
        return None
    try:
        saved = readers.saved_campaign(named.campaign.name)
    except CampaignError:
        return None
    return None if saved is None else NamedVersion(campaign=saved.campaign, version=saved.number)


def _setup_again(record: RehearsalRecord) -> Setup:
    last_at = record.summary["dataset"]["last_at"]
    is_whole = record.until.strftime("%Y-%m-%dT%H:%M:%S.%fZ") == last_at
    return Setup(
        dataset=record.dataset,
        campaigns=[_latest(named) or named for named in record.campaigns],
        since=record.since,
        until=None if is_whole else record.until,
        seed=record.seed,
    )
