"""The preview of an e-mail: a frame out of which no request, script or click gets."""

from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent


def show(
    html: str,
    key: str,
    *,
    width: int = 680,
    dark: bool = False,
    images: bool = True,
    height: int = 720,
) -> None:
    """Show a mail's HTML in a window of `width` by `height` pixels, drawn smaller where room lacks.

    Pictures that are part of the mail (`data:`) are shown; for others stands a tile of their size,
    and without `images` their words (`alt`). In the dark, the mail's own rules for it apply, else
    its colours are turned round and a note below says so. Links say where they lead, and lead
    nowhere.
    """
    _FRAME(
        key=key,
        data={"html": html, "width": width, "dark": dark, "images": images, "height": height},
    )


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


_FRAME = st.components.v2.component(
    "mail_preview",
    html='<div class="room"><div class="device"></div></div>\n<p class="note" hidden></p>',
    css=_read("frame.css"),
    js=_read("frame.js"),
)
