"""What somebody outside wrote is shown as it is, on every page: it is never taken for markup."""

import json
from collections.abc import Iterator, Mapping

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.services import experiment_uploads, stored_rehearsals
from core.services.experiment_results import experiment_results
from tests.security import hostile
from tests.security.conftest import Links, opened
from tests.security.hostile import evil, hostile_campaign

# Fields that are no markup to the browser: ids, what is typed or chosen, and the data of our own
# parts, which set text as text (tests/browser/test_hostile_names.py looks at them).
AS_THEY_ARE = {
    ".id",
    ".options",
    ".raw_value",
    ".raw_values",
    ".alt",
    ".json",
    ".default",
    ".value",
}
TABS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "start/home.py": {},
    "history/data.py": {"data_view": ("Properties", "People", "Imports")},
    "design/triggers.py": {},
    "design/flows.py": {"flows_gallery_tab": ("Your campaigns",)},
    "design/emails.py": {"emails_gallery_tab": ("Your e-mails",)},
    "rehearsal/rehearse.py": {},
    "results/experiments.py": {},
    "live/live.py": {"live_tab": ("What is decided", "E-mails", "What went wrong")},
    "live/connect.py": {},
    "people/people.py": {
        "people_view": ("Who they are", "What they did", "E-mails and decisions", "Their rights")
    },
    "settings/settings.py": {},
}
REHEARSAL_TABS = ("When", "Held back", "Paths", "Pressure", "Bought anyway", "A/B", "Why")


def with_tab(app: AppTest, key: str, label: str) -> AppTest:
    app.session_state[key] = label
    app.run()
    return app


def check(app: AppTest) -> None:
    """Look whether anything would be taken for markup."""
    assert not app.exception
    wrong = {place: text for place, text in hostile.raw(app).items() if place[1] not in AS_THEY_ARE}
    assert wrong == {}
    assert [text for text in drawn(app) if hostile.PLOTLY in text] == []


def drawn(app: AppTest) -> Iterator[str]:
    """Give all texts of the charts of a page."""
    for _, message in hostile.messages(app):
        if message.DESCRIPTOR.name == "PlotlyChart":
            for _, text in hostile.strings(message):
                if text.startswith("{"):
                    yield from _texts(json.loads(text))


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    for inner in (
        part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    ):
        yield from _texts(inner)


def test_this_would_be_seen() -> None:
    def script(text: str) -> None:
        import pandas as pd
        import plotly.graph_objects as go
        import streamlit as st

        st.markdown(text)
        st.error(text)
        st.metric(text, 1)
        st.table(pd.DataFrame({"a": [text]}))
        with st.expander(text):
            st.button("B", help=text)
        with st.popover(text):
            st.radio("R", [text])
        st.plotly_chart(go.Figure(go.Bar(x=[1], y=[1], name=text)))

    app = AppTest.from_function(script, args=(evil("x"),)).run()

    found = {kind for kind, _ in hostile.raw(app)}
    assert found >= {"Markdown", "Error", "Metric", "Table", "Expander", "Button", "Radio"}
    assert any(hostile.PLOTLY in text for text in drawn(app))


@pytest.mark.parametrize("page", TABS)
def test_no_page_takes_a_name_for_markup(links: Links, page: str) -> None:
    app = opened(page)

    check(app)
    for key, labels in TABS[page].items():
        for label in labels:
            check(with_tab(app, key, label))


def test_no_view_of_a_rehearsal_does(links: Links) -> None:
    app = opened("rehearsal/rehearse.py", rehearsal=links["rehearsal"])

    for label in REHEARSAL_TABS:
        check(with_tab(app, "rehearse_tab", label))


def test_no_view_of_a_tests_results_does(links: Links) -> None:
    app = opened("results/experiments.py", results=links["results"])

    assert len(app.tabs) == 3
    for tab in list(app.tabs):
        check(with_tab(app, "experiments_tab", tab.label))


def test_neither_does_a_flow_nor_an_e_mail_that_is_open(links: Links) -> None:
    flows = with_tab(opened("design/flows.py"), "flows_gallery_tab", "Your campaigns")
    flows.button(key=f"flows_saved_{hostile_campaign().name}").click().run()
    check(flows)
    flows.segmented_control(key="flows_view").set_value("List").run()
    check(flows)

    emails = with_tab(opened("design/emails.py"), "emails_gallery_tab", "Your e-mails")
    emails.button(key=f"emails_saved_{hostile.MAIL}").click().run()
    check(emails)


def test_a_printed_report_runs_no_script_of_others(links: Links) -> None:
    opened("start/home.py")  # pages know each other only once the dashboard was opened
    from core.ui.experiments import report
    from core.ui.rehearse import rehearse_report

    home = bootstrap.home()
    record, outcome = stored_rehearsals.open_rehearsal(home, links["rehearsal"])
    kept, people = experiment_uploads.open_results(home, links["results"])
    results = experiment_results(people, kept.settings, now=kept.known_until)

    pages = [
        rehearse_report.report(record, outcome, None).decode(),
        report.report(results).decode(),
    ]

    for page in pages:
        assert "&lt;img src=x" in page
        assert [
            sign for sign in (hostile.TAG, hostile.PLOTLY, hostile.SCRIPT) if sign in page
        ] == []
