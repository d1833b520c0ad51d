"""The form of what is assumed about people's response, in a marketer's numbers or the data's."""

from datetime import timedelta

import streamlit as st

from core.domain.instants import as_microseconds
from core.services.assumed_response import ObservedReactions
from core.stats.response import AssumedFigure, Assumptions, Rate, Uplift, UpliftKind
from core.ui import formats, readers
from core.ui.rehearse.rehearse_view import View

_OWN, _DATA = "Your numbers", "Rates of this data"
_MORE, _POINTS = "% more often than otherwise", "percentage points more often"
_KINDS = {_MORE: UpliftKind.RELATIVE, _POINTS: UpliftKind.ABSOLUTE}


def edit(view: View) -> Assumptions | None:
    """Let the assumptions be made; None, with the reason said, while they cannot be used."""
    observed = _observed(view)
    uses_data = _choose_source(observed) == _DATA
    with st.form("rehearse_assumptions", border=True):
        opened, clicked = (None, None) if uses_data else _own_rates()
        uplift = _uplift() if view.campaign.goal is not None else None
        st.form_submit_button("Work it out", icon=":material/function:")
    if uses_data and observed is not None:
        opened, clicked = observed.opened, observed.clicked
    if opened is None or clicked is None:
        st.caption("Fill in how many open and click, and press *Work it out*.")
        return None
    try:
        return Assumptions(opened=opened, clicked=clicked, uplift=uplift)
    except ValueError as error:
        st.warning(f"These numbers do not fit together: {error}.", icon=":material/edit:")
        return None


def figure(found: AssumedFigure | None) -> str:
    """Write an assumed figure with its range; a dash where there is none."""
    if found is None:
        return "–"
    return f"{found.expected:,.0f} ({found.low:,.0f} to {found.high:,.0f})"


def _observed(view: View) -> ObservedReactions | None:
    if view.key is None:
        return None
    return readers.reactions(view.key, as_microseconds(view.record.until))


def _choose_source(observed: ObservedReactions | None) -> str:
    if observed is None:
        st.caption(
            "This data records no e-mails that were sent, so how people open and click is up to "
            "your numbers."
        )
        return _OWN
    chosen = st.segmented_control(
        "How people open and click",
        [_DATA, _OWN],
        default=_DATA,
        key="rehearse_rates_from",
        required=True,
        persist_state="session",
    )
    if chosen == _DATA:
        opened, clicked = (f"{rate.value:.1%}" for rate in (observed.opened, observed.clicked))
        st.caption(f"{opened} opened, {clicked} clicked. {formats.plain(observed.text)}")
    return chosen or _DATA


def _own_rates() -> tuple[Rate | None, Rate | None]:
    with st.container(horizontal=True):
        opened = _percentage("Opened, % of e-mails", "rehearse_opened", "such as 30")
        opened_by = _percentage("give or take", "rehearse_opened_by", "such as 5")
        clicked = _percentage("Clicked, % of e-mails", "rehearse_clicked", "such as 3")
        clicked_by = _percentage("give or take", "rehearse_clicked_by", "such as 1")
    return _rate(opened, opened_by), _rate(clicked, clicked_by)


def _percentage(label: str, key: str, example: str) -> float | None:
    value = st.number_input(
        label,
        min_value=0.0,
        max_value=100.0,
        value=None,
        step=0.5,
        format="%.1f",
        key=key,
        placeholder=example,
        width=180,
        persist_state="session",
    )
    return None if value is None else float(value)


def _uplift() -> Uplift | None:
    st.markdown("Because of the e-mail, people reach the goal (leave it empty to assume nothing)")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        value = _percentage("By", "rehearse_uplift", "such as 10")
        kind = st.selectbox(
            "meant as", list(_KINDS), key="rehearse_uplift_kind", width=240, persist_state="session"
        )
        by = _percentage("give or take", "rehearse_uplift_by", "such as 10")
        hours = st.number_input(
            "Effect halves every … hours of waiting",
            min_value=1,
            max_value=8760,
            value=None,
            key="rehearse_half_life",
            placeholder="empty: waiting costs nothing",
            width=260,
            persist_state="session",
        )
    if value is None:
        return None
    margin = by or 0.0
    return Uplift(
        kind=_KINDS[kind],
        value=value / 100,
        low=(value - margin) / 100,
        high=(value + margin) / 100,
        half_life=None if hours is None else timedelta(hours=hours),
    )


def _rate(value: float | None, by: float | None) -> Rate | None:
    if value is None:
        return None
    share, margin = value / 100, (by or 0.0) / 100
    return Rate(value=share, low=max(0.0, share - margin), high=min(1.0, share + margin))
