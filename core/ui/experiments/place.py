"""Where on the page Experiments somebody is, by its address: all tests, a plan, a test, a file."""

from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

NOTICE = "experiments_notice"  # the sentence that is said at the next look at the page
_KEPT = "experiments_place"
_PARAMETERS = ("view", "draft", "test", "results")


class View(StrEnum):
    """What the page shows; the words are those of its choice."""

    ALL = "All tests"
    PLAN = "Plan a test"
    TEST = "test"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A view and what it shows: a draft or a test by its name, a file by its id."""

    view: View
    name: str = ""


def current() -> Place:
    """Give the place that the address names, else the one that was left, else all tests."""
    named = _named()
    if named is None:
        view, name = st.session_state.get(_KEPT, (View.ALL, ""))
        named = Place(view=View(view), name=name)
    go(named.view, named.name)
    return named


def go(view: View, name: str = "") -> None:
    """Go to a place; the address of the page becomes its link."""
    st.session_state[_KEPT] = (view, name)
    wanted = _address(Place(view=view, name=name))
    for parameter in _PARAMETERS:
        if parameter in wanted:
            if st.query_params.get(parameter) != wanted[parameter]:
                st.query_params[parameter] = wanted[parameter]
        elif parameter in st.query_params:
            del st.query_params[parameter]


def ask_for(view: View, name: str = "") -> None:
    """Have the page show a place, from another page."""
    st.session_state[_KEPT] = (view, name)


def _named() -> Place | None:
    given = st.query_params
    if given.get("test"):
        return Place(view=View.TEST, name=given["test"])
    if given.get("results"):
        return Place(view=View.FILE, name=given["results"])
    if given.get("view") == "plan":
        return Place(view=View.PLAN, name=given.get("draft", ""))
    return None


def _address(place: Place) -> dict[str, str]:
    match place.view:
        case View.TEST:
            return {"test": place.name}
        case View.FILE:
            return {"results": place.name}
        case View.PLAN:
            return {"view": "plan", **({"draft": place.name} if place.name else {})}
        case View.ALL:
            return {}
