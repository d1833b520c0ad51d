"""Versions of a campaign: saving one, the list of them, what differs, and going back."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.errors import CampaignError
from core.domain.roles import Role
from core.domain.versions import CampaignVersion
from core.services import campaigns, flow_forms
from core.services.version_diff import Change, ChangeKind, differences
from core.ui import (
    audit,
    formats,
    readers,
    signed_in,
    version_line,
)
from core.ui.flows import flow_deeds, flow_draft

SAVING = "flows_save"  # whether the fields are open
_DRAFT = 0  # the number under which the draft on screen stands among the versions
_KIND_WORDS = {
    ChangeKind.ADDED: ":green-badge[new]",
    ChangeKind.REMOVED: ":red-badge[gone]",
    ChangeKind.RENAMED: ":blue-badge[renamed]",
    ChangeKind.CHANGED: ":orange-badge[changed]",
}


def show_saving(*, is_complete: bool) -> None:
    """Show the fields that save the draft as the next version of a campaign."""
    key = f"flows_{flow_draft.revision()}_save"
    with st.form(key, border=False):
        st.text_input("Name", value=flow_draft.document()["name"], key=f"{key}_name")
        st.text_input("What changed (optional)", key=f"{key}_note")
        st.form_submit_button(
            "Save this version",
            type="primary",
            key=f"{key}_go",
            disabled=not is_complete or not signed_in.may(Role.EDITOR),
            help=signed_in.why_not(Role.EDITOR),
            on_click=lambda: flow_deeds.later(
                _save, st.session_state[f"{key}_name"], st.session_state[f"{key}_note"]
            ),
        )
    st.caption(_outlook() if is_complete else "A version is complete: mend what is listed first.")


def _outlook() -> str:
    name, saved_as = flow_draft.document()["name"], flow_draft.saved_as()
    if saved_as is not None and not flow_draft.is_changed():
        return f"Version {saved_as[1]} says the same."
    number = _latest_number(name) + 1
    return f"Becomes version {number} of {formats.plain(name)}. Former versions stay."


def _latest_number(name: str) -> int:
    """Give the number of a campaign's latest version; 0 if there is none."""
    found = (summary for summary in readers.saved_campaigns() if summary.name == name)
    return max((summary.latest_number for summary in found), default=0)


def _save(name: str, note: str) -> None:
    """Save the draft and close the fields. Raises UnusableInput for a name that cannot be one."""
    signed_in.check(Role.EDITOR)
    draft = {**flow_draft.document(), "name": " ".join(name.split())}
    campaign = flow_forms.campaign_of(draft)
    former = _latest_number(campaign.name)
    saved = campaigns.save_campaign(
        bootstrap.database(), campaign, name=campaign.name, note=note, saved_at=now()
    )
    campaigns.save_layout(bootstrap.database(), campaign.name, flow_draft.places())
    flow_draft.change(draft)
    flow_draft.mark_saved((campaign.name, saved.number))
    if saved.number > former:
        audit.noted("Saved a campaign", campaign.name, f"version {saved.number}")
    said = "Saved" if saved.number > former else "Nothing has changed since"
    flow_draft.notice(f"{said} {campaign.name}, version {saved.number}.")
    st.session_state[SAVING] = False


@st.dialog("Versions", width="large")
def show_versions() -> None:
    """Show the versions of the draft's campaign, what differs between two, and the way back."""
    saved_as = flow_draft.saved_as()
    try:
        versions = [] if saved_as is None else readers.campaign_versions(saved_as[0])
    except CampaignError as error:
        st.error(formats.plain(str(error)))
        return
    if not versions:
        st.caption("Nothing saved yet: every save becomes a version with its date and note.")
        return
    zone = flow_draft.document()["timezone"]
    st.subheader("What differs", anchor=False)
    _show_comparison(versions, zone)
    st.subheader("All versions", anchor=False)
    for version in versions:
        _show_version(version, zone)


def _show_comparison(versions: Sequence[CampaignVersion], zone: str) -> None:
    by_number: dict[int, Campaign] = {version.number: version.campaign for version in versions}
    drawn = flow_draft.campaign()
    if drawn is not None:
        by_number = {_DRAFT: drawn, **by_number}
    if len(by_number) < 2:
        st.caption("There is only one version.")
        return
    numbers = list(by_number)
    # What somebody most likely asks: the draft against the latest, or the last two.
    is_changed = drawn is not None and flow_draft.is_changed()
    latest = numbers.index(_DRAFT) if is_changed else numbers.index(versions[0].number)
    with st.container(horizontal=True):
        before = st.selectbox(
            "From",
            numbers,
            index=min(latest + 1, len(numbers) - 1),
            format_func=_label,
            key="flows_diff_before",
        )
        after = st.selectbox(
            "To", numbers, index=latest, format_func=_label, key="flows_diff_after"
        )
    changes = differences(by_number[before], by_number[after])
    if not changes:
        st.caption("They say the same.")
    for change in changes:
        st.markdown(_change_words(change))


def _label(number: int) -> str:
    return "what is on screen" if number == _DRAFT else f"version {number}"


def _change_words(change: Change) -> str:
    where = formats.plain(change.step_id or "Campaign")
    before, after = formats.plain(change.before), formats.plain(change.after)
    said = f"~~{before}~~ → {after}" if before and after else f"~~{before}~~" if before else after
    return f"{_KIND_WORDS[change.kind]} **{where}** · {formats.plain(change.what)}: {said}"


def _show_version(version: CampaignVersion, zone: str) -> None:
    version_line.show(
        version.number,
        version.note,
        version.saved_at,
        zone=zone,
        key="flows_restore",
        said="Puts it on screen; undo takes that back, saving makes it the latest version.",
        bring_back=partial(_bring_back, version),
    )


def _bring_back(version: CampaignVersion) -> None:
    flow_draft.change(flow_forms.opened(version.campaign))
    flow_draft.notice(f"Version {version.number} is on screen. Save it to keep it.")
