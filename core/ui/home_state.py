"""The state of the system on the page Home: datasets, saved campaigns, where it is all kept."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.domain.errors import CampaignError
from core.domain.versions import CampaignSummary
from core.history.manifest import Manifest
from core.services import phrases
from core.ui import formats, readers


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


def show_campaigns(summaries: Sequence[CampaignSummary]) -> None:
    """Show the saved campaigns, each with its sentence."""
    st.subheader("Your campaigns", anchor=False)
    if not summaries:
        st.caption("None saved yet.")
    for summary in summaries:
        saved = f"version {summary.latest_number}, saved {formats.day(summary.latest_saved_at)}"
        st.markdown(
            f"**{formats.plain(summary.name)}** · :gray[{saved}]  \n{_sentence(summary.name)}"
        )


def show_place(home: Path) -> None:
    """Say where everything is kept."""
    st.caption(
        f":material/folder: Everything is kept on this computer, in `{home}`. "
        "Nothing is sent anywhere."
    )


def _row(manifest: Manifest) -> dict[str, object]:
    return {
        "Name": manifest.name,
        "Events": manifest.rows,
        "People": manifest.users,
        "Period": formats.period(manifest.first_at, manifest.last_at),
        "Size": formats.size(readers.dataset_bytes(readers.key_of(manifest))),
    }


def _sentence(name: str) -> str:
    try:
        version = readers.saved_campaign(name)
    except CampaignError as error:
        return f":orange[{formats.plain(str(error))}]"
    return (
        ""
        if version is None
        else f"{phrases.sentence(version.campaign.trigger, phrases.MARKDOWN)}."
    )
