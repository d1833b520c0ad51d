"""A sample of a call, pasted, and at once what would come of it; nothing is stored."""

import pandas as pd
import streamlit as st

from core import bootstrap
from core.clock import now
from core.domain.errors import CampaignError
from core.domain.hooks import HookMapping, HookSource, Preset
from core.domain.instants import as_microseconds
from core.domain.values import JsonValue
from core.services.hook_trial import Trial, tried
from core.ui import formats

_LONGEST = 100_000


def show(begin: str, source: HookSource, draft: HookMapping) -> None:
    """Show the field for a sample, and what would come of it by the rules as they stand below."""
    topic = ""
    if not draft.topic and source.preset is not Preset.SALESFORCE:
        topic = st.text_input(
            "Kind of the sample",
            key=f"{begin}_sample_topic",
            max_chars=200,
            placeholder=draft.rules[0].topic if draft.rules else "",
            help="What the vendor says in its header, such as orders/create.",
        )
    sample = st.text_area(
        "Paste a call of the other system",
        key=f"{begin}_sample",
        height=160,
        max_chars=_LONGEST,
        placeholder="The XML of an outbound message" if _is_xml(source) else '{"email": …}',
    )
    if not (sample or "").strip():
        st.caption("What would come of it shows here at once. Nothing of it is stored.")
        return
    try:
        trials = tried(
            bootstrap.database(),
            source,
            draft,
            sample,
            topic=topic or "",
            understand=bootstrap.understanding().messages,
            now=now(),
        )
    except CampaignError as error:
        st.error(formats.plain(_sentence(str(error))), icon=":material/error:")
        return
    _show_trials(trials)


def _show_trials(trials: list[Trial]) -> None:
    if not trials:
        st.warning("There is no item where the rules look for one.", icon=":material/search_off:")
    for trial in trials:
        with st.container(border=True):
            _show_trial(trial)


def _show_trial(trial: Trial) -> None:
    if trial.reason:
        st.markdown(f":material/block: **Nothing comes of it.** {formats.plain(trial.reason)}")
        return
    st.markdown(f":material/person: {_person(trial.person)}")
    if trial.event and trial.at is not None:
        at = formats.exact_moment(as_microseconds(trial.at), "UTC")
        st.markdown(f":material/bolt: Event **{formats.plain(trial.event)}** on {at} UTC")
        _table(dict(trial.properties), "Properties of the event")
    if trial.traits:
        st.markdown(":material/badge: Known of the person from now on")
        _table(dict(trial.traits), "What is known of the person")
    if not trial.event and not trial.traits:
        st.markdown(":material/block: **Nothing comes of it:** no event, nothing about the person.")


def _person(person: str) -> str:
    if person.startswith("email:"):
        # As code, or the browser would make a link of it.
        address = person.removeprefix("email:").replace("`", "")
        return f"Whoever has the address `{address}`; no user id of yours is known for it yet"
    return f"**{formats.plain(person)}**"


def _table(members: dict[str, JsonValue], called: str) -> None:
    if members:
        rows = [{"Name": name, "Value": _shown(value)} for name, value in members.items()]
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", alt=called)


def _shown(value: JsonValue) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {member}" for name, member in value.items())[:200]
    return str(value)


def _is_xml(source: HookSource) -> bool:
    return source.preset is Preset.SALESFORCE


def _sentence(text: str) -> str:
    said = text[:1].upper() + text[1:]
    return said if said.endswith(".") else f"{said}."
