"""Where a trigger comes from and goes to: ready-made ones, saved ones, saving, the file."""

from collections.abc import Collection
from typing import Literal

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.errors import CampaignError, UnusableInput
from core.domain.roles import Role
from core.services import phrases
from core.services.campaign_files import campaign_yaml, read_campaign
from core.services.campaigns import save_campaign
from core.ui import (
    audit,
    formats,
    navigation,
    readers,
    signed_in,
    words,
)
from core.ui.flows import flow_gallery
from core.ui.triggers import trigger_draft

_STAGE_COLOURS: dict[str, Literal["blue", "violet", "orange", "green"]] = {
    "awareness": "blue",
    "consideration": "violet",
    "conversion": "orange",
    "loyalty": "green",
}


def show(events: Collection[str]) -> None:
    """Offer ready-made triggers, saved campaigns and files to start from."""
    with st.expander(
        "Start from a ready-made trigger, a saved one or a file",
        icon=":material/auto_awesome:",
        key="triggers_gallery",
        on_change="rerun",
    ) as gallery:
        if not gallery.open:
            return
        ready, saved, file = st.tabs(["Ready-made", "Saved", "From a file"])
        with ready:
            _show_starters(events)
        with saved:
            _show_saved(events)
        with file:
            _show_upload(events)


def _show_starters(events: Collection[str]) -> None:
    grid = st.grid(4, min_column_width=260)
    for position, campaign in enumerate(readers.starter_campaigns()):
        with grid, st.container(border=True, height="stretch"):
            _show_card(campaign, position, events)


def _show_card(campaign: Campaign, position: int, events: Collection[str]) -> None:
    if campaign.stage is not None:
        st.badge(words.STAGES[campaign.stage], color=_STAGE_COLOURS[campaign.stage])
    st.markdown(f"**{campaign.name}**")
    st.caption(campaign.description)
    st.button(
        "Use this",
        key=f"triggers_starter_{position}",
        on_click=_load,
        args=(campaign, events, True),
    )


def _load(campaign: Campaign, events: Collection[str], fit: bool) -> None:
    trigger_draft.load(campaign, events, fit=fit)
    st.session_state["triggers_gallery"] = False


def _show_saved(events: Collection[str]) -> None:
    saved = readers.saved_campaigns()
    if not saved:
        st.caption("Nothing saved yet. Edit the sentence below and save it.")
    for summary in saved:
        with st.container(horizontal=True, vertical_alignment="center"):
            when = formats.day(summary.latest_saved_at)
            st.markdown(
                f"**{formats.plain(summary.name)}**, version {summary.latest_number}, saved {when}"
            )
            version = readers.saved_campaign(summary.name)
            if version is not None:
                st.button(
                    "Open",
                    key=f"triggers_saved_{summary.name}",
                    on_click=_load,
                    args=(version.campaign, events, False),
                )


def _show_upload(events: Collection[str]) -> None:
    uploaded = st.file_uploader(
        "A campaign file (YAML or JSON)", type=["yaml", "yml", "json"], key="triggers_file"
    )
    if uploaded is None:
        return
    try:
        text = uploaded.getvalue().decode("utf-8")
        campaign = read_campaign(text, uploaded.name)
    except UnicodeDecodeError:
        st.error(f"{formats.plain(uploaded.name)} is no text in UTF-8; save it as UTF-8.")
        return
    except UnusableInput as error:
        st.error(formats.plain(str(error)))
        return
    st.markdown(phrases.sentence(campaign.trigger, phrases.MARKDOWN))
    st.button(
        "Use this file", key="triggers_use_file", on_click=_load, args=(campaign, events, False)
    )


def show_matched_names() -> None:
    """Say which event names were replaced to fit the data."""
    names = trigger_draft.matched_names()
    if names:
        pairs = ", ".join(
            f"{formats.plain(before)} → **{formats.plain(after)}**"
            for before, after in names.items()
        )
        st.caption(f"Matched to your data: {pairs}.")


def show_saving(campaign: Campaign) -> None:
    """Offer to save the campaign as a new version, or to take it along as a file."""
    with st.container(border=True):
        name = st.text_input(
            "Name", value=campaign.name, key=f"triggers_{trigger_draft.revision()}_name"
        )
        note = st.text_input(
            "What changed (optional)", key=f"triggers_{trigger_draft.revision()}_note"
        )
        with st.container(horizontal=True):
            if st.button(
                "Save",
                icon=":material/save:",
                type="primary",
                key="triggers_save",
                disabled=not signed_in.may(Role.EDITOR),
                help=signed_in.why_not(Role.EDITOR),
            ):
                _save(campaign, name, note)
            st.download_button(
                "Download as a file",
                campaign_yaml(campaign),
                file_name="campaign.yaml",
                icon=":material/download:",
                key="triggers_download",
                on_click="ignore",
            )
            if st.button(
                "Open its flow" if campaign.steps else "Draw its flow",
                icon=navigation.FLOWS.icon,
                key="triggers_flow",
                help="What happens to them then: e-mails, waits, branches, tests.",
            ):
                named = campaign.model_copy(update={"name": " ".join(name.split())})
                flow_gallery.draw_from_elsewhere(named if named.name else campaign)
                st.switch_page(navigation.FLOWS)


@signed_in.only(Role.EDITOR)
def _save(campaign: Campaign, name: str, note: str) -> None:
    try:
        saved = save_campaign(bootstrap.database(), campaign, name=name, note=note, saved_at=now())
    except CampaignError as error:
        st.error(formats.plain(str(error)))
        return
    audit.noted("Saved a campaign", saved.campaign.name, f"version {saved.number}")
    st.toast(
        f"Saved {formats.plain(saved.campaign.name)}, version {saved.number}.",
        icon=":material/check:",
    )
