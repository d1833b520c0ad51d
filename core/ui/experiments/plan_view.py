"""Planning a test from what was recorded: a split, what is asked of it, and the answer first."""

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

import streamlit as st

from core.clock import now
from core.domain.campaigns import Campaign
from core.domain.errors import UnusableInput
from core.domain.experiments import ExperimentState
from core.domain.steps import SplitStep
from core.services.drafts import Document
from core.services.experiment_history import SplitChoice
from core.services.stored_rehearsals import NamedVersion
from core.ui import (
    formats,
    navigation,
    readers,
)
from core.ui.experiments import (
    place,
    plan_answer,
    plan_checks,
    plan_draft,
    plan_empty,
    plan_form,
    plan_goals,
    plan_launch,
    plan_readers,
)
from core.ui.experiments.place import View
from core.ui.flows import flow_gallery
from core.ui.readers import DatasetKey
from core.ui.rehearse import (
    rehearse_choices,
    rehearse_setup,
    rehearse_view,
)

_CHOICE = "experiments_plan_choice"
_SHOWN = "experiments_plan_shown"  # the revision that was shown last
Choices = Mapping[str, SplitChoice]


def show() -> None:
    """Show what a test of a split would take."""
    choices = {plan_draft.choice_key(choice): choice for choice in plan_readers.splits()}
    name = place.current().name
    if name and not _open_draft(name, choices):
        return
    if not choices:
        plan_empty.show()
        return
    try:
        _settle(choices, name)
        choice = _choose(choices)
    except UnusableInput as error:
        _choose_another(choices, str(error))
        return
    _show_plan(choice)


def _open_draft(name: str, choices: Choices) -> bool:
    """Begin with a draft, unless that is what is shown; say whether there is something to show."""
    plan = plan_draft.kept()
    test = plan_readers.test(name)
    if test is None:
        st.warning(formats.plain(f"There is no plan called “{name}”."), icon=":material/link_off:")
        st.button(
            "Plan another test", key="experiments_plan_new", on_click=place.go, args=(View.PLAN,)
        )
        return False
    if test.state is not ExperimentState.DRAFT:
        st.info(formats.plain(f"“{name}” was launched, so its plan is fixed."))
        st.button(
            "Open the test",
            key="experiments_plan_open",
            on_click=place.go,
            args=(View.TEST, name),
        )
        return False
    if plan is not None and plan["draft_name"] == name and plan["choice"] in choices:
        return True
    found = plan_readers.newest_of(test.settings.campaign, test.settings.split)
    if found is None:
        st.info(
            formats.plain(
                f"No rehearsal of “{test.settings.campaign}” is kept in which people come to its "
                f"split “{test.settings.split}”. Rehearse it, and open the draft again."
            )
        )
        plan_empty.show()
        return False
    plan_draft.begin(
        plan_draft.choice_key(found), plan_draft.document_of(test.settings), draft_name=name
    )
    return True


def _settle(choices: Choices, name: str) -> None:
    """Begin a plan where none is made that fits the address."""
    wanted, plan = plan_draft.take_wanted(), plan_draft.kept()
    if wanted is not None and wanted in choices:
        place.go(View.PLAN)
        _begin(choices[wanted])
    elif plan is None or plan["choice"] not in choices or plan["draft_name"] != name:
        _begin(next(iter(choices.values())))


def _begin(choice: SplitChoice) -> None:
    """Begin with the settings of a split; raises UnusableInput for one that cannot be tested."""
    named = _named(choice)
    taken = plan_readers.test_names()
    document = plan_draft.first_document(named.campaign, choice.split, named.version, taken)
    plan_draft.begin(plan_draft.choice_key(choice), document)


def _choose_another(choices: Choices, fault: str) -> None:
    st.warning(formats.plain(fault), icon=":material/edit:")
    with st.container(horizontal=True):
        st.page_link(navigation.FLOWS, label="Go to Flows", icon=navigation.FLOWS.icon)
        for key, choice in list(choices.items())[:3]:
            st.button(
                f"Plan {formats.plain(_label(choice))}",
                key=f"experiments_plan_instead_{key}",
                on_click=plan_draft.ask_for,
                args=(key,),
            )


def _choose(choices: Choices) -> SplitChoice:
    """Show which split is planned; another one begins another plan."""
    plan = plan_draft.kept()
    assert plan is not None  # settled before
    keys = list(choices)
    st.session_state[_CHOICE] = plan["choice"]
    st.selectbox(
        "The split to test",
        keys,
        key=_CHOICE,
        format_func=lambda key: _label(choices[key]),
        on_change=_chosen,
        help="Every split of every rehearsal that is kept, the newest first.",
    )
    return choices[plan["choice"]]


