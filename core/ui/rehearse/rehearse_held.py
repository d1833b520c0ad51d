"""What was held back and who was refused: the reasons, and what a marketer can do about them."""

import pandas as pd
import streamlit as st

from core.domain.campaigns import Campaign
from core.rehearsal.reports.funnel import CampaignFunnel, funnels
from core.rehearsal.reports.withheld import CampaignWithheld, withheld
from core.ui import formats, readers
from core.ui.rehearse import rehearse_words
from core.ui.rehearse.rehearse_view import View


def show(view: View) -> None:
    """Show e-mails held back by reason and step, then entries refused by reason."""
    held = readers.report(view.rehearsal_id, withheld)[view.place]
    funnel = readers.report(view.rehearsal_id, funnels)[view.place]
    _show_messages(held, view.campaign)
    _show_refused(funnel, view.campaign)
    for note in notes(view):
        st.caption(f":material/info: {formats.plain(note)}")


def notes(view: View) -> list[str]:
    """Give what a reader of the figures must know about this campaign and the data."""
    others = {n.campaign.name for n in view.record.campaigns} - {view.campaign.name}
    said: list[str] = list(view.record.summary["notes"])
    return [note for note in said if not any(note.startswith(f"{name}:") for name in others)]


def _show_messages(held: CampaignWithheld, campaign: Campaign) -> None:
    came_up = held.sent_count + held.withheld_count
    if not came_up:
        st.info("No e-mail came up, so none was held back.", icon=":material/mail_off:")
        return
    if not held.withheld_count:
        st.markdown(f"All **{rehearse_words.emails(came_up)}** that came up would have left.")
        return
    st.markdown(
        f"**{held.withheld_count:,} of {rehearse_words.emails(came_up)}** "
        f"({formats.percent(held.withheld_count / came_up)}) that came up would not have left. "
        "Each is counted once, by the first reason that applies."
    )
    st.table(messages_table(held, campaign), alt="E-mails held back by reason")
    if len(held.steps) > 1:
        st.markdown("**By e-mail**")
        st.table(steps_table(held, campaign), alt="E-mails held back by e-mail and reason")


def messages_table(held: CampaignWithheld, campaign: Campaign) -> pd.DataFrame:
    """Give the reasons with e-mails, people and what to do, the most frequent first."""
    reasons = sorted(held.count_by_reason, key=lambda reason: -held.count_by_reason[reason])
    return pd.DataFrame(
        {
            "Why": [rehearse_words.WITHHELD[reason] for reason in reasons],
            "E-mails": [f"{held.count_by_reason[reason]:,}" for reason in reasons],
            "People": [f"{held.people_by_reason[reason]:,}" for reason in reasons],
            "What you can do": [rehearse_words.remedy(reason, campaign) for reason in reasons],
        }
    ).set_index("Why")


def steps_table(held: CampaignWithheld, campaign: Campaign) -> pd.DataFrame:
    """Give sent and withheld e-mails by step (rows) and reason (columns)."""
    labels = rehearse_words.mail_labels(campaign)
    columns = {"Sent": [f"{step.sent_count:,}" for step in held.steps]}
    for reason in held.count_by_reason:
        counts = [step.count_by_reason.get(reason, 0) for step in held.steps]
        columns[rehearse_words.WITHHELD[reason]] = [f"{count:,}" for count in counts]
    names = [formats.plain(labels[step.step_id]) for step in held.steps]
    return pd.DataFrame({"E-mail": names, **columns}).set_index("E-mail")


def _show_refused(funnel: CampaignFunnel, campaign: Campaign) -> None:
    refused = {r: count for r, count in funnel.refused_count_by_reason.items() if count}
    st.markdown("**Not let in**")
    if not refused:
        st.caption("Everybody who met the trigger entered, each time.")
        return
    st.markdown(
        f"The trigger was met {rehearse_words.times(funnel.firing_count)}. "
        f"**{funnel.enrolment_count:,}** of these entered, **{sum(refused.values()):,}** did not:"
    )
    st.table(refused_table(refused, campaign), alt="Entries refused by reason")


def refused_table(refused: dict[str, int], campaign: Campaign) -> pd.DataFrame:
    """Give the reasons for which people were not let in, the most frequent first."""
    reasons = sorted(refused, key=lambda reason: -refused[reason])
    return pd.DataFrame(
        {
            "Why": [rehearse_words.REFUSED[reason] for reason in reasons],
            "Times": [f"{refused[reason]:,}" for reason in reasons],
            "What you can do": [rehearse_words.remedy(reason, campaign) for reason in reasons],
        }
    ).set_index("Why")
