"""How much mail one person would get, from all campaigns of the rehearsal together."""

import pandas as pd
import streamlit as st

from core.rehearsal.reports.pressure import Pressure, pressure
from core.services import phrases
from core.ui import formats, readers
from core.ui.rehearse import rehearse_figures
from core.ui.rehearse.rehearse_view import View


def show(view: View) -> None:
    """Show e-mails per person, crowded weeks, and campaigns that meet within a day."""
    found = readers.report(view.rehearsal_id, pressure)
    if not found.most_sent_count:
        st.info("Nobody would have got an e-mail.", icon=":material/inbox:")
        return
    if len(view.record.campaigns) > 1:
        st.caption(f"All {len(view.record.campaigns)} campaigns of this rehearsal together.")
    for sentence in sentences(found):
        st.markdown(sentence)
    st.plotly_chart(
        rehearse_figures.people_by_emails(found.people_by_sent_count),
        key="rehearse_pressure",
        alt="People by the number of e-mails they would have got",
    )
    st.caption(
        "Everybody who entered some campaign; those at 0 entered, but got nothing. Over the whole "
        "period of the rehearsal."
    )
    if found.crowded.people_count:
        st.markdown(f"**Where the {_most(found)} come from**")
        st.table(crowd_table(found), alt="E-mails in crowded weeks by campaign")
    _show_collisions(found, campaign_count=len(view.record.campaigns))


def sentences(found: Pressure) -> list[str]:
    """Say how many get too much, as Markdown."""
    reached = found.enrolled_people_count - found.people_by_sent_count.get(0, 0)
    crowded = found.crowded
    share = formats.percent(crowded.people_count / reached)
    who = f"**{formats.people(crowded.people_count)}** ({share} of these)"
    if not crowded.people_count:
        who = "**Nobody**"
    return [
        f"**{formats.people(reached)}** would have got at least one e-mail, one of them as many "
        f"as **{found.most_sent_count:,}**.",
        f"{who} would have got {crowded.most} or more within {phrases.duration(crowded.within)}.",
    ]


def _most(found: Pressure) -> str:
    return f"{found.crowded.most} or more in {phrases.duration(found.crowded.within)}"


def crowd_table(found: Pressure) -> pd.DataFrame:
    """Give each campaign's part in crowded weeks."""
    rows = [row for row in found.crowded.by_campaign if row.message_count]
    return pd.DataFrame(
        {
            "Campaign": [formats.plain(row.campaign) for row in rows],
            "E-mails in such weeks": [f"{row.message_count:,}" for row in rows],
            "People": [f"{row.people_count:,}" for row in rows],
        }
    ).set_index("Campaign")


def _show_collisions(found: Pressure, *, campaign_count: int) -> None:
    apart = phrases.duration(found.apart)
    st.markdown(f"**E-mails of two campaigns within {apart}**")
    if campaign_count == 1:
        st.caption("Rehearse several campaigns together to see where they meet.")
    elif not found.collisions:
        st.caption("None: no two campaigns of this rehearsal meet.")
    else:
        st.table(collision_table(found), alt="Campaigns whose e-mails meet")
        st.caption(
            f"{formats.people(found.collision_people_count).capitalize()} in all; somebody who is "
            "in several rows counts once here. A limit on e-mails per person holds over all "
            "campaigns, and would hold some of these back."
        )


def collision_table(found: Pressure) -> pd.DataFrame:
    """Give the pairs of campaigns that meet, most people first."""
    return pd.DataFrame(
        {
            "Campaigns": [
                f"{formats.plain(pair.first)} and {formats.plain(pair.second)}"
                for pair in found.collisions
            ],
            "People": [f"{pair.people_count:,}" for pair in found.collisions],
        }
    ).set_index("Campaigns")
