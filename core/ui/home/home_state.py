"""The state of the system on the page Home: datasets, campaigns, rehearsals, where it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.errors import CampaignError
from core.domain.versions import CampaignSummary
from core.history.manifest import Manifest
from core.services import phrases
from core.services.live_launches import launches
from core.services.stored_rehearsals import RehearsalRecord
from core.ui import (
    formats,
    navigation,
    readers,
)
from core.ui.flows import flow_gallery
from core.ui.rehearse import rehearse_records, rehearse_view

_REHEARSALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCampaign:
    """A saved campaign; `latest` is None where its last version cannot be read, with `problem`."""

    summary: CampaignSummary
    latest: Campaign | None
    problem: str = ""

    @property
    def name(self) -> str:
        """Give its name."""
        return self.summary.name

    @property
    def has_flow(self) -> bool:
        """Say whether something happens after the trigger."""
        return self.latest is not None and bool(self.latest.steps)


def saved_campaigns() -> list[SavedCampaign]:
    """List the saved campaigns, the latest first."""
    return [_saved(summary) for summary in readers.saved_campaigns()]


def _saved(summary: CampaignSummary) -> SavedCampaign:
    try:
        version = readers.saved_campaign(summary.name)
    except CampaignError as error:
        return SavedCampaign(summary=summary, latest=None, problem=str(error))
    return SavedCampaign(summary=summary, latest=None if version is None else version.campaign)


def rehearsed_names(records: Sequence[RehearsalRecord]) -> list[str]:
    """Name the campaigns that were rehearsed, each once, the latest first."""
    names = [named.campaign.name for record in records for named in record.campaigns]
    return list(dict.fromkeys(names))


def launched_names() -> list[str]:
    """Name the campaigns that were ever launched, each once, the latest first."""
    found = [launch.name for launch in reversed(launches(bootstrap.database()))]
    return list(dict.fromkeys(found))


def show_datasets(manifests: Sequence[Manifest]) -> None:
    """Show a table of the datasets with their sizes."""
    st.subheader("Your data", anchor=False)
    if not manifests:
        st.caption("Nothing loaded yet.")
        return
    st.dataframe(
        pd.DataFrame([_row(manifest) for manifest in manifests]),
        hide_index=True,
        alt="Datasets with their number of events and people, period and size",
        column_config={
            "Events": st.column_config.NumberColumn(format="localized"),
            "People": st.column_config.NumberColumn(format="localized"),
        },
    )


def show_rehearsals(records: Sequence[RehearsalRecord]) -> None:
    """Show the latest rehearsals, each with the way to it."""
    st.subheader("Your rehearsals", anchor=False)
    if not records:
        st.caption("None made yet.")
        return
    for record in records[:_REHEARSALS]:
        with st.container(gap="xxsmall"):
            if st.button(
                rehearse_records.campaign_list(record),
                type="tertiary",
                key=f"home_rehearsal_{record.rehearsal_id}",
                help="Open this rehearsal",
            ):
                rehearse_view.ask_for(record.rehearsal_id)
                st.switch_page(navigation.REHEARSE)
            st.caption(f"{rehearse_records.extent(record)} · {rehearse_records.counts(record)}")
    more = len(records) - _REHEARSALS
    if more > 0:
        st.page_link(navigation.REHEARSE, label=f"and {more:,} more", icon="", help="")


def show_campaigns(campaigns: Sequence[SavedCampaign]) -> None:
    """Show the saved campaigns, each with its sentence and the way to its flow."""
    st.subheader("Your campaigns", anchor=False)
    if not campaigns:
        st.caption("None saved yet.")
    for saved in campaigns:
        with st.container(gap="xxsmall"):
            if st.button(
                f"**{formats.plain(saved.name)}**",
                type="tertiary",
                key=f"home_campaign_{saved.name}",
                help="Open its flow",
                disabled=saved.latest is None,
            ):
                flow_gallery.open_from_elsewhere(saved.name)
                st.switch_page(navigation.FLOWS)
            st.caption(_about(saved))
            st.markdown(_sentence(saved))


def show_place(home: Path) -> None:
    """Say where everything is kept."""
    st.caption(
        f":material/folder: Everything is kept on this computer, in `{home}`. "
        "Your customers get e-mails only from campaigns that you launch for real."
    )


def _row(manifest: Manifest) -> dict[str, object]:
    return {
        "Name": manifest.name,
        "Events": manifest.rows,
        "People": manifest.users,
        "Period": formats.period(manifest.first_at, manifest.last_at),
        "Size": formats.size(readers.dataset_bytes(readers.key_of(manifest))),
    }


def _about(saved: SavedCampaign) -> str:
    summary = saved.summary
    said = f"version {summary.latest_number}, saved {formats.day(summary.latest_saved_at)}"
    if saved.latest is None:
        return said
    return f"{said} · {flow_gallery.extent(saved.latest) if saved.has_flow else 'no flow yet'}"


def _sentence(saved: SavedCampaign) -> str:
    if saved.latest is None:
        return f":orange[{formats.plain(saved.problem)}]"
    return f"{phrases.sentence(saved.latest.trigger, phrases.MARKDOWN)}."
