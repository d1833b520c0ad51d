"""When the e-mails would leave: per day and step, with a forecast of the days to come."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.domain.instants import as_microseconds
from core.rehearsal.outcome import Outcome
from core.rehearsal.reports.timing import CampaignSends, sends_per_day
from core.services.sends_forecast import SendsForecast, sends_forecast
from core.ui import formats, readers
from core.ui.rehearse import rehearse_figures, rehearse_words
from core.ui.rehearse.rehearse_view import View

_AHEAD = 30
_ALL = ""


def show(view: View) -> None:
    """Show the sends per day and the forecast, of all e-mails or of one."""
    counted = counted_of(view)
    if not counted.total.sum():
        st.info(
            "No e-mail would have left. *Held back* says what stood in the way.",
            icon=":material/schedule:",
        )
        return
    labels = rehearse_words.mail_labels(view.campaign)
    step_id = _choose_step(list(labels), labels) if len(labels) > 1 else _ALL
    shown = counted if step_id == _ALL else _only(counted, step_id)
    ahead = forecast_of(view, step_id or None)
    st.plotly_chart(
        rehearse_figures.sends(shown, labels, ahead),
        key="rehearse_sends",
        alt="E-mails sent per day, and the forecast",
    )
    first, *caveats = forecast_sentences(ahead)
    st.markdown(first)
    st.caption(" ".join([*caveats, f"Days in {counted.timezone}."]))
    with st.expander("The same as a table", key="rehearse_sends_open", on_change="rerun") as table:
        if table.open:
            _show_table(counted, labels)


def _choose_step(ids: list[str], labels: dict[str, str]) -> str:
    chosen = st.segmented_control(
        "E-mail",
        [_ALL, *ids],
        default=_ALL,
        format_func=lambda step_id: labels.get(step_id, "All e-mails"),
        key="rehearse_when_step",
        label_visibility="collapsed",
        required=True,
    )
    return chosen if chosen in labels else _ALL


def counted_of(view: View) -> CampaignSends:
    """Count the sends per day, from the day on which the campaigns were switched on."""
    since = None if view.record.since is None else as_microseconds(view.record.since)
    return readers.report(view.rehearsal_id, sends_since, since)[view.place]


def sends_since(outcome: Outcome, since: int | None) -> list[CampaignSends]:
    """Count the sends per day of a history that begins at `since` (µs)."""
    return sends_per_day(beginning(outcome, since))


def beginning(outcome: Outcome, since: int | None) -> Outcome:
    """Let the days before a campaign was switched on count as no days, instead of as empty ones."""
    return outcome if since is None else replace(outcome, first_at=max(outcome.first_at, since))


def forecast_of(view: View, step_id: str | None = None) -> SendsForecast:
    """Forecast the sends of the next 30 days."""
    since = None if view.record.since is None else as_microseconds(view.record.since)
    return readers.report(
        view.rehearsal_id, _forecast, since, view.place, step_id, view.record.seed
    )


def _forecast(
    outcome: Outcome, since: int | None, place: int, step_id: str | None, seed: int
) -> SendsForecast:
    return sends_forecast(beginning(outcome, since), place, step_id=step_id, days=_AHEAD, seed=seed)


def _only(counted: CampaignSends, step_id: str) -> CampaignSends:
    return replace(counted, steps=[step for step in counted.steps if step.step_id == step_id])


def forecast_sentences(ahead: SendsForecast) -> list[str]:
    """Say what the forecast expects, from which days, and what it does not know (Markdown)."""
    if ahead.total is None or ahead.used_from is None or ahead.used_to is None:
        return [f":material/info: {formats.plain(ahead.unknown_because)}"]
    confidence = f"{ahead.confidence:.0%}".rstrip("%")
    said = [
        f"**The next {len(ahead.days)} days:** about **{ahead.total.expected:,.0f} e-mails** "
        f"({ahead.total.low:,.0f} to {ahead.total.high:,.0f} in {confidence} of 100 such "
        f"periods), if things go on as they did from {formats.calendar_day(ahead.used_from)} to "
        f"{formats.calendar_day(ahead.used_to)} ({ahead.used_day_count} days)."
    ]
    return [*said, *map(formats.plain, ahead.caveats)]


def _show_table(counted: CampaignSends, labels: dict[str, str]) -> None:
    columns = {labels[step.step_id]: step.counts for step in counted.steps}
    st.dataframe(
        pd.DataFrame({"Day": list(counted.days), **columns, "All": counted.total}),
        hide_index=True,
        height=320,
        alt="E-mails sent per day",
        column_config={"Day": st.column_config.DateColumn(format="ddd D MMM YYYY")},
    )
