"""What the page Data shows of one dataset: its size, events, properties, people, imports."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.history.facts import PropertyFacts
from core.history.manifest import ImportRecord, Manifest
from core.services import datasets
from core.services.oddities import Finding
from core.ui import figures, formats
from core.ui.data import data_words, import_panel

_MOST_NAMES_IN_CHART = 8
_MOST_ROWS_AT_ONCE = 25
_HARMLESS, _WARNING = ":gray[:material/info:]", ":orange[:material/warning:]"


def show_size(manifest: Manifest) -> None:
    """Show how many events of how many people, from when to when, and what was left out."""
    with st.grid(4, min_column_width=150):
        st.metric("Events", f"{manifest.rows:,}", border=True)
        st.metric("People", f"{manifest.users:,}", border=True)
        st.metric("Days", _day_count(manifest), border=True)
        st.metric(
            "Left out",
            formats.fine_percent(datasets.left_out_rate(manifest)),
            border=True,
            help="Share of the rows in your files that could not be used. Imports has the reasons.",
        )
    more = [formats.period(manifest.first_at, manifest.last_at)] if manifest.rows else []
    if manifest.profiles is not None:
        more.append(f"profiles of {formats.people(manifest.profiles.rows)}")
    if manifest.catalogue is not None:
        more.append(f"{manifest.catalogue.rows:,} products")
    st.caption(" · ".join([*more, "all times in UTC"]))


def show_findings(manifest: Manifest, found: Sequence[Finding]) -> None:
    """Point out gaps and clock problems, or say that there are none."""
    if manifest.rows and all(finding.is_harmless for finding in found):
        st.markdown(":green[:material/check_circle:] No gaps and no clock problems found.")
    for finding in found:
        icon = _HARMLESS if finding.is_harmless else _WARNING
        st.markdown(f"{icon} {data_words.finding(finding)}")


def show_events(
    manifest: Manifest, frame: pd.DataFrame, people_by_event: Mapping[str, int]
) -> None:
    """Show events by day and by name; the frame has the columns `day`, `event`, `count`."""
    if not manifest.rows:
        st.info("There are no events in it yet: add a file with what people did.")
        return
    st.markdown("**Per day**")
    st.plotly_chart(
        figures.events_per_day(frame, most=_MOST_NAMES_IN_CHART),
        key="data_per_day",
        config={"displayModeBar": False},
        alt="Number of events per day by name",
    )
    _show_names(manifest.counts_by_name, people_by_event)


def _show_names(counts: Mapping[str, int], people_by_event: Mapping[str, int]) -> None:
    st.markdown("**By name**")
    most = max(counts.values(), default=1)
    st.dataframe(
        pd.DataFrame(
            {
                "Event": list(counts),
                "Times": list(counts.values()),
                "People": [people_by_event[name] for name in counts],
            }
        ),
        hide_index=True,
        alt="How often each event happened, and how many people did it",
        height="content" if len(counts) <= _MOST_ROWS_AT_ONCE else "auto",
        column_config={
            "Times": st.column_config.ProgressColumn(
                format="localized", min_value=0, max_value=most
            ),
            "People": st.column_config.NumberColumn(format="localized", width="small"),
        },
    )


def show_properties(facts_by_event: Mapping[str, Sequence[PropertyFacts]]) -> None:
    """Show what is known about the events of one name: how often, of which kind, examples."""
    event = st.selectbox(
        "Event", list(facts_by_event), key="data_event", persist_state="session", width=320
    )
    facts = facts_by_event.get(event, ())
    if event is None:
        st.caption("There are no events in it yet.")
        return
    if not facts:
        st.caption("These events carry nothing but the person and the time.")
        return
    st.dataframe(
        pd.DataFrame([_property_row(fact) for fact in facts]),
        hide_index=True,
        alt=f"Properties of the event {event}",
        column_config={
            "Filled": st.column_config.ProgressColumn(
                format="percent",
                min_value=0,
                max_value=1,
                help="Share of these events that have it.",
            )
        },
    )
    looked_at = max(fact.looked_at_count for fact in facts)
    if looked_at < facts[0].event_count:
        st.caption(f"Kinds and examples are from {looked_at:,} of these events.")


def _property_row(fact: PropertyFacts) -> dict[str, object]:
    return {
        "Property": fact.name,
        "Filled": fact.filled_count / max(1, fact.event_count),
        "Kind": data_words.kinds(fact.types),
        "Examples": ", ".join(data_words.value(example.value) for example in fact.examples),
    }


def show_imports(manifest: Manifest) -> None:
    """Show the imports, the latest first, with what each left out."""
    for position, record in reversed(list(enumerate(manifest.imports))):
        with st.container(border=True):
            _show_import(manifest, record, position)


def _show_import(manifest: Manifest, record: ImportRecord, position: int) -> None:
    names = ", ".join(file.name for file in record.files)
    thing = data_words.THINGS[record.kind]
    when = f"{formats.day(record.imported_at)}, {record.imported_at:%H:%M} UTC"
    st.markdown(f"**{formats.plain(names)}** · {when}")
    st.caption(
        f"{data_words.MODES_DONE[record.mode]} · {record.read_count:,} rows read · "
        f"{record.added_count:,} {thing} added · {record.duplicate_count:,} there already · "
        f"{record.rejected_count:,} left out"
    )
    import_panel.show_left_out(manifest.name, record, f"data_rejects_{position}")


def _day_count(manifest: Manifest) -> str:
    if manifest.first_at is None or manifest.last_at is None:
        return "–"
    return f"{(manifest.last_at.date() - manifest.first_at.date()).days + 1:,}"