def _chosen() -> None:
    place.go(View.PLAN)
    plan_draft.ask_for(st.session_state[_CHOICE])


def _label(choice: SplitChoice) -> str:
    version = "not saved" if choice.version is None else f"version {choice.version}"
    return (
        f"{choice.campaign} ({version}) · {choice.split}: {', '.join(choice.variants)} · "
        f"{choice.dataset}, rehearsed {choice.made_at:%-d %b %Y, %H:%M}"
    )


def _named(choice: SplitChoice) -> NamedVersion:
    return readers.rehearsal(choice.rehearsal_id).campaigns[choice.place]


def _show_plan(choice: SplitChoice) -> None:
    """Show the answer beside what was asked, then what it rests on."""
    named, plan = _named(choice), _begun()
    key = rehearse_view.dataset_of(readers.rehearsal(choice.rehearsal_id))
    if key is None:
        _show_changed(choice, named.campaign)
        return
    today = now().astimezone(ZoneInfo(named.campaign.timezone)).date()
    prefix = f"experiments_plan_{plan['revision']}"
    head, asked = st.columns([3, 2], gap="large")
    with asked, st.container(border=True):
        starts_on = _edit(prefix, plan, choice, named.campaign, key, today)
    edited = plan_draft.kept()
    assert edited is not None
    try:
        settings = plan_draft.settings_from(edited["document"])
        with head:
            found = plan_readers.plan(key, choice, settings, starts_on)
    except UnusableInput as error:
        with head:
            st.warning(formats.plain(str(error)), icon=":material/edit:")
        return
    with head:
        plan_answer.show_answer(found)
        plan_answer.show_suggestions(found, lambda: _change_flow(named))
    plan_answer.show_grounds(found)
    plan_checks.show(choice, settings, found, plan_readers.history(key, choice, settings))
    plan_launch.show(prefix, choice, named.campaign, settings, found, today)


def _begun() -> Document:
    """Give the plan that is made; after a while on another page its widgets begin anew."""
    plan = plan_draft.kept()
    assert plan is not None  # settled before
    shown = f"experiments_plan_{plan['revision']}_lift"
    if st.session_state.get(_SHOWN) == plan["revision"] and shown not in st.session_state:
        plan_draft.renew()
        plan = plan_draft.kept()
        assert plan is not None
    st.session_state[_SHOWN] = plan["revision"]
    return plan


def _edit(
    prefix: str,
    plan: Document,
    choice: SplitChoice,
    campaign: Campaign,
    key: DatasetKey,
    today: date,
) -> date:
    """Show the settings and keep them as edited; give the start."""
    split = next(s for s in campaign.steps if isinstance(s, SplitStep) and s.id == choice.split)
    manifest = readers.dataset(key).manifest
    asking = plan_goals.Asking(
        vocabulary=plan_form.vocabulary_of(
            manifest.counts_by_name,
            [column.name for column in manifest.properties],
            lambda names, name: readers.suggestions(key, tuple(names), name),
        ),
        numbers_of=lambda events: plan_readers.number_properties(key, events),
    )
    document = plan_form.edit(prefix, plan["document"], split, asking)
    starts_on = plan_form.edit_start(prefix, plan["starts_on"], today)
    plan_draft.keep(document, None if starts_on == today else starts_on)
    return starts_on


def _change_flow(named: NamedVersion) -> None:
    flow_gallery.open_rehearsed(named)
    st.switch_page(navigation.FLOWS)


def _show_changed(choice: SplitChoice, campaign: Campaign) -> None:
    """Say that the data is another one by now, and offer to rehearse again."""
    st.warning(
        formats.plain(
            f"The data “{choice.dataset}” has changed since this rehearsal, or is gone. Rehearse "
            "the flow again and plan from that."
        ),
        icon=":material/history:",
    )
    if st.button("Rehearse it again", icon=navigation.REHEARSE.icon, key="experiments_plan_again"):
        saved = f"{rehearse_choices.SAVED}:{campaign.name}"
        ready = f"{rehearse_choices.READY}:{campaign.name}"
        rehearse_view.close()
        rehearse_setup.ask_for([saved if choice.version is not None else ready])
        st.switch_page(navigation.REHEARSE)
