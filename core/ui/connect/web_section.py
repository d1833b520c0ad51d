"""How a website sends: the code for its pages, and for Google Tag Manager."""

import streamlit as st

from core.domain.write_keys import KeyKind
from core.ui.connect import code_samples, key_form

_PAGE, _MANAGER = "In the page", "Google Tag Manager"


def show(host: str) -> None:
    """Show what to copy, and how people agree."""
    key = key_form.made_key(KeyKind.BROWSER) or code_samples.BROWSER_KEY
    way = st.segmented_control(
        "Where does the code go?", [_PAGE, _MANAGER], default=_PAGE, key="connect_web_way"
    )
    if key == code_samples.BROWSER_KEY:
        st.caption(
            f"Put the key of your web pages in place of `{key}`. Made above just now, it stands in "
            "the code already."
        )
    if way == _MANAGER:
        _show_manager(host, key)
    else:
        _show_page(host, key)
    _show_calls(code_samples.CAREFUL_CALLS if way == _MANAGER else code_samples.EVENT_CALLS)


def _show_page(host: str, key: str) -> None:
    is_given = st.toggle(
        "My consent tool loads this code only for people who agreed", key="connect_web_given"
    )
    st.markdown("Into the `<head>` of every page:")
    st.code(code_samples.page_snippet(host, key, is_given=is_given), language="html")
    if not is_given:
        st.markdown("Tell it what people answered in your consent banner:")
        st.code(code_samples.CONSENT_CALLS, language="javascript")


def _show_manager(host: str, key: str) -> None:
    st.markdown(
        "1. Make a tag of the type *Custom HTML* with this code.\n"
        "2. Under *Advanced settings*, *Consent settings*, choose *Require additional consent* and "
        "add `analytics_storage`.\n"
        "3. Let it fire on *All pages*, and on the event by which your banner tells that somebody "
        "agreed."
    )
    st.code(code_samples.tag_manager_tag(host, key), language="html")
    st.markdown("A second tag, which fires when somebody takes their consent back:")
    st.code(code_samples.TAG_MANAGER_WITHDRAWAL, language="html")


def _show_calls(calls: str) -> None:
    st.markdown(
        "**Measured by itself**, from the moment somebody agrees: views of pages, how far people "
        "scroll, how long a page is in sight, and clicks on what you mark:"
    )
    st.code(code_samples.MARKED_BUTTON, language="html")
    st.markdown("**What your shop tells**, wherever it happens:")
    st.code(calls, language="javascript")
    st.caption(
        "Before consent nothing is stored and nothing is sent, and what happened until then is "
        "not sent afterwards. Do-Not-Track and Global Privacy Control are respected. No cookies. "
        "The id of a customer is the one that your uploads use, so that their history counts."
    )
