"""The pages, listed once: everything that links to a page names its constant."""

import streamlit as st

from core.settings import REPOSITORY
from core.ui import sign_in

_PAGES = REPOSITORY / "pages"
# A file of ours: Streamlit would fetch a named icon from a font server.
_ICON = str(REPOSITORY / "core" / "ui" / "assets" / "icon.png")

HOME = st.Page(
    _PAGES / "start" / "home.py",
    title="Home",
    icon=":material/home:",
    default=True,
    help="What to do next, and the state of your data and campaigns.",
)
DATA = st.Page(
    _PAGES / "history" / "data.py",
    title="Data",
    icon=":material/database:",
    url_path="data",
    help="Upload an export of events, see what is in it, and look up a person.",
)
TRIGGERS = st.Page(
    _PAGES / "design" / "triggers.py",
    title="Triggers",
    icon=":material/bolt:",
    url_path="triggers",
    help="Say when somebody should hear from you, and see at once whom that would have reached.",
)
FLOWS = st.Page(
    _PAGES / "design" / "flows.py",
    title="Flows",
    icon=":material/account_tree:",
    url_path="flows",
    help="Draw what happens after the trigger: e-mails, waits, branches, tests.",
)
EMAILS = st.Page(
    _PAGES / "design" / "emails.py",
    title="E-mails",
    icon=":material/mail:",
    url_path="emails",
    help="Write what people get, look at it as real customers, and test it on everybody.",
)
REHEARSE = st.Page(
    _PAGES / "rehearsal" / "rehearse.py",
    title="Rehearse",
    icon=":material/theater_comedy:",
    url_path="rehearse",
    help="Let the customers you recorded walk through campaigns, and see what would have happened.",
)
EXPERIMENTS = st.Page(
    _PAGES / "results" / "experiments.py",
    title="Experiments",
    icon=":material/science:",
    url_path="experiments",
    help="Plan a test before it runs, and read on any day what may be said of its result.",
)
LIVE = st.Page(
    _PAGES / "live" / "live.py",
    title="Live",
    icon=":material/sensors:",
    url_path="live",
    help="Let campaigns decide on the events that come in now, and watch what they decide.",
)
PEOPLE = st.Page(
    _PAGES / "people" / "people.py",
    title="People",
    icon=":material/group:",
    url_path="people",
    help="Look somebody up, see what they agreed to, and give out or erase what is known of them.",
)
CONNECT = st.Page(
    _PAGES / "live" / "connect.py",
    title="Connect",
    icon=":material/cable:",
    url_path="connect",
    help="Let your shop, your CRM and your forms send events, and see that they arrive.",
)
SETTINGS = st.Page(
    _PAGES / "settings" / "settings.py",
    title="Settings",
    icon=":material/settings:",
    url_path="settings",
    help="Say who sends: your company, its addresses, and from whom e-mails come.",
)

PAGES = [
    HOME,
    DATA,
    TRIGGERS,
    FLOWS,
    EMAILS,
    REHEARSE,
    EXPERIMENTS,
    LIVE,
    PEOPLE,
    CONNECT,
    SETTINGS,
]


def run() -> None:
    """Show the page that the address names, with the frame that all pages share."""
    st.set_page_config(page_title="Rehearsal", page_icon=_ICON, layout="wide")
    sign_in.admit()
    page = st.navigation(PAGES, position="top")
    sign_in.show_head(page.title)
    page.run()
